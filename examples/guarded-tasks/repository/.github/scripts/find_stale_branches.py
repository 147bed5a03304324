#!/usr/bin/env python3
"""List the branches that nobody has committed to for some time; none is deleted.

Inputs are environment variables, as the workflow file sets them: DAYS, DISPATCH_ID, and
GITHUB_TOKEN. Protected branches and the default one are never stale.

Exit codes: 0 for success and partial, 1 for failure. Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import Any

from github_rest import GitHub, GitHubError, github
from job_result import Done, Stop, error, given, one_line, run

WORKER = "stale-branches"
PAGE_SIZE = 100
MAX_BRANCHES = 200
"""Each costs a call, of the 1,000 an hour that a job's token has."""

NAME_LIMIT = 200


def main() -> int:
    """Run the worker."""
    return run(WORKER, work)


def work() -> Done:
    """Look at each branch.

    Raises:
        Stop: an input is wrong, or GitHub did not answer.
    """
    days = int(given("DAYS", r"\d{1,5}", default="90"))
    client = github()
    try:
        default = str(client.get("")["default_branch"])
        branches, whole = _branches(client)
        stale = []
        for branch in branches:
            if branch["name"] == default or branch.get("protected"):
                continue
            age = _age(client, str(branch["commit"]["sha"]))
            if age >= days:
                stale.append({"branch": one_line(str(branch["name"]), NAME_LIMIT), "days": age})
    except GitHubError as failure:
        raise Stop("github", str(failure)) from failure
    stale.sort(key=lambda one: -one["days"])
    outputs = {"branches": len(branches), "days": days, "stale": stale}
    summary = f"{len(stale)} of {len(branches)} branches are stale"
    if whole:
        return Done(summary, outputs)
    more = [error("more-branches", f"only the first {MAX_BRANCHES} branches were looked at")]
    return Done(summary, outputs, "partial", more)


def _branches(client: GitHub) -> tuple[list[dict[str, Any]], bool]:
    """Read the branches, and tell whether these are all."""
    found: list[dict[str, Any]] = []
    for number in range(1, MAX_BRANCHES // PAGE_SIZE + 1):
        page = client.get(f"/branches?per_page={PAGE_SIZE}&page={number}") or []
        found += page
        if len(page) < PAGE_SIZE:
            return found, True
    return found, False


def _age(client: GitHub, sha: str) -> int:
    commit = client.get(f"/commits/{sha}")
    if commit is None:
        raise GitHubError(f"there is no commit {sha}")
    date = str(commit["commit"]["committer"]["date"]).replace("Z", "+00:00")
    return (datetime.now(timezone.utc) - datetime.fromisoformat(date)).days  # noqa: UP017 - Python 3.9


if __name__ == "__main__":
    sys.exit(main())
