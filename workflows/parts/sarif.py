"""Has SARIF uploaded: each worker's findings to their repository, all of them to the home one.

The content stays on GitHub: activities fetch it, and figures come back.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.sarif.uploads import SarifActivities
from contracts import errors
from contracts.base import clip
from contracts.reductions import ConsolidatedFile, SarifState
from contracts.sarif import (
    ConsolidatedSarif,
    ConsolidateSarif,
    FollowedSarif,
    FollowSarif,
    PublishedSarif,
    PublishSarif,
    SarifSource,
    SarifUpload,
    Told,
)
from contracts.specs.map_reduce import SarifReducer
from contracts.specs.safe_outputs import matches
from workflows import policies
from workflows.parts.orchestration import Orchestration
from workflows.parts.sarif_told import add_figures, add_notes, add_problems
from workflows.parts.work import Work

OUTPUT = "create-code-scanning-alert"
_AT_ONCE = 5
_MAX_PER_FILE = 40
"""Sources that are offered for one consolidated file; it takes 20 runs."""

T = TypeVar("T", bound=BaseModel)


class SarifWork(Work):
    """Reads, counts and uploads the findings of one reduction."""

    def __init__(
        self, name: str, reducer: SarifReducer, state: SarifState, frame: Orchestration[Any]
    ) -> None:
        self._name, self._reducer, self._state, self._frame = name, reducer, state, frame
        self._home: str = frame.spec.repository
        self._stopping, self._paused, self._busy = "", False, 0

    def stop(self, reason: str) -> None:
        """Upload nothing more."""
        self._stopping = self._stopping or reason

    def pause(self, *, paused: bool) -> None:
        """Upload nothing for now, or go on."""
        self._paused = paused

    async def run(self) -> bool:
        """Work to the end, or to a stop; False when it is time to continue as new."""
        state = self._state
        if state.ended:
            return True
        sources = self._sources()
        if sources and self._leave is not None and not await self._frame.consent.settled():
            return False
        if not state.published:
            self._tell_limits()
        tasks = []
        while state.published < len(sources):
            await workflow.wait_condition(lambda: self._may_start() or self._ends())
            if self._ends():
                break
            tasks.append(asyncio.create_task(self._publish(sources[state.published])))
            state.published += 1
        await workflow.wait_condition(lambda: not self._busy)
        await asyncio.gather(*tasks)
        if not self._ends() and self._leave is not None and self._frame.outbox.approved:
            await self._consolidate(self._others(sources))
        if self._ends() and not self._stopping:
            return False
        if self._stopping:
            self._problem("", f"stopped before all was read and uploaded: {self._stopping}")
        state.ended = True
        return True

    def _sources(self) -> list[SarifSource]:
        """In the order of the items; those of one repository are told apart by their keys."""
        found = [source for _, source in sorted(self._state.sources, key=lambda one: one[0])]
        names = [source.repository.lower() for source in found]
        return [
            one.model_copy(update={"apart": one.key}) if names.count(name) > 1 else one
            for one, name in zip(found, names, strict=True)
        ]

    def _tell_limits(self) -> None:
        if self._state.sources_omitted:
            self._problem("", f"{self._state.sources_omitted} artifacts beyond the limit: not read")
        why = "" if self._frame.outbox.approved else "it was not approved"
        if self._leave is None:
            why = "this is staged" if self._frame.outbox.staged else f"{OUTPUT} is not declared"
        if why:
            add_notes(self._state, (Told(text=f"nothing uploaded: {why}"),))

    @property
    def _leave(self) -> Any:
        outputs = self._frame.spec.safe_outputs
        return None if outputs.staged else outputs.create_code_scanning_alert

    def _ends(self) -> bool:
        return bool(self._stopping) or workflow.info().is_continue_as_new_suggested()

    def _may_start(self) -> bool:
        return not self._paused and self._busy < _AT_ONCE

    def _is_allowed(self, source: SarifSource, number: int) -> bool:
        """Whether findings may be uploaded to the repository that an item, or a result, names."""
        allowed = self._leave.allowed_repos if self._leave is not None else None
        home = source.repository.lower() == self._home.lower()
        if allowed is None or home or matches(source.repository, allowed):
            return True
        if number == 0:
            said = f"{clip(source.repository, 100)} is not in allowed-repos"
            self._frame.outbox.refuse(OUTPUT, f"{source.key}: {said}")
        return False

    def _may_upload(self, what: str) -> bool:
        """Whether the spec leaves room for one more upload; the first refusal is journaled."""
        if self._leave is None:
            return False
        if not self._state.uploads.get("refused") and self._frame.outbox.allows(
            OUTPUT, self._leave, f"{self._name}: {what}"
        ):
            return True
        self._count("refused")
        return False

    async def _publish(self, source: SarifSource) -> None:
        self._busy += 1
        try:
            if self._frame.spec.safe_outputs.create_code_scanning_alert is not None:
                place = clip(source.repository, 100)
                await self._frame.outbox.staging.shows(OUTPUT, place, f"findings of {source.key}")
            number, files = 0, 1
            while number < files:
                published = await self._publish_file(source, number)
                if published is None:
                    return
                if number == 0:
                    add_figures(self._state, source.repository, published.figures)
                    add_problems(self._state, published.problems, published.problems_omitted)
                    add_notes(self._state, published.notes)
                    files = published.files
                number += 1
        finally:
            self._busy -= 1

    async def _publish_file(self, source: SarifSource, number: int) -> PublishedSarif | None:
        may = self._is_allowed(source, number) and self._may_upload(source.repository)
        if number and not may:
            return None
        ask = PublishSarif(
            runs_in=source.runs_in or self._home,
            artifact=self._reducer.artifact,
            source=source,
            number=number,
            upload=may,
        )
        made = workflow.start_activity_method(
            SarifActivities.publish,
            ask,
            **policies.named(
                policies.SARIF, f"findings of {clip(source.repository, 100)}", of=self._home
            ),
        )
        published = await self._until_stopped(made, source.key)
        if may and (published is None or published.upload is None):
            self._frame.outbox.give_back(OUTPUT)
        if published is not None and published.upload is not None:
            await self._follow(published.upload, source.key)
        return published

    def _others(self, sources: Sequence[SarifSource]) -> list[SarifSource]:
        """Leave out what the home repository has as its own findings already."""
        return [one for one in sources if one.repository.lower() != self._home.lower()]

    async def _consolidate(self, sources: Sequence[SarifSource]) -> None:
        state = self._state
        while state.consolidated < len(sources):
            await workflow.wait_condition(lambda: not self._paused or self._ends())
            if self._ends():
                return
            if not self._may_upload("consolidated"):
                self._problem("", "not all findings are in the home repository: over max")
                return
            made = await self._consolidate_file(sources[state.consolidated :][:_MAX_PER_FILE])
            if made is None or made.upload is None:
                self._frame.outbox.give_back(OUTPUT)
            if made is None:
                return
            state.consolidated += made.used
            state.skip, state.commit_sha, state.ref = made.skip, made.commit_sha, made.ref
            if made.upload is not None:
                file = ConsolidatedFile(upload=made.upload)
                state.files.append(file)
                file.status = await self._follow(made.upload, "")

    async def _consolidate_file(self, sources: Sequence[SarifSource]) -> ConsolidatedSarif | None:
        state = self._state
        ask = ConsolidateSarif(
            home=self._home,
            artifact=self._reducer.artifact,
            sources=tuple(sources),
            skip=state.skip,
            commit_sha=state.commit_sha,
            ref=state.ref,
        )
        made = workflow.start_activity_method(
            SarifActivities.consolidate,
            ask,
            **policies.named(
                policies.SARIF, f"consolidated file {len(state.files) + 1}", of=self._home
            ),
        )
        return await self._until_stopped(made, "")

    async def _follow(self, upload: SarifUpload, key: str) -> str:
        """See an upload through; what GitHub says against it is told."""
        ask = FollowSarif(repository=upload.repository, sarif_id=upload.sarif_id)
        made = workflow.start_activity_method(
            SarifActivities.follow,
            ask,
            **policies.named(policies.SARIF_FOLLOW, f"upload to {clip(upload.repository, 100)}"),
        )
        followed: FollowedSarif | None = await self._until_stopped(made, key)
        status = "pending" if followed is None else "processed" if followed.complete else "failed"
        if followed is not None and not followed.complete:
            said = "; ".join(followed.errors) or "no reason given"
            self._problem(key, f"{upload.repository}: GitHub could not process it: {said}")
        self._count(status)
        return status

    async def _until_stopped(self, made: workflow.ActivityHandle[T], key: str) -> T | None:
        """Wait for an activity; None where it failed, which is told, or was stopped."""
        stop = asyncio.ensure_future(workflow.wait_condition(lambda: bool(self._stopping)))
        try:
            await workflow.wait([made, stop], return_when=asyncio.FIRST_COMPLETED)
            if not made.done():
                made.cancel()
            return await made
        except ActivityError as error:
            if not self._stopping:
                self._problem(key, _reason(error))
        except asyncio.CancelledError:
            pass
        finally:
            stop.cancel()
        return None

    def _problem(self, key: str, text: str) -> None:
        add_problems(self._state, (Told(key=key, text=clip(text, 300)),))
        self._frame.journal.decide("sarif-problem", key, text)

    def _count(self, status: str) -> None:
        self._state.uploads[status] = self._state.uploads.get(status, 0) + 1


def _reason(error: ActivityError) -> str:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == errors.SARIF_PENDING:
        return f"{cause.message}; not waited for any longer"
    return str(cause)
