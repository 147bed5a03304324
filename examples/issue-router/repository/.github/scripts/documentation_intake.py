#!/usr/bin/env python3
"""Read a report about the documentation: which page of this repository is meant, and its flaw."""

from __future__ import annotations

import re
import sys
from typing import Any

import pages
from issue_text import IssueText, label_names
from worker_frame import run

LEAST_SCORE = 0.15
"""Below it no page is named: a wrong one would mislead."""

MAX_ALTERNATIVES = 3
_FLAWS = (
    ("broken-link", r"\b(?:broken|dead) links?\b|\b404\b|\blinks? (?:\w{1,20} ){0,3}nowhere\b"),
    ("typo", r"\btypos?\b|\bmisspel\w{2,5}\b|\bspelling\b|\bgrammar\b"),
    (
        "outdated",
        r"\bout ?dated\b|\bout of date\b|\bno longer\b|\bstill (?:says|shows|mentions)\b|\bold version\b",
    ),
    ("wrong", r"\bwrong\b|\bincorrect\b|\bsays\b|\bdoes(?: not|n't) match\b|\bcontradict\w{0,3}\b"),
    (
        "missing",
        r"\bmissing\b|\bundocumented\b|\bnot documented\b|\bno (?:docs|documentation)\b|\bnowhere\b",
    ),
)
_COMPILED = tuple((flaw, re.compile(pattern, re.IGNORECASE)) for flaw, pattern in _FLAWS)


def judge(issue: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Judge one issue."""
    text = IssueText(issue)
    page, heading, score, others = _page(text)
    flaw = next((name for name, pattern in _COMPILED if pattern.search(text.whole)), "unclear")
    labels = ["documentation"] + ["good first issue"] * (page is not None and flaw == "typo")
    outputs = {
        "issue_number": issue["number"],
        "title": text.title,
        "page": page,
        "heading": heading,
        "score": score,
        "alternatives": others,
        "flaw": flaw,
        "suggested_labels": [one for one in labels if one not in label_names(issue)],
        "action": f"Correct {page}." if page else "Find out which page is meant.",
        "reply": _reply(page),
    }
    return outputs, f"#{issue['number']}: {flaw}, {page or 'page unknown'}"


def _page(text: IssueText) -> tuple[str | None, str | None, float, list[str]]:
    """Find the page: one that the text names, else the one that it is nearest to."""
    known = pages.pages()
    ranked = pages.nearest(text.whole, pages.sections())
    said = f"{text.title}\n{text.body}".lower()
    named = [path for path in known if re.search(rf"(?<![\w-]){re.escape(_tail(path))}\b", said)]
    if named:
        first = min(named, key=lambda path: said.find(_tail(path)))
        heading = next((one.heading for _, one in ranked if one.page == first), None)
        return first, heading, 1.0, [path for path in named if path != first][:MAX_ALTERNATIVES]
    others = list(dict.fromkeys(one.page for _, one in ranked))
    if ranked and ranked[0][0] >= LEAST_SCORE:
        score, best = ranked[0]
        return best.page, best.heading, score, others[1 : MAX_ALTERNATIVES + 1]
    return None, None, ranked[0][0] if ranked else 0.0, others[:MAX_ALTERNATIVES]


def _tail(path: str) -> str:
    return path.rsplit("/", 1)[-1].lower()


def _reply(page: str | None) -> str:
    if page:
        return f"Thank you, we take this to be about {page}. A pull request is welcome."
    return "Thank you. Which page do you mean? A link to it would help."


if __name__ == "__main__":
    sys.exit(run("documentation-intake", judge))
