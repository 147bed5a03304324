#!/usr/bin/env python3
"""Make the repository's labels as `.github/labels.json` says; labels that it does not name stay.

Inputs are environment variables, as the workflow file sets them: DISPATCH_ID, and GITHUB_TOKEN.

Exit codes: 0 for success, 1 for failure. Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from github_rest import NOT_FOUND, PAUSE_SECONDS, GitHub, GitHubError, github
from job_result import Done, Stop, run

WORKER = "label-sync"
LABELS = Path(".github", "labels.json")
PAGE_SIZE = 100
MAX_PAGES = 10
MAX_LABELS = 200
WRITES = 3

_COLOR = re.compile(r"[0-9a-f]{6}")
_UNPROCESSABLE = 422


def main() -> int:
    """Run the worker."""
    return run(WORKER, work)


def work() -> Done:
    """Create and change labels.

    Raises:
        Stop: the file is wrong, or GitHub did not answer.
    """
    wanted = _wanted()
    client = github()
    done: dict[str, list[str]] = {"created": [], "updated": []}
    try:
        there = _there(client)
        for label in wanted:
            before = there.get(label["name"].lower())
            if before is None:
                _create(client, label)
                done["created"].append(label["name"])
            elif any((before.get(key) or "") != label[key] for key in label):
                _change(client, str(before["name"]), label)
                done["updated"].append(label["name"])
    except GitHubError as error:
        raise Stop("github", str(error), {**done, "unchanged": 0, "others": 0}) from error
    names = {label["name"].lower() for label in wanted}
    outputs: dict[str, Any] = {
        **done,
        "unchanged": len(wanted) - len(done["created"]) - len(done["updated"]),
        "others": len(there.keys() - names),
    }
    return Done(f"{len(done['created'])} created, {len(done['updated'])} updated", outputs)


def _create(client: GitHub, label: dict[str, str]) -> None:
    try:
        client.send("POST", "/labels", label)
    except GitHubError as error:
        # It may have been made by an answer that was lost, or by a run beside this one.
        if error.status != _UNPROCESSABLE and not error.ambiguous:
            raise
        if client.get(f"/labels/{quote(label['name'], safe='')}") is None:
            raise


def _change(client: GitHub, name: str, label: dict[str, str]) -> None:
    """Change a label; told twice it is the same, so it is told again where no answer came."""
    changes = {"color": label["color"], "description": label["description"]}
    if label["name"] != name:
        changes["new_name"] = label["name"]
    for attempt in range(1, WRITES + 1):
        try:
            client.send("PATCH", f"/labels/{quote(name, safe='')}", changes)
        except GitHubError as error:
            if error.status == NOT_FOUND and attempt > 1:
                return  # it has its new name already
            if not error.ambiguous or attempt == WRITES:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return


def _wanted() -> list[dict[str, str]]:
    try:
        listed = json.loads(LABELS.read_text(encoding="utf-8"))
        labels = [
            {
                "name": str(one["name"]),
                "color": str(one["color"]).lstrip("#").lower(),
                "description": str(one.get("description", "")),
            }
            for one in listed[:MAX_LABELS]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Stop("bad-labels", f"{LABELS} is no list of labels: {error}") from error
    for label in labels:
        if not label["name"] or not _COLOR.fullmatch(label["color"]):
            raise Stop("bad-labels", f"{label['name'] or 'a label'} needs a name and a color")
    return labels


def _there(client: GitHub) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for number in range(1, MAX_PAGES + 1):
        page = client.get(f"/labels?per_page={PAGE_SIZE}&page={number}") or []
        found.update({str(one["name"]).lower(): one for one in page})
        if len(page) < PAGE_SIZE:
            break
    return found


if __name__ == "__main__":
    sys.exit(main())
