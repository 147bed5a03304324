"""What a worker does around its work: inputs in, `result.json` out, whatever happens.

The result is a WorkerResult of protocol podium/v1. Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MESSAGE_LIMIT = 500
ERRORS_KEPT = 20
DISPATCH_ID_LIMIT = 200


class Stop(Exception):  # noqa: N818 - an outcome, not always an error
    """The work cannot be done: `code` is for machines, the message for people."""

    def __init__(self, code: str, message: str, outputs: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.outputs = outputs or {}


@dataclass
class Done:
    """What came of the work."""

    summary: str
    outputs: dict[str, Any]
    status: str = "success"
    errors: list[dict[str, str]] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)


def run(worker: str, work: Callable[[], Done]) -> int:
    """Do the work, write the result, and return the exit code: 1 for a failure, else 0."""
    began = time.monotonic()
    # A job that is killed half-way leaves this; its upload step runs all the same.
    _write(worker, _failed("interrupted", "the worker did not finish"))
    try:
        done = work()
    except Stop as stop:
        done = _failed(stop.code, str(stop), stop.outputs)
    except Exception as error:  # noqa: BLE001 - whatever happens, the caller gets a result
        done = _failed("internal", f"{type(error).__name__}: {error}")
    done.metrics["duration_seconds"] = round(time.monotonic() - began, 3)
    _write(worker, done)
    print(f"{done.status}: {done.summary}")
    return 1 if done.status == "failure" else 0


def given(name: str, pattern: str = "", default: str = "") -> str:
    """Read an input from the environment, where the workflow file puts it.

    Raises:
        Stop: it does not match the pattern as a whole.
    """
    value = os.environ.get(name, "").strip() or default
    if pattern and not re.fullmatch(pattern, value):
        shown = one_line(value, 80)
        raise Stop("bad-input", f"{name.lower()} is {shown!r}, which does not match {pattern}")
    return value


def error(code: str, message: str) -> dict[str, str]:
    """Spell one error as the protocol does."""
    return {"code": code, "message": one_line(message, MESSAGE_LIMIT)}


def one_line(text: str, limit: int) -> str:
    """Return text on one line, cut to `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "\u2026"


def result_path() -> Path:
    """Say where the result is written."""
    return Path(os.environ.get("RESULT_FILE") or "result.json")


def _failed(code: str, message: str, outputs: dict[str, Any] | None = None) -> Done:
    return Done(one_line(message, MESSAGE_LIMIT), outputs or {}, "failure", [error(code, message)])


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else default


def _write(worker: str, done: Done) -> None:
    result = {
        "protocol": "podium/v1",
        "dispatch_id": os.environ.get("DISPATCH_ID", "")[:DISPATCH_ID_LIMIT],
        "worker": worker,
        "run_id": _number("GITHUB_RUN_ID", 0),
        "run_attempt": _number("GITHUB_RUN_ATTEMPT", 1),
        "status": done.status,
        "summary": one_line(done.summary, MESSAGE_LIMIT),
        "outputs": done.outputs,
        "errors": done.errors[:ERRORS_KEPT],
        "metrics": done.metrics,
    }
    result_path().write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
