"""Read feedback on a draft: what a critic counted, and what a person wrote, in any mixture."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from job_result import one_line

MAX_FEEDBACK = 20_000
MAX_NOTES = 10
NOTE_LIMIT = 300
MAX_DEPTH = 4

KINDS = {
    "missing-overview": "overview",
    "missing-summaries": "summaries",
    "missing-parameters": "parameters",
    "missing-returns": "returns",
    "missing-raises": "raises",
    "missing-examples": "examples",
    "long-lines": "wrapping",
}
"""Kind of a feedback item, and the part of the page that answers it."""

_ASKED = {
    "overview": r"overview|introduction",
    "summaries": r"summar(?:y|ies)",
    "parameters": r"parameters?|arguments?",
    "returns": r"returns?|return values?",
    "raises": r"raises?|exceptions?|errors",
    "examples": r"examples?",
    "wrapping": r"long lines|wrap\w*",
}
"""Words of a person that ask for a part of the page."""

_ITEM = re.compile(r"^[-*\s]*([a-z]+-[a-z]+)\b")


@dataclass
class Feedback:
    """What the next draft must do."""

    parts: set[str] = field(default_factory=set)
    """Parts of the page that are wanted."""
    notes: list[str] = field(default_factory=list)
    """What people asked for in their own words."""


def read_feedback(text: str) -> Feedback:
    """Read feedback: JSON, or lines of `kind: what is missing`; any other line is a note."""
    feedback = Feedback()
    _read(text[:MAX_FEEDBACK], feedback, MAX_DEPTH)
    feedback.notes = list(dict.fromkeys(feedback.notes))[:MAX_NOTES]
    return feedback


def _read(value: Any, feedback: Feedback, depth: int) -> None:
    if depth < 0:
        return
    if isinstance(value, dict):
        kind = str(value.get("kind", ""))
        if kind in KINDS:
            feedback.parts.add(KINDS[kind])
            return
        told = value.get("message", value.get("text"))
        for one in [told] if told else value.values():
            _read(one, feedback, depth - 1)
    elif isinstance(value, list):
        for one in value:
            _read(one, feedback, depth - 1)
    elif isinstance(value, str):
        _read_text(value, feedback, depth)


def _read_text(text: str, feedback: Feedback, depth: int) -> None:
    if text.strip()[:1] in ("{", "["):
        try:
            _read(json.loads(text), feedback, depth - 1)
        except (ValueError, RecursionError):
            pass
        else:
            return
    for line in text.splitlines():
        found = _ITEM.match(line)
        if found and found.group(1) in KINDS:
            feedback.parts.add(KINDS[found.group(1)])
        elif line.strip():
            note = one_line(line.strip("-* \t"), NOTE_LIMIT)
            feedback.notes.append(note)
            feedback.parts |= {
                part
                for part, words in _ASKED.items()
                if re.search(rf"\b(?:{words})\b", note, re.IGNORECASE)
            }
