"""What every worker of this repository does around its one job: read an issue, publish a result.

Everything comes from the environment of a GitHub Actions job, or from options when a worker is run
by hand:

    GITHUB_TOKEN=... GITHUB_REPOSITORY=octo-org/lantern bug_triage.py --issue-number 12
    bug_triage.py --event event.json

Exit codes: 0 for success and skipped, 1 for failure, 2 for options that are wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from github_issue import GitHubError, read_issue

DISPATCH_ID_LIMIT = 200
MESSAGE_LIMIT = 500
MAX_NUMBER_DIGITS = 9

Judge = Callable[[dict[str, Any]], "tuple[dict[str, Any], str]"]
"""Makes the outputs and the summary of one issue."""


class Stop(Exception):  # noqa: N818 - an outcome, not always an error
    """Nothing to judge: `status` is skipped or failure."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def run(worker: str, judge: Judge, arguments: list[str] | None = None) -> int:
    """Run a worker, write the result file, and return the exit code.

    Args:
        worker: its name.
        judge: does the one job; what it raises is told by its type alone, since the text of an
            exception may quote the issue.
        arguments: of the command line; those of the process where left out.
    """
    options = _options(worker, arguments)
    began = time.monotonic()
    result = _blank(worker, options)
    # A job that is killed half-way leaves this; its upload step runs all the same.
    _write(options.result, result | _ended("failure", "interrupted", "the worker did not finish"))
    try:
        issue = _issue(options)
        _check(issue)
        result["outputs"], result["summary"] = judge(issue)
    except Stop as stop:
        result.update(_ended(stop.status, stop.code, str(stop)))
    except GitHubError as error:
        code = "not-found" if error.status in (404, 410) else "github"
        result.update(_ended("failure", code, str(error)))
    except Exception as error:  # noqa: BLE001 - whatever happens, the caller gets a result
        result.update(_ended("failure", "internal", type(error).__name__))
    result["metrics"]["duration_seconds"] = round(time.monotonic() - began, 3)
    _write(options.result, result)
    print(f"{result['status']}: {result['summary']}")
    return 1 if result["status"] == "failure" else 0


def _options(worker: str, arguments: list[str] | None) -> argparse.Namespace:
    env = os.environ
    parser = argparse.ArgumentParser(description=f"The worker {worker}, for one issue.")
    parser.add_argument("--issue-number", default=env.get("ISSUE_NUMBER", ""), help="the issue")
    parser.add_argument(
        "--dispatch-id", default=env.get("DISPATCH_ID", ""), help="given back in the result"
    )
    parser.add_argument("--result", default="result.json", help="file to write (%(default)s)")
    parser.add_argument("--event", help="read the issue from this payload, and call nobody")
    return parser.parse_args(arguments)


def _blank(worker: str, options: argparse.Namespace) -> dict[str, Any]:
    return {
        "protocol": "podium/v1",
        "dispatch_id": options.dispatch_id[:DISPATCH_ID_LIMIT],
        "worker": worker,
        "run_id": _environment_number("GITHUB_RUN_ID", 0),
        "run_attempt": _environment_number("GITHUB_RUN_ATTEMPT", 1),
        "status": "success",
        "summary": "",
        "outputs": {},
        "errors": [],
        "metrics": {},
    }


def _environment_number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else default


def _ended(status: str, code: str, message: str) -> dict[str, Any]:
    said = " ".join(message.split())[:MESSAGE_LIMIT]
    errors = [{"code": code, "message": said}] if status == "failure" else []
    return {"status": status, "summary": said, "outputs": {}, "errors": errors}


def _write(path: str, result: dict[str, Any]) -> None:
    Path(path).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def _issue(options: argparse.Namespace) -> dict[str, Any]:
    if options.event:
        return dict(json.loads(Path(options.event).read_text(encoding="utf-8"))["issue"])
    number = _number(options.issue_number)
    token, repository = os.environ.get("GITHUB_TOKEN", ""), os.environ.get("GITHUB_REPOSITORY", "")
    if not token or repository.count("/") != 1:
        raise Stop("failure", "bad-environment", "set GITHUB_TOKEN and GITHUB_REPOSITORY")
    api_url = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
    return read_issue(api_url, repository, number, token)


def _number(text: str) -> int:
    digits = text.strip().lstrip("#")
    usual = digits.isascii() and digits.isdigit() and len(digits) <= MAX_NUMBER_DIGITS
    if not usual or not int(digits):
        shown = text.strip()[:40]
        raise Stop("failure", "bad-input", f"issue_number must be a number, it is {shown!r}")
    return int(digits)


def _check(issue: dict[str, Any]) -> None:
    number = issue["number"]
    if "pull_request" in issue:
        raise Stop("skipped", "pull-request", f"#{number} is a pull request")
    if issue.get("state") != "open":
        raise Stop("skipped", "closed", f"#{number} is not open")
