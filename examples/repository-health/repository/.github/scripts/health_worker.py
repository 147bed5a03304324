"""What all health workers do besides their job: inputs, score, and a result whatever happens."""

from __future__ import annotations

import calendar
import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

MAX_FINDINGS = 20
MAX_ACTION_ITEMS = 10
TEXT_LIMIT = 300
TITLE_LIMIT = 120
DAY_SECONDS = 86_400
PRIORITIES = ("critical", "high", "medium", "low")
GOOD, FAIR = 80, 50
"""Lowest scores of these grades; what is below is poor."""

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


class Stop(Exception):  # noqa: N818 - an outcome, told in the result
    """The job failed.

    Attributes:
        code: a short name of the kind of failure.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Health(NamedTuple):
    """What a worker found out."""

    score: float
    """From 0 to 100, the higher the better."""
    summary: str
    findings: Sequence[dict[str, Any]]
    """Made by `finding`, the most telling first."""
    action_items: Sequence[dict[str, str]]
    """Made by `action`."""
    measures: dict[str, float]
    """Figures that the score is made of."""
    gaps: Sequence[str] = ()
    """What could not be looked at; makes the result partial."""
    api_calls: int = 0


def finding(subject: str, text: str, title: object = "", url: object = "") -> dict[str, Any]:
    """Write one finding; `title` is quoted from the repository, and may be anybody's words."""
    return {
        "subject": one_line(subject, TITLE_LIMIT),
        "text": one_line(text, TEXT_LIMIT),
        "title": one_line(title, TITLE_LIMIT),
        "url": str(url or "")[:500],
    }


def action(priority: str, text: str) -> dict[str, str]:
    """Write one action item: `critical`, `high`, `medium` or `low`, and what to do."""
    return {"priority": priority, "text": one_line(text, TEXT_LIMIT)}


def by_share(share: float) -> str:
    """Choose a priority: the larger the bad share, the more urgent."""
    return "high" if share >= 0.5 else "medium" if share >= 0.2 else "low"  # noqa: PLR2004


def good_share(bad: int, total: int) -> float:
    """Score a share: nothing to judge is as good as nothing bad."""
    return 100 * (1 - bad / total) if total else 100.0


def count(number: int, word: str) -> str:
    """Count things: `1 issue`, `2 issues`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def number_input(name: str, default: int) -> int:
    """Read a whole number above zero from the environment.

    Raises:
        Stop: it is none.
    """
    given = os.environ.get(name, "").strip()
    if not given:
        return default
    if not (given.isascii() and given.isdecimal() and 0 < int(given[:10]) == int(given)):
        raise Stop("bad-input", f"{name.lower()}: {given[:40]!r} is no number above zero")
    return int(given)


def as_of() -> float:
    """Read the day that ages are counted to, as seconds since the epoch; now where none is given.

    Raises:
        Stop: it is no day.
    """
    given = os.environ.get("AS_OF", "").strip()
    if not given:
        return time.time()
    try:
        return float(calendar.timegm(time.strptime(given, "%Y-%m-%d")))
    except ValueError:
        raise Stop("bad-input", f"as_of: {given[:40]!r} is no day like 2026-11-02") from None


def moment(text: str) -> float:
    """Read one of GitHub's times as seconds since the epoch."""
    return float(calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")))


def days(text: str, until: float) -> float:
    """Count the days from one of GitHub's times; 0 where it is later."""
    return max(0.0, (until - moment(text)) / DAY_SECONDS)


def one_line(text: object, limit: int) -> str:
    """Put text on one line without invisible characters, and cut it."""
    line = " ".join(_INVISIBLE.sub(" ", str(text or "")).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def main(worker: str, judge: Callable[[], Health]) -> None:
    """Run as a program: judge, write `result.json`, and exit with 1 for a failure."""
    began = time.monotonic()
    path = Path("result.json").resolve()
    # A job that is killed half-way leaves this; its upload step runs all the same.
    _write(path, _failed(worker, Stop("interrupted", "the worker did not finish")))
    try:
        result = _judged(worker, judge())
    except Stop as stop:
        result = _failed(worker, stop)
    except Exception as error:  # noqa: BLE001 - whatever happens, the caller gets a result
        result = _failed(worker, Stop("internal", f"{type(error).__name__}: {error}"))
    result["metrics"]["duration_seconds"] = round(time.monotonic() - began, 3)
    _write(path, result)
    print(f"{result['status']}: {result['summary']}")
    sys.exit(1 if result["status"] == "failure" else 0)


def _judged(worker: str, health: Health) -> dict[str, Any]:
    score = round(min(100.0, max(0.0, health.score)))
    grade = "good" if score >= GOOD else "fair" if score >= FAIR else "poor"
    items = sorted(health.action_items, key=lambda item: PRIORITIES.index(item["priority"]))
    first = f"{items[0]['priority']}: {items[0]['text']}" if items else ""
    outputs = {
        "score": score,
        "grade": grade,
        "attention": worker if grade == "poor" else "",
        "findings": list(health.findings[:MAX_FINDINGS]),
        "findings_omitted": max(0, len(health.findings) - MAX_FINDINGS),
        "action_items": items[:MAX_ACTION_ITEMS],
        "first_action": first,
        "urgent": first.startswith(PRIORITIES[0]),
        "measures": {name: round(value, 2) for name, value in health.measures.items()},
    }
    gaps = [{"code": "gap", "message": one_line(gap, TEXT_LIMIT)} for gap in health.gaps]
    told = {"summary": f"{score} of 100: {health.summary}", "errors": gaps[:MAX_FINDINGS]}
    metrics = {"api_calls": health.api_calls}
    status = "partial" if gaps else "success"
    return {**_identity(worker, status), **told, "outputs": outputs, "metrics": metrics}


def _failed(worker: str, stop: Stop) -> dict[str, Any]:
    said = one_line(stop, TEXT_LIMIT)
    errors = [{"code": stop.code, "message": said}]
    told = {"summary": said, "errors": errors, "outputs": {}, "metrics": {}}
    return {**_identity(worker, "failure"), **told}


def _identity(worker: str, status: str) -> dict[str, Any]:
    return {
        "protocol": "podium/v1",
        "dispatch_id": os.environ.get("DISPATCH_ID", "")[:200],
        "worker": worker,
        "run_id": _number("GITHUB_RUN_ID", 0),
        "run_attempt": _number("GITHUB_RUN_ATTEMPT", 1),
        "status": status,
    }


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else default


def _write(path: Path, result: dict[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
