#!/usr/bin/env python3
"""Read a bug report: version, steps, error and where it came from, and what the report lacks."""

from __future__ import annotations

import os
import re
import sys
from typing import Any

from issue_text import IssueText, label_names, one_line
from worker_frame import run

_NUMBER = (
    r"v?(\d{1,4}\.\d{1,4}(?:\.\d{1,4})?(?:[-+.]?(?:rc|dev|beta|alpha|a|b)\.?\d{0,4})?)"
    r"(?![\w.]{0,20}\w)"
)
_LISTED = re.compile(r"^\s{0,9}\d{1,2}[.)]\s{1,4}\S", re.MULTILINE)
_EXPECTED = re.compile(r"\bexpect(?:ed|ation)?\b|\bshould\b|\bsupposed to\b", re.IGNORECASE)
_ACTUAL = re.compile(
    r"\bactual(?:ly)?\b|\binstead\b|\bwhat happen(?:s|ed)\b|\bbut\b", re.IGNORECASE
)
_SYSTEMS = ("Alpine", "Debian", "Docker", "Fedora", "Linux", "macOS", "Ubuntu", "Windows")
_RUNTIME = re.compile(
    r"\b(Python|Node(?:\.js)?|Firefox|Chrome|Safari)\s{1,3}v?(\d{1,4}(?:\.\d{1,4}){0,2})"
)
_FAILED = re.compile(r"\berror\b|\bcrash(?:es|ed)?\b|\bexception\b|\bfail(?:s|ed)\b", re.IGNORECASE)
_REGRESSION = re.compile(
    r"\bregression\b|\b(?:since|after) (?:the )?(?:up(?:date|grade)|updating|upgrading)"
    r"|\bworked (?:fine )?(?:in|with|until|before)\b",
    re.IGNORECASE,
)
_ERROR = r"([A-Za-z_][\w.]{0,80}(?:Error|Exception|Exit|Interrupt|Warning))\b"
_TRACES = (
    ("python", re.compile(r"^\s{0,20}File \"([^\"\n]{1,300})\", line (\d{1,7})", re.MULTILINE)),
    (
        "javascript",
        re.compile(
            r"^\s{1,20}at [^\n]{0,300}?\(?([^\s()]{1,300}):(\d{1,7}):\d{1,7}\)?$", re.MULTILINE
        ),
    ),
    (
        "java",
        re.compile(r"^\s{1,20}at [\w.$<>]{1,200}\(([\w.]{1,100}\.java):(\d{1,7})\)", re.MULTILINE),
    ),
)
MINIMUM_STEPS = 2


def judge(issue: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Judge one issue."""
    text = IssueText(issue)
    version, steps, trace = _version(text), len(_LISTED.findall(text.prose)), traceback_of(text)
    given = {
        "version": version is not None,
        "steps to reproduce": steps >= MINIMUM_STEPS,
        "expected behaviour": bool(_EXPECTED.search(text.prose)),
        "actual behaviour": bool(_ACTUAL.search(text.prose)) or trace is not None,
        "error text": bool(trace or text.code or not _FAILED.search(text.whole)),
    }
    missing = [name for name, there in given.items() if not there]
    labels = ["bug"] + ["needs-info"] * bool(missing)
    labels += ["regression"] * bool(_REGRESSION.search(text.whole))
    outputs = {
        "issue_number": issue["number"],
        "title": text.title,
        "version": version,
        "environment": _environment(text),
        "steps": steps,
        "traceback": trace,
        "missing": missing,
        "ready": not missing,
        "suggested_labels": [one for one in labels if one not in label_names(issue)],
        "action": _action(missing, trace),
        "reply": _reply(missing),
    }
    return outputs, f"#{issue['number']}: " + (
        f"lacks {', '.join(missing)}" if missing else "ready"
    )


def _version(text: IssueText) -> str | None:
    name = os.environ.get("GITHUB_REPOSITORY", "").rpartition("/")[2]
    product = rf"|\b{re.escape(name)}" if name else ""
    said = rf"(?:\bversion|\brelease|--version{product})\b[^\w\n]{{0,9}}\n{{0,3}}\s{{0,4}}"
    pattern = rf"(?:{said}|\b(?=v\d)){_NUMBER}"
    found = re.search(pattern, f"{text.title}\n{text.body}", re.IGNORECASE)
    return found.group(1) if found else None


def _environment(text: IssueText) -> list[str]:
    found = [name for name in _SYSTEMS if re.search(rf"\b{name}\b", text.whole, re.IGNORECASE)]
    runtimes = {f"{name} {number}" for name, number in _RUNTIME.findall(text.whole)}
    return (found + sorted(runtimes))[:10]


def traceback_of(text: IssueText) -> dict[str, Any] | None:
    """Find where an error came from: language, its type, and the innermost place."""
    source = text.code + "\n" + text.prose
    for language, pattern in _TRACES:
        places = pattern.findall(source)
        if places:
            # Python names the innermost call last, the others first.
            file, line = places[-1] if language == "python" else places[0]
            errors = re.findall(rf"(?:^|\s){_ERROR}(?::|\n|$)", source)
            error = errors[-1] if errors and language == "python" else (errors or [None])[0]
            return {
                "language": language,
                "error": error,
                "file": one_line(file, 200),
                "line": int(line),
            }
    return None


def _action(missing: list[str], trace: dict[str, Any] | None) -> str:
    if missing:
        return f"Ask the author for: {', '.join(missing)}."
    if trace:
        return "Start at the place that the traceback names."
    return "Follow the steps, and confirm it."


def _reply(missing: list[str]) -> str:
    if not missing:
        return "Thank you, this report has all that we need to start."
    return f"Thank you. To work on this we also need: {', '.join(missing)}."


if __name__ == "__main__":
    sys.exit(run("bug-triage", judge))
