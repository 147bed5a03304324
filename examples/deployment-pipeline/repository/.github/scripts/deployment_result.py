"""What all workers here do besides their job: the inputs, and a result whatever happens."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
"""The repository, as it was checked out."""

MESSAGE_LIMIT = 500
MAX_ERRORS = 20
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,63}")


class Done(NamedTuple):
    """The job is done."""

    summary: str
    outputs: dict[str, Any]
    metrics: dict[str, float]
    status: str = "success"


class Stop(Exception):  # noqa: N818 - an outcome, told in the result
    """The job failed; what is known is told all the same.

    Attributes:
        code: a short name of the kind of failure.
        outputs: what is known in spite of it.
        errors: one message each, where there are several.
    """

    def __init__(
        self,
        code: str,
        message: str,
        outputs: dict[str, Any] | None = None,
        errors: list[str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.outputs = outputs or {}
        self.errors = errors or [message]


def run(worker: str, job: Callable[[], Done], result: str = "result.json") -> int:
    """Do the job, write the result file, and return the exit code: 1 for a failure."""
    began = time.monotonic()
    path = Path(result).resolve()
    # A job that is killed half-way leaves this; its upload step runs all the same.
    _write(path, _result(worker, Stop("interrupted", "the worker did not finish")))
    try:
        written = _result(worker, job())
    except Stop as stop:
        written = _result(worker, stop)
    except Exception as error:  # noqa: BLE001 - whatever happens, the caller gets a result
        written = _result(worker, Stop("internal", f"{type(error).__name__}: {error}"))
    written["metrics"]["duration_seconds"] = round(time.monotonic() - began, 3)
    _write(path, written)
    print(f"{written['status']}: {written['summary']}")
    for error in written["errors"]:
        print(f"- {error['message']}")
    return 1 if written["status"] == "failure" else 0


def version() -> str:
    """Read the input `version`, and see that there is such a release.

    Raises:
        Stop: there is none.
    """
    given = version_named("VERSION")
    if not given or not (ROOT / "releases" / given / "pages").is_dir():
        raise Stop("no-such-release", f"there is no release {given!r}")
    return given


def version_named(variable: str) -> str:
    """Read a version from the environment; empty where none is given.

    Raises:
        Stop: it is no version.
    """
    given = os.environ.get(variable, "").strip()
    if given and not _VERSION.fullmatch(given):
        raise Stop("bad-input", f"{variable.lower()}: {given[:40]!r} is no version")
    return given


def choice(variable: str, *options: str) -> str:
    """Read an input that has few values.

    Raises:
        Stop: it is none of them.
    """
    given = os.environ.get(variable, "").strip()
    if given not in options:
        wanted = " or ".join(options)
        raise Stop("bad-input", f"{variable.lower()}: {given[:40]!r} is not {wanted}")
    return given


def one_line(text: object, limit: int = MESSAGE_LIMIT) -> str:
    """Put text on one line, and cut it."""
    line = " ".join(str(text).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _result(worker: str, end: Done | Stop) -> dict[str, Any]:
    failed = isinstance(end, Stop)
    errors = [(end.code, message) for message in end.errors] if isinstance(end, Stop) else []
    return {
        "protocol": "podium/v1",
        "dispatch_id": os.environ.get("DISPATCH_ID", "")[:200],
        "worker": worker,
        "run_id": _number("GITHUB_RUN_ID", 0),
        "run_attempt": _number("GITHUB_RUN_ATTEMPT", 1),
        "status": "failure" if isinstance(end, Stop) else end.status,
        "summary": one_line(end if failed else end.summary),
        "outputs": end.outputs,
        "errors": [{"code": c, "message": one_line(m)} for c, m in errors[:MAX_ERRORS]],
        "metrics": {} if isinstance(end, Stop) else dict(end.metrics),
    }


def _number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else default


def _write(path: Path, result: dict[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def main(worker: str, job: Callable[[], Done]) -> None:
    """Run as a program."""
    sys.exit(run(worker, job))
