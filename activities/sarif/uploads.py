"""Fetch SARIF from artifacts and upload it; only figures go back into the workflow."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.github import GitHub
from activities.github.client import MAX_DOWNLOAD_BYTES
from activities.github.errors import told_to_temporal
from activities.sarif.figures import figures_of
from activities.sarif.preparing import Part, files_of, fits, log_of, prepare
from activities.sarif.reading import Read, read_artifact
from activities.sarif.rules import whole
from contracts import errors
from contracts.base import clip
from contracts.sarif import (
    MAX_TOLD,
    ConsolidatedSarif,
    ConsolidateSarif,
    Figures,
    FollowedSarif,
    FollowSarif,
    PublishedSarif,
    PublishSarif,
    SarifSource,
    SarifUpload,
    Told,
)
from contracts.specs.placing import is_repository

_AT_ONCE = 2
"""Artifacts that this process holds in memory at the same time."""
_HEARTBEAT_SECONDS = 5
_MAX_ERRORS = 10
_SHA = re.compile(r"[0-9a-f]{40,64}")
_REF = re.compile(r"refs/(heads|tags|pull)/\S.*")


class SarifActivities:
    """`github.sarif.publish`, `.consolidate` and `.follow`.

    An upload has no key that would make it happen once. It needs none: the same runs for the same
    commit replace what an earlier upload of them brought, so a repetition changes nothing.
    """

    def __init__(self, github: GitHub) -> None:
        self._github = github
        self._room = asyncio.Semaphore(_AT_ONCE)

    @activity.defn(name="github.sarif.publish")
    async def publish(self, ask: PublishSarif) -> PublishedSarif:
        """Count what one worker found, and upload one file of it to its repository.

        Raises:
            ApplicationError: what GitHub's answers mean; retried by policy.
        """
        with told_to_temporal():
            async with self._room, _beating():
                return await self._github.call(self._publish, ask)

    @activity.defn(name="github.sarif.consolidate")
    async def consolidate(self, ask: ConsolidateSarif) -> ConsolidatedSarif:
        """Fill one file with several workers' runs, and upload it to the home repository.

        Artifacts are fetched one after the other, so that only the file itself is held.

        Raises:
            ApplicationError: what GitHub's answers mean; retried by policy.
        """
        with told_to_temporal():
            async with self._room, _beating():
                return await self._github.call(self._consolidate, ask)

    @activity.defn(name="github.sarif.follow")
    async def follow(self, ask: FollowSarif) -> FollowedSarif:
        """See what became of an upload.

        Raises:
            ApplicationError: `SarifPending` (benign) while it is being processed.
        """
        with told_to_temporal():
            found = await self._github.call(
                self._github.code_scanning.processing, ask.repository, ask.sarif_id
            )
        status = found.get("processing_status")
        if status not in ("complete", "failed"):
            raise ApplicationError(
                f"GitHub is still processing {ask.sarif_id}",
                type=errors.SARIF_PENDING,
                category=ApplicationErrorCategory.BENIGN,
            )
        said = found.get("errors") or ()
        return FollowedSarif(
            complete=status == "complete",
            errors=tuple(clip(str(one), 300) for one in said[:_MAX_ERRORS]),
        )

    def _publish(self, ask: PublishSarif) -> PublishedSarif:
        source = ask.source
        read = self._read(ask.runs_in, ask.artifact, source)
        figures = _figures(read)
        files = files_of(prepare(read, apart=source.apart))
        upload = None
        refusal = _refusal(source) if ask.upload and files else ""
        if refusal:
            read.refuse("", f"not uploaded: {refusal}")
        elif ask.upload and ask.number < len(files):
            place = (source.repository, source.commit_sha, source.ref)
            upload = self._upload(*place, files[ask.number])
        problems = _told(source, read.problems)
        return PublishedSarif(
            figures=figures,
            files=0 if refusal else len(files),
            upload=upload,
            problems=problems,
            problems_omitted=len(read.problems) - len(problems),
            notes=_told(source, read.notes),
        )

    def _consolidate(self, ask: ConsolidateSarif) -> ConsolidatedSarif:
        commit, ref = ask.commit_sha, ask.ref
        if not commit:
            commit, ref = self._github.repositories.head(ask.home)
        filled, used, skip = self._fill(ask)
        upload = self._upload(ask.home, commit, ref, filled) if filled else None
        return ConsolidatedSarif(upload=upload, used=used, skip=skip, commit_sha=commit, ref=ref)

    def _fill(self, ask: ConsolidateSarif) -> tuple[list[Part], int, int]:
        """Take runs until one does not fit, or there are no more; tell where that is."""
        filled: list[Part] = []
        for position, source in enumerate(ask.sources):
            if not is_repository(source.repository):  # told when it was published
                continue
            read = self._read(source.runs_in or ask.home, ask.artifact, source)
            parts = prepare(read, apart=source.apart, repository=source.repository)
            start = ask.skip if position == 0 else 0
            for number, part in enumerate(parts[start:], start):
                if filled and not fits(filled, part):
                    return filled, position, number
                filled.append(part)
        return filled, len(ask.sources), 0

    def _read(self, repository: str, artifact: str, source: SarifSource) -> Read:
        actions = self._github.actions
        there = actions.artifacts(repository, source.run_id, artifact)
        live = [one for one in there if one["name"] == artifact and not one.get("expired")]
        if not live:
            gone = Read()
            gone.refuse("", f"the run published no artifact {artifact!r}, or it has expired")
            return gone
        newest = max(live, key=lambda one: int(one["id"]))
        size = int(newest.get("size_in_bytes") or 0)
        if size > MAX_DOWNLOAD_BYTES:
            large = Read()
            large.refuse("", f"the artifact has {size} bytes; {MAX_DOWNLOAD_BYTES} are read")
            return large
        packed = actions.artifact_zip(repository, newest["id"], MAX_DOWNLOAD_BYTES)
        return read_artifact(packed, newest.get("digest"))

    def _upload(self, repository: str, commit: str, ref: str, file: list[Part]) -> SarifUpload:
        packed = log_of([part.content for part in file])
        receipt = self._github.code_scanning.upload(repository, commit, ref, packed)
        return SarifUpload(
            repository=repository,
            sarif_id=receipt.sarif_id,
            url=receipt.url,
            runs=len(file),
            results=sum(part.results for part in file),
        )


def _figures(read: Read) -> Figures:
    try:
        return figures_of(read.runs)
    except (TypeError, AttributeError, ValueError, RecursionError) as error:
        read.refuse("", f"the findings cannot be counted: {error}")
        return Figures(runs=len(read.runs))


def _refusal(source: SarifSource) -> str:
    """Say why findings cannot be uploaded to their repository, or nothing."""
    if not is_repository(source.repository):
        return f"{clip(source.repository, 80)!r} is no repository"
    if not _SHA.fullmatch(source.commit_sha):
        return "the worker's outputs tell no commit_sha"
    if not _REF.fullmatch(source.ref):
        return "the worker's outputs tell no ref, as refs/heads/NAME"
    return ""


def _told(source: SarifSource, said: list[tuple[str, str]]) -> tuple[Told, ...]:
    return tuple(
        Told(key=source.key, file=whole(file), text=whole(text)) for file, text in said[:MAX_TOLD]
    )


@asynccontextmanager
async def _beating() -> AsyncIterator[None]:
    """Tell Temporal that this goes on, while a thread works."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(_HEARTBEAT_SECONDS)

    beats = asyncio.create_task(beat())
    try:
        yield
    finally:
        beats.cancel()
