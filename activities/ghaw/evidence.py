"""Read what a gh-aw run left: leniently, for its files change with each of gh-aw's versions."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from activities.ghaw import artifacts
from activities.ghaw.artifacts import Shelf
from activities.github.actions import Actions
from contracts.base import clip
from contracts.runs import CollectOrder

THREATS = ("prompt_injection", "secret_leak", "malicious_patch")
_VERDICT = "THREAT_DETECTION_RESULT:"
_USAGE = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "effective_tokens",
    "ai_credits",
)
_MAX_LINES = 10_000
_MAX_FIGURE = 1e15


@dataclass(frozen=True)
class Detection:
    """What the threat detector said; `threats` is empty where it found nothing."""

    threats: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass
class Evidence:
    """Everything about a run that its meaning is judged by."""

    jobs: dict[str, str] = field(default_factory=dict)
    """Conclusion of each job by its id in the workflow file; empty text while it has none."""
    info: dict[str, Any] = field(default_factory=dict)
    """`aw_info.json`."""
    items: list[dict[str, Any]] | None = None
    """What the agent asked for; None where its output cannot be read."""
    dropped: list[str] = field(default_factory=list)
    """Why outputs were not accepted, in gh-aw's words."""
    structured: dict[str, Any] | None = None
    """The answer that gh-aw has validated, of workflows that declare `structured-output`."""
    executed: list[dict[str, Any]] | None = None
    """What gh-aw carried out; None where there is no manifest."""
    output_errors: str = ""
    detection: Detection | None = None
    """None where no verdict can be read."""
    usage: dict[str, float] = field(default_factory=dict)
    """Tokens and cost."""
    problems: list[str] = field(default_factory=list)
    lacking: bool = False
    """Whether an artifact that such a run always leaves is not listed; it may only be late."""

    @property
    def staged(self) -> bool:
        """Whether nothing was to be carried out."""
        return self.info.get("staged") is True

    def job(self, name: str) -> str:
        """Conclusion of a job, or nothing."""
        return self.jobs.get(name, "")


def gather(actions: Actions, order: CollectOrder) -> Evidence:
    """Fetch what is needed to judge a run: one list of jobs, one of artifacts, two to six zips."""
    run = order.run
    found = Evidence(jobs=_jobs(actions.jobs(run.repository, run.run_id)))
    shelf = Shelf(actions, run)
    for base in ("usage", "activation", "info", "aw-info"):
        if artifacts.AW_INFO not in shelf.files:
            shelf.open(base)
    # The small copy first: the large artifact is what fails to upload, or is too large.
    shelf.open("agent-output-fallback")
    if artifacts.AGENT_OUTPUT not in shelf.files or order.result_schema is not None:
        shelf.open("agent")
    if artifacts.AGENT_OUTPUT not in shelf.files:
        shelf.open("agent-output")
    shelf.open("safe-outputs-items")
    if found.job("detection") not in ("", "skipped") or not found.jobs:
        shelf.open("detection")
    _read(shelf, found)
    found.lacking = _is_lacking(shelf, found)
    return found


def _is_lacking(shelf: Shelf, found: Evidence) -> bool:
    if found.jobs and found.job("agent") in ("", "skipped"):
        return False
    said = any(shelf.has(base) for base in ("agent-output-fallback", "agent", "agent-output"))
    judged = found.job("detection") in ("", "skipped") or shelf.has("detection")
    return not (said and judged)


def _read(shelf: Shelf, found: Evidence) -> None:
    files, found.problems = shelf.files, shelf.problems
    found.info = _object(files, artifacts.AW_INFO, found.problems) or {}
    found.structured = _object(files, artifacts.STRUCTURED_OUTPUT, found.problems)
    usage = _object(files, artifacts.AGENT_USAGE, found.problems) or {}
    found.usage = {name: usage[name] for name in _USAGE if _is_figure(usage.get(name))}
    output = _object(files, artifacts.AGENT_OUTPUT, found.problems)
    if output is not None:
        found.items = [one for one in _list(output.get("items")) if isinstance(one, dict)]
        found.dropped = [clip(str(one), 300) for one in _list(output.get("errors"))]
    if artifacts.EXECUTED in files:
        found.executed = list(_lines(files[artifacts.EXECUTED]))
    found.output_errors = clip(files.get(artifacts.OUTPUT_ERRORS, ""), 300)
    found.detection = _detection(files)


def _jobs(listed: list[dict[str, Any]]) -> dict[str, str]:
    """A called workflow's jobs are named `caller / job`."""
    return {
        str(one.get("name") or "").rsplit(" / ", 1)[-1]: str(one.get("conclusion") or "")
        for one in listed
    }


def _detection(files: Mapping[str, str]) -> Detection | None:
    verdicts = []
    if artifacts.DETECTION_RESULT in files:
        verdicts = [_loads(files[artifacts.DETECTION_RESULT])]
    else:
        verdicts = [_loads(text) for text in _told(files.get(artifacts.DETECTION_LOG, ""))]
    valid = [one for one in verdicts if _is_verdict(one)]
    if not valid or any(_threats(one) != _threats(valid[0]) for one in valid):
        return None  # none, or they contradict each other
    reasons = tuple(clip(str(one), 300) for one in _list(valid[0].get("reasons"))[:5])
    return Detection(_threats(valid[0]), reasons)


def _told(log: str) -> Iterator[str]:
    """Yield the verdicts in a log: on lines of their own, or as the result of an engine's stream."""
    for line in log.splitlines()[-_MAX_LINES:]:
        text = line.strip()
        if text.startswith("{"):
            event = _loads(text)
            is_result = isinstance(event, dict) and event.get("type") == "result"
            text = str(event.get("result") or "").strip() if is_result else ""
        for one in text.splitlines():
            if one.startswith(_VERDICT):
                yield one.removeprefix(_VERDICT)


def _is_verdict(value: Any) -> bool:
    """`"false"` is no boolean, and half a verdict is none."""
    return isinstance(value, dict) and all(isinstance(value.get(name), bool) for name in THREATS)


def _threats(verdict: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in THREATS if verdict[name])


def _object(files: Mapping[str, str], name: str, problems: list[str]) -> dict[str, Any] | None:
    if name not in files:
        return None
    value = _loads(files[name])
    if isinstance(value, dict):
        return value
    problems.append(f"{name} is no JSON object")
    return None


def _lines(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines()[:_MAX_LINES]:
        value = _loads(line)
        if isinstance(value, dict):
            yield value


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_figure(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MAX_FIGURE
    )
