#!/usr/bin/env python3
"""Take in a security report that was made in public, without repeating anything of it.

No word of the issue is in the result, not even its title: whoever reads the result later must not
learn the weakness from it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from issue_text import IssueText, label_names
from worker_frame import run

_KINDS = (
    (
        "injection",
        r"\binjection\b|\bxss\b|\bcross[ -]site scripting\b|\bremote code\b|\brce\b|\bescap(?:e|ing)\b",
    ),
    (
        "secret-exposure",
        r"\b(?:token|password|secret|credential|key)s?\b.{0,80}\b(?:leak|expos|log|plain)\w{0,6}|\bleak(?:s|ed)?\b",
    ),
    (
        "access",
        r"\bauthenticat\w{2,4}\b|\bauthoriz\w{2,6}\b|\bpermissions?\b|\bprivileges?\b|\bbypass\w{0,3}\b|\btravers\w{2,4}\b",
    ),
    ("denial-of-service", r"\bdenial of service\b|\bdos\b|\bresource exhaustion\b|\bredos\b"),
    ("dependency", r"\bcve-\d{4}-\d{4,7}\b|\bdependenc(?:y|ies)\b|\boutdated\b"),
)
_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)
_DETAILS = re.compile(
    r"\bproof of concept\b|\bpoc\b|\bpayload\b|\bexploit\b|\bsteps\b|\bcurl\b|^\s{0,9}\d{1,2}[.)]\s",
    re.IGNORECASE | re.MULTILINE,
)
_INSIDERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
_POLICIES = ("SECURITY.md", ".github/SECURITY.md", "docs/SECURITY.md")


def judge(issue: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Judge one issue."""
    text = IssueText(issue)
    whole = f"{text.title}\n{text.body}"
    kinds = [kind for kind, pattern in _COMPILED if pattern.search(whole)]
    shown = bool(text.code.strip() or _DETAILS.search(whole))
    outputs = {
        "issue_number": issue["number"],
        "kind": kinds[0] if kinds else "other",
        "details_in_public": shown,
        "by_insider": issue.get("author_association") in _INSIDERS,
        "policy": policy(),
        "suggested_labels": [one for one in ("security",) if one not in label_names(issue)],
        "action": _action(shown=shown),
        "reply": _reply(policy()),
    }
    return outputs, f"#{issue['number']}: a security report" + (", with details" if shown else "")


def policy() -> str | None:
    """Find the page that says how to report in private."""
    return next((path for path in _POLICIES if Path(path).is_file()), None)


def _action(*, shown: bool) -> str:
    if shown:
        return "Move the report to a private advisory, then remove the details here."
    return "Ask for the details in private, and assign it to who handles security."


def _reply(page: str | None) -> str:
    where = f"as {page} describes" if page else "with the private reporting of this repository"
    return f"Thank you. Please add no details here: report them in private, {where}."


if __name__ == "__main__":
    sys.exit(run("security-intake", judge))
