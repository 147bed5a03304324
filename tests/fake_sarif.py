"""The fake GitHub with SARIF: artifacts of runs, and code scanning that takes uploads."""

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from activities.github import RefusedError
from activities.github.code_scanning import Receipt
from sandbox.sarif import results_in, unpacked
from tests.activities.sarif_samples import log, packed, result, run
from tests.fakes import FakeGitHub

SHA = "a" * 40
_SARIF_IDS = 1_000_000


def findings(item: str) -> dict[str, str]:
    """What the worker for an item publishes: one run with one finding."""
    return {"results__sarif": log(run(result(uri=f"{item}.py"), identity="scan/"))}


@dataclass(frozen=True)
class Uploaded:
    """One upload as it arrived."""

    repository: str
    commit_sha: str
    ref: str
    document: dict[str, Any]


@dataclass
class SarifGitHub(FakeGitHub):
    """Every run publishes `publish(item)`, and outputs that name its commit."""

    publish: Callable[[str], dict[str, str]] = findings
    archived: frozenset[str] = frozenset()
    pending: int = 0
    """How often a status says `pending` before it tells the end."""
    uploads: list[Uploaded] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.code_scanning = self

    def artifacts(self, repository: str, run_id: int, name: str) -> list[dict[str, Any]]:
        if name != "sarif":
            return super().artifacts(repository, run_id, name)
        files = self.publish(self.started[run_id].inputs["item"])
        entry = {"id": _SARIF_IDS + run_id, "name": name, "expired": False, "digest": None}
        return [entry] if files else []

    def artifact_zip(self, repository: str, artifact_id: int, max_bytes: int) -> bytes:
        if artifact_id < _SARIF_IDS:
            return super().artifact_zip(repository, artifact_id, max_bytes)
        item = self.started[artifact_id - _SARIF_IDS].inputs["item"]
        return packed(**self.publish(item))

    def head(self, repository: str) -> tuple[str, str]:
        return "b" * 40, "refs/heads/main"

    def upload(self, repository: str, commit_sha: str, ref: str, content: bytes) -> Receipt:
        if repository in self.archived:
            raise RefusedError("Repository was archived so is read-only.", 403)
        document = json.loads(gzip.decompress(content))
        results_in(unpacked(base64.b64encode(content).decode()))
        self.uploads.append(Uploaded(repository, commit_sha, ref, document))
        return Receipt(f"sarif-{len(self.uploads)}", "")

    def processing(self, repository: str, sarif_id: str) -> dict[str, Any]:
        self.asked += 1
        if self.asked <= self.pending:
            return {"processing_status": "pending"}
        return {"processing_status": "complete", "errors": None}
