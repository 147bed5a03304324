"""One file on one branch, through GitHub's contents API: read it, or replace it."""

from __future__ import annotations

import base64
import re
import time
from urllib.parse import quote

from github_rest import PAUSE_SECONDS, GitHub, GitHubError
from job_result import Stop

WRITES = 3
"""Tries of one commit; each later one only after looking whether an earlier one worked."""

BRANCH_LIMIT = 200
_CONFLICT = 409
_UNPROCESSABLE = 422


def branch_name(asked: str) -> str:
    """Make a branch name that git accepts of whatever was asked for."""
    name = re.sub(r"[^A-Za-z0-9._/-]+", "-", asked)[:BRANCH_LIMIT]
    name = re.sub(r"\.{2,}|/{2,}|/\.|\.lock(?=/|$)", "-", name)
    return re.sub("-{2,}", "-", name).strip("/.-")


def read_file(github: GitHub, branch: str, path: str) -> tuple[str, str] | None:
    """Read a file's text and blob id at a branch; None where there is none.

    Raises:
        GitHubError: no answer, or a refusal.
        Stop: what is there is no text file.
    """
    found = github.get(f"/contents/{quote(path)}?ref={quote(branch, safe='')}")
    if found is None:
        return None
    try:
        return base64.b64decode(found["content"]).decode(), str(found["sha"])
    except (KeyError, TypeError, ValueError) as error:
        raise Stop("no-draft", f"{path} at {branch} is no text file") from error


def ensure_branch(github: GitHub, branch: str) -> None:
    """Make the branch at the tip of the default branch, unless it is there.

    Raises:
        GitHubError: no answer, or a refusal.
        Stop: it is the default branch itself.
    """
    default = str(github.get("")["default_branch"])
    if branch == default:
        raise Stop("bad-input", f"{branch} is the default branch; drafts go to another one")
    if github.get(f"/git/ref/heads/{quote(branch)}") is not None:
        return
    tip = github.get(f"/git/ref/heads/{quote(default)}")["object"]["sha"]
    try:
        github.send("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": tip})
    except GitHubError as error:
        # It may have been made by an answer that was lost, or by a run beside this one.
        if error.status != _UNPROCESSABLE and not error.ambiguous:
            raise
        if github.get(f"/git/ref/heads/{quote(branch)}") is None:
            raise


def commit_file(github: GitHub, branch: str, path: str, text: str, message: str) -> bool:
    """Make the file say `text`, with one commit or, where it says so already, with none.

    Returns:
        Whether a commit was made.

    Raises:
        GitHubError: no answer, or a refusal.
    """
    for attempt in range(1, WRITES + 1):
        before = read_file(github, branch, path)
        if before and before[0] == text:
            return attempt > 1
        body = {"message": message, "branch": branch}
        body["content"] = base64.b64encode(text.encode()).decode()
        if before:
            body["sha"] = before[1]
        try:
            github.send("PUT", f"/contents/{quote(path)}", body)
        except GitHubError as error:
            if attempt == WRITES or not (error.ambiguous or error.status == _CONFLICT):
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return True
    raise AssertionError("the last try returns or raises")


def tip_of(github: GitHub, branch: str) -> str:
    """Read the commit that a branch is at.

    Raises:
        GitHubError: no answer, or a refusal.
    """
    return str(github.get(f"/git/ref/heads/{quote(branch)}")["object"]["sha"])
