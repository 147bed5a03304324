"""Jobs and artifacts as runs of compiled gh-aw workflows leave them, written for these tests."""

import io
import json
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from activities.github.errors import NotFoundError
from activities.results import ResultActivities
from contracts.runs import CollectOrder, RunRef, Verdict

RUN = RunRef(
    repository="octo-org/widgets",
    workflow="triage.lock.yml",
    run_id=42,
    dispatch_id="pd-000000000000000000000001",
    url="https://github.test/octo-org/widgets/actions/runs/42",
    dispatched_at=datetime(2026, 11, 1, tzinfo=UTC),
)
JOBS = {
    "pre_activation": "success",
    "activation": "success",
    "agent": "success",
    "detection": "success",
    "safe_outputs": "success",
    "conclusion": "success",
}
CLEAN = {"prompt_injection": False, "secret_leak": False, "malicious_patch": False, "reasons": []}
THREAT = CLEAN | {"prompt_injection": True, "reasons": ["the issue asks to ignore its rules"]}
COMMENT = {"type": "add_comment", "body": "It is a duplicate of 3.", "item_number": 7}
DONE = {
    "type": "add_comment",
    "url": "https://github.test/octo-org/widgets/issues/7#issuecomment-1",
    "timestamp": "2026-11-01T00:02:00Z",
}
USAGE = {"input_tokens": 1200, "output_tokens": 80, "ai_credits": 0.5, "model": "m", "aic": "x"}


def info(**changes: Any) -> dict[str, Any]:
    context = {"run_id": "wf", "repo": "o/r", "workflow_id": "w", "dispatch_id": RUN.dispatch_id}
    base = {"run_id": 42, "run_attempt": "1", "staged": False, "engine_id": "x", "context": context}
    return base | changes


def output(*items: dict[str, Any], errors: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"items": list(items), "errors": list(errors)}


def packed(files: dict[str, Any]) -> bytes:
    """A zip of files given as text, bytes or JSON."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as inside:
        for name, held in files.items():
            text = held if isinstance(held, str | bytes) else json.dumps(held)
            inside.writestr(name, text)
    return content.getvalue()


def usual(
    *items: dict[str, Any], changes: dict[str, bytes | None] | None = None
) -> dict[str, bytes]:
    """The artifacts of a run whose agent asked for these items and was granted them."""
    asked = items or (COMMENT,)
    granted = "\n".join(json.dumps(DONE) for one in asked if one["type"] == "add_comment")
    base: dict[str, bytes | None] = {
        "activation": packed({"aw_info.json": info()}),
        "usage": packed({"aw_info.json": info(), "agent/agent_usage.json": USAGE}),
        "agent": packed({"agent_output.json": output(*asked), "agent-stdio.log": "…"}),
        "safe-outputs-items": packed({"safe-output-items.jsonl": granted}),
        "detection": packed({"detection_result.json": CLEAN}),
    }
    return {name: one for name, one in (base | (changes or {})).items() if one is not None}


@dataclass
class Left:
    """A GitHub on which one run has ended."""

    artifacts: dict[str, bytes] = field(default_factory=usual)
    jobs_ended: dict[str, str] = field(default_factory=lambda: dict(JOBS))
    expired: tuple[str, ...] = ()
    claimed_sizes: dict[str, int] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    gone: tuple[str, ...] = ()
    late: dict[str, int] = field(default_factory=dict)
    """Looks before the one that shows an artifact."""
    looks: int = 0

    @property
    def actions(self) -> "Left":
        return self

    async def call(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    def jobs(self, *_: Any) -> list[dict[str, Any]]:
        return [{"name": n, "conclusion": c or None} for n, c in self.jobs_ended.items()]

    def all_artifacts(self, *_: Any) -> list[dict[str, Any]]:
        self.looks += 1
        return [
            {
                "id": number,
                "name": name,
                "expired": name in self.expired,
                "size_in_bytes": self.claimed_sizes.get(name, len(self.artifacts[name])),
            }
            for number, name in enumerate(self.artifacts)
            if self.late.get(name, 0) < self.looks
        ]

    def artifact_zip(self, _: str, artifact_id: int, max_bytes: int) -> bytes:
        name = list(self.artifacts)[artifact_id]
        self.fetched.append(name)
        if name in self.gone:
            raise NotFoundError("410", 410)
        return self.artifacts[name]


async def collected(left: Left, conclusion: str = "success", **changes: Any) -> Verdict:
    """Collect the run's result as a workflow would."""
    order = CollectOrder(
        run=RUN, conclusion=conclusion, channels=("gh-aw",), max_bytes=65_536
    ).model_copy(update=changes)
    github: Any = left
    return await ResultActivities(github).collect(order)
