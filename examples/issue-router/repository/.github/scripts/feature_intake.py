#!/usr/bin/env python3
"""Read a wish: the need behind it, the change asked for, and a guess at its size."""

from __future__ import annotations

import re
import sys
from typing import Any

from issue_text import IssueText, label_names, plain
from worker_frame import run

_SENTENCE = re.compile(r"[^.!?\n]{8,400}[.!?]?")
_NEED = re.compile(
    r"\bbecause\b|\bso that\b|\bin order to\b|\b(?:we|i) (?:have to|need|must|cannot|can't|want)\b"
    r"|\btoday\b|\bcurrently\b|\bat the moment\b|\bas an? \w{1,30},? i\b|\bproblem\b|\bhard to\b",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\bplease\b|\badd\b|\bsupport\b|\ballow\b|\bwould (?:be|like|love)\b|\bcould (?:you|we|it)\b"
    r"|\bit should\b|\boption\b|\bfeature\b|\bprovide\b",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^\s{0,9}(?:[-*+]|\d{1,2}[.)])\s{1,4}(?:\[[ xX]\]\s{1,4})?\S", re.MULTILINE)
_LARGE = re.compile(
    r"\brewrite\b|\bredesign\b|\bplug-?in (?:system|api)\b|\breal[ -]?time\b|\bmulti-?tenant\w*"
    r"|\bmobile app\b|\bmigrat\w{2,9}\b|\bbackwards?[ -]incompatib\w{2,9}|\bnew backend\b"
    r"|\bsingle sign[ -]on\b|\bsso\b|\bintegrations? with\b|\beditor\b",
    re.IGNORECASE,
)
_SMALL = re.compile(
    r"\bflag\b|\boption\b|\bsetting\b|\bdefault\b|\brename\b|\btooltip\b|\bshortcut\b|\bbutton\b"
    r"|\bmessage\b|\balias\b|\bicon\b|\bcolou?r\b",
    re.IGNORECASE,
)
MANY_ITEMS = 5
MAX_REASONS = 6


def judge(issue: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Judge one issue."""
    text = IssueText(issue)
    need, wish = _sentence(text.prose, _NEED), _sentence(text.prose, _WISH)
    size, reasons = _size(text)
    listed = len(_ITEM.findall(text.prose)) > 1
    given = {"need": need is not None, "wish": wish is not None or listed}
    missing = [name for name, there in given.items() if not there]
    labels = ["enhancement"] + ["needs-info"] * bool(missing)
    outputs = {
        "issue_number": issue["number"],
        "title": text.title,
        "need": need,
        "wish": wish or text.title,
        "size": size,
        "size_reasons": reasons,
        "missing": missing,
        "suggested_labels": [one for one in labels if one not in label_names(issue)],
        "action": _action(size, missing),
        "reply": _reply(missing),
    }
    return outputs, f"#{issue['number']}: a {size} wish"


def _sentence(prose: str, telling: re.Pattern[str]) -> str | None:
    """Find the sentence in which most of the telling words stand; the first of equals."""
    best, most = None, 0
    for found in _SENTENCE.finditer(prose):
        hits = len(telling.findall(found.group()))
        if hits > most:
            best, most = plain(found.group(), 300), hits
    return best


def _size(text: IssueText) -> tuple[str, list[str]]:
    """Guess the size, and name the words that it was guessed by."""
    large = {word.lower() for word in _LARGE.findall(text.whole)}
    small = {word.lower() for word in _SMALL.findall(text.whole)}
    items = len(_ITEM.findall(text.prose))
    reasons = sorted(large)[:MAX_REASONS]
    if items >= MANY_ITEMS:
        reasons.append(f"{items} items")
    if large or items >= MANY_ITEMS:
        return "large", reasons
    return ("small", sorted(small)[:MAX_REASONS]) if small else ("medium", [])


def _action(size: str, missing: list[str]) -> str:
    if missing:
        return f"Ask the author for: {', '.join(missing)}."
    if size == "large":
        return "Discuss the design before anybody starts."
    return "Decide whether it is wanted, and plan it."


def _reply(missing: list[str]) -> str:
    if "need" in missing:
        return "Thank you. Please tell us what you want to reach with it, so that we can weigh it."
    if missing:
        return "Thank you. Please tell us which change would help."
    return "Thank you, the need and the wish are clear. A maintainer will decide about it."


if __name__ == "__main__":
    sys.exit(run("feature-intake", judge))
