#!/usr/bin/env python3
"""Point whoever asks to the section of the documentation that is nearest to the question."""

from __future__ import annotations

import os
import sys
from typing import Any
from urllib.parse import quote

import pages
from issue_text import IssueText, label_names
from worker_frame import run

LEAST_SCORE = 0.15
MAX_LINKS = 3


def judge(issue: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Judge one issue."""
    text = IssueText(issue)
    ranked = pages.nearest(text.whole, pages.sections())
    near = [one for one in ranked if one[0] >= LEAST_SCORE][:MAX_LINKS]
    links = [
        {"page": one.page, "heading": one.heading, "url": _url(one), "score": score}
        for score, one in near
    ]
    labels = ["question"] + ["needs-triage"] * (not links)
    outputs = {
        "issue_number": issue["number"],
        "title": text.title,
        "links": links,
        "suggested_labels": [one for one in labels if one not in label_names(issue)],
        "action": "Check whether the linked section answers it." if links else "Answer it.",
        "reply": _reply(links),
    }
    return outputs, f"#{issue['number']}: {len(links)} sections may answer it"


def _url(section: pages.Section) -> str:
    server = os.environ.get("GITHUB_SERVER_URL") or "https://github.com"
    repository = os.environ.get("GITHUB_REPOSITORY", "")
    ref = quote(os.environ.get("GITHUB_REF_NAME") or "main", safe="")
    return f"{server}/{repository}/blob/{ref}/{quote(section.page)}#{quote(section.anchor)}"


def _reply(links: list[dict[str, Any]]) -> str:
    if not links:
        return "Thank you. The documentation seems not to say; a maintainer will answer."
    first = links[0]
    return f"Thank you. {first['page']} may answer this: {first['url']}"


if __name__ == "__main__":
    sys.exit(run("general-reply", judge))
