#!/usr/bin/env python3
"""Analyse one open issue, comment the verdict on it, and write result.json.

Everything comes from the environment of a GitHub Actions job, or from options when it is run
by hand:

    GITHUB_TOKEN=... GITHUB_REPOSITORY=octo-org/widgets analyze_issue.py --issue-number 12 --dry-run
    analyze_issue.py --issue-number 12 --issues issues.json

Exit codes: 0 for success, partial and skipped, 1 for failure, 2 for options that are wrong.
Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import issue_comment
from github_issues import GitHub, GitHubError
from issue_analysis import analyse

WORKER = "issue-analyzer"
REPORT_LABEL = "podium-report"
BOT = "github-actions[bot]"
HIDDEN_MARK = "<!-- podium:"
DISPATCH_ID_LIMIT = 200
MESSAGE_LIMIT = 500
POSTS = 3
"""Tries to post the comment; each later one only after looking whether an earlier one worked."""

LOOK_AGAIN_SECONDS = 2.0
MAX_NUMBER_DIGITS = 9

__all__ = ["analyse", "main"]


class Stop(Exception):  # noqa: N818 - an outcome, not always an error
    """Nothing to analyse: `status` is skipped or failure."""

    def __init__(self, status: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def main(arguments: list[str] | None = None) -> int:
    """Run the worker, write the result file, and return the exit code."""
    options = _options(arguments)
    began = time.monotonic()
    result = _blank(options)
    # A job that is killed half-way leaves this; its upload step runs all the same.
    _write(options.result, result | _ended("failure", "interrupted", "the worker did not finish"))
    api_calls = 0
    try:
        issue_number = _number(options.issue_number)
        if options.issues:
            _analyse_file(result, issue_number, options.issues)
        else:
            github = _github()
            try:
                _analyse_live(result, issue_number, github, comment=not options.dry_run)
            finally:
                api_calls = github.calls
    except Stop as stop:
        result.update(_ended(stop.status, stop.code, str(stop)))
    except GitHubError as error:
        result.update(_ended("failure", "github", str(error)))
    except Exception as error:  # noqa: BLE001 - whatever happens, the caller gets a result
        result.update(_ended("failure", "internal", f"{type(error).__name__}: {error}"))
    result["metrics"]["duration_seconds"] = round(time.monotonic() - began, 3)
    result["metrics"]["api_calls"] = api_calls
    _write(options.result, result)
    print(f"{result['status']}: {result['summary']}")
    return 1 if result["status"] == "failure" else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    env = os.environ
    about = "Analyse one open issue of a repository."
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--issue-number", default=env.get("ISSUE_NUMBER", ""), help="the issue")
    parser.add_argument(
        "--dispatch-id", default=env.get("DISPATCH_ID", ""), help="given back in the result"
    )
    parser.add_argument("--result", default="result.json", help="file to write (%(default)s)")
    parser.add_argument(
        "--issues", help="read issues from this file, as GitHub lists them, and call nobody"
    )
    parser.add_argument("--dry-run", action="store_true", help="read GitHub, but do not comment")
    return parser.parse_args(arguments)


def _blank(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "protocol": "podium/v1",
        "dispatch_id": options.dispatch_id[:DISPATCH_ID_LIMIT],
        "worker": WORKER,
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


def _number(text: str) -> int:
    digits = text.strip().lstrip("#")
    if not (
        digits.isascii() and digits.isdigit() and len(digits) <= MAX_NUMBER_DIGITS and int(digits)
    ):
        shown = text.strip()[:40]
        raise Stop("failure", "bad-input", f"issue_number must be a number, it is {shown!r}")
    return int(digits)


def _github() -> GitHub:
    token, repository = os.environ.get("GITHUB_TOKEN", ""), os.environ.get("GITHUB_REPOSITORY", "")
    if not token or repository.count("/") != 1:
        raise Stop("failure", "bad-environment", "set GITHUB_TOKEN and GITHUB_REPOSITORY")
    return GitHub(os.environ.get("GITHUB_API_URL") or "https://api.github.com", repository, token)


def _analyse_file(result: dict[str, Any], number: int, path: str) -> None:
    """Analyse from a file: the way to try the worker without GitHub. Prints the comment."""
    issues = json.loads(Path(path).read_text(encoding="utf-8"))
    found = [one for one in issues if one["number"] == number]
    if not found:
        raise Stop("failure", "not-found", f"there is no issue #{number} in {path}")
    _analyse(result, found[0], issues)
    print(_comment_body(result, issues))


def _analyse_live(result: dict[str, Any], number: int, github: GitHub, *, comment: bool) -> None:
    try:
        listed, whole = github.open_issues()
    except GitHubError as error:
        listed, whole = [], True
        _partial(result, "duplicates-not-checked", f"Duplicates were not looked for: {error}")
    issue = next((one for one in listed if one["number"] == number), None)
    _analyse(result, issue or _read_issue(github, number), listed)
    if not whole:
        result["summary"] += f"; compared with the newest {len(listed)} only"
    if not comment:
        print(_comment_body(result, listed))
        return
    _publish(github, number, _comment_body(result, listed), result)


def _read_issue(github: GitHub, number: int) -> dict[str, Any]:
    try:
        return github.issue(number)
    except GitHubError as error:
        if error.status in (404, 410):
            raise Stop("failure", "not-found", f"there is no issue #{number}") from None
        raise


def _analyse(result: dict[str, Any], issue: dict[str, Any], listed: list[dict[str, Any]]) -> None:
    number = issue["number"]
    if "pull_request" in issue:
        raise Stop("skipped", "pull-request", f"#{number} is a pull request")
    if issue.get("state") != "open":
        raise Stop("skipped", "closed", f"#{number} is {issue.get('state')}")
    if _is_report(issue):
        raise Stop("skipped", "report", f"#{number} is a report of the orchestrator")
    others = [one for one in listed if "pull_request" not in one and not _is_report(one)]
    outputs = analyse(issue, others)
    alarm = ", critical" if outputs["critical"] else ""
    result["outputs"] = outputs
    result["summary"] = f"#{number}: {outputs['status']}{alarm}"
    result["metrics"]["issues_compared"] = sum(one["number"] < number for one in others)


def _is_report(issue: dict[str, Any]) -> bool:
    labels = {one.get("name") for one in issue.get("labels") or [] if isinstance(one, dict)}
    by_bot = (issue.get("user") or {}).get("type") == "Bot"
    return REPORT_LABEL in labels or (by_bot and HIDDEN_MARK in (issue.get("body") or ""))


def _comment_body(result: dict[str, Any], listed: list[dict[str, Any]]) -> str:
    original = result["outputs"]["duplicate_of"]
    title = next((one.get("title") for one in listed if one["number"] == original), "")
    return issue_comment.render(result, title or "")


def _publish(github: GitHub, number: int, body: str, result: dict[str, Any]) -> None:
    """Leave exactly one comment of this worker: the one of this run, never edited.

    An edited comment is not believed as a result, so a new one is written, and only then the
    older ones are deleted: a crash in between leaves two comments and never none. Of two runs
    at the same time, each deletes what is older than its own, so the newest stays.
    """
    try:
        own = _post(github, number, body, result)
    except GitHubError as error:
        _partial(result, "comment", f"The comment could not be written: {error}")
        return
    result["outputs"]["comment_id"] = own
    try:
        comments, whole = github.comments(number)
        for older in comments:
            if _is_ours(older) and older["id"] < own:
                github.delete_comment(older["id"])
    except GitHubError as error:
        whole = False
        print(f"could not clear older comments: {error}")
    if not whole:
        _partial(result, "older-comments", "An older analysis may remain beside the new one")


def _post(github: GitHub, number: int, body: str, result: dict[str, Any]) -> int:
    for attempt in range(POSTS):
        comments, _ = github.comments(number)
        mine = [int(one["id"]) for one in comments if _is_ours(one) and _is_this_run(one, result)]
        if mine:
            return max(mine)
        try:
            return int(github.create_comment(number, body)["id"])
        except GitHubError as error:
            if not error.ambiguous or attempt == POSTS - 1:
                raise
            time.sleep(LOOK_AGAIN_SECONDS)
    raise AssertionError("the last try returns or raises")


def _is_ours(comment: dict[str, Any]) -> bool:
    user = comment.get("user") or {}
    by_us = user.get("login") == BOT and user.get("type") == "Bot"
    return by_us and str(comment.get("body") or "").startswith(issue_comment.MARKER)


def _is_this_run(comment: dict[str, Any], result: dict[str, Any]) -> bool:
    if comment.get("created_at") != comment.get("updated_at"):
        return False
    _, _, block = str(comment["body"]).rpartition(f"```{issue_comment.BLOCK}\n")
    try:
        said = json.loads(block.rpartition("```")[0])
    except ValueError:
        return False
    keys = ("run_id", "run_attempt", "dispatch_id")
    return isinstance(said, dict) and all(said.get(key) == result[key] for key in keys)


def _partial(result: dict[str, Any], code: str, message: str) -> None:
    result["status"] = "partial"
    result["errors"].append({"code": code, "message": " ".join(message.split())[:MESSAGE_LIMIT]})


if __name__ == "__main__":
    sys.exit(main())
