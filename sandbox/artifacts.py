"""Artifacts: zips on disk, listed at once, fetched by links that die."""

import hashlib
import io
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.model import Artifact, Run, World
from sandbox.wire import ApiError, now

DEFAULT_RETENTION_DAYS = 90
MAX_ARTIFACT_BYTES = 64 * 1024 * 1024
_DAY = 86_400.0
_ZIP_DATE = (2024, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class _Link:
    path: Path
    expires_at: float
    file_name: str


@dataclass(slots=True)
class Artifacts:
    """The artifact store and its short-lived download links."""

    world: World
    folder: Path
    _links: dict[str, _Link] = field(default_factory=dict)

    def publish(
        self, run: Run, name: str, archive: bytes, *, days: int = 0, overwrite: bool = False
    ) -> Artifact:
        """Store a zip as an artifact of a run; it is listed from now on.

        Args:
            run: the run that publishes.
            name: unique within the run.
            archive: the zip.
            days: retention; 0 means the default of 90.
            overwrite: replace an artifact of the same name.

        Raises:
            ApiError: 409 when the name is taken, 413 above 64 MiB.
        """
        if len(archive) > MAX_ARTIFACT_BYTES:
            raise ApiError(413, "The artifact is too large")
        taken = [a for a in self.of_run(run) if a.name == name]
        if taken and not overwrite:
            raise ApiError(409, "an artifact with this name already exists on the workflow run")
        for old in taken:
            self.delete(run, old)
        created = now()
        artifact = Artifact(
            id=self.world.new_id(),
            run_id=run.id,
            repository=run.repository,
            name=name,
            size=len(archive),
            digest=f"sha256:{hashlib.sha256(archive).hexdigest()}",
            created_at=created,
            expires_at=created + _DAY * (days or DEFAULT_RETENTION_DAYS),
        )
        self.path(artifact).write_bytes(archive)
        self.world.artifacts[artifact.id] = artifact
        run.artifacts.append(artifact.id)
        return artifact

    def delete(self, run: Run, artifact: Artifact) -> None:
        """Remove an artifact and its zip."""
        run.artifacts.remove(artifact.id)
        self.world.artifacts.pop(artifact.id, None)
        self.path(artifact).unlink(missing_ok=True)

    def path(self, artifact: Artifact) -> Path:
        """Where the zip lies."""
        return self.folder / f"{artifact.id}.zip"

    def of_run(self, run: Run) -> list[Artifact]:
        """The artifacts of a run, newest first."""
        return [self.world.artifacts[number] for number in reversed(run.artifacts)]

    def link(self, path: Path, file_name: str, seconds: float) -> str:
        """A secret for one file, good for `seconds`."""
        self._drop_dead_links()
        secret = secrets.token_urlsafe(24)
        self._links[secret] = _Link(path, now() + seconds, file_name)
        return secret

    def resolve(self, secret: str) -> tuple[Path, str] | None:
        """The file behind a secret and its name, or None when the link is dead or unknown."""
        found = self._links.get(secret)
        if found is None or found.expires_at <= now() or not found.path.exists():
            return None
        return found.path, found.file_name

    def _drop_dead_links(self) -> None:
        moment = now()
        for secret in [s for s, link in self._links.items() if link.expires_at <= moment]:
            del self._links[secret]


def make_zip(files: Mapping[str, str | bytes]) -> bytes:
    """Zip texts or bytes by path; the same content always gives the same zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(path, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
