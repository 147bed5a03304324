"""The comment that shows a verdict: a table for people, then one block for machines."""

from __future__ import annotations

import json
from typing import Any

import issue_text

MARKER = "<!-- podium:issue-analyzer -->"
"""First line of every comment of this worker; renders as nothing."""

BLOCK = "json podium-result"
"""Info string of the one fenced block that carries the result."""

_QUOTED_CHARACTERS = 120
_INERT_IN_BLOCK = {ord(c): f"\\u{ord(c):04x}" for c in "`<>&@"}


def quoted(text: object) -> str:
    """Return untrusted text as one inert code span.

    In a code span GitHub renders no mention, reference, link or HTML; the span cannot be ended
    from inside, as it holds no backtick, and the table cell holds no bar.
    """
    line = issue_text.one_line(text, _QUOTED_CHARACTERS)
    return f"`{line.replace('`', chr(0x2019)).replace('|', chr(0xA6)) or ' '}`"


def render(result: dict[str, Any], original_title: str = "") -> str:
    """Write the comment.

    Args:
        result: the whole worker result, with the `outputs` of an analysis.
        original_title: title of the issue that this one repeats, untrusted.
    """
    outputs = result["outputs"]
    rows = [("Status", outputs["status"])]
    if outputs["duplicate_of"]:
        alike = f"{outputs['similarity']:.0%} alike"
        rows.append(("Repeats", f"#{outputs['duplicate_of']} {quoted(original_title)} ({alike})"))
    if outputs["critical"]:
        rows.append(("Critical", quoted(outputs["critical_reason"])))
    labels = ", ".join(f"`{label}`" for label in outputs["suggested_labels"])
    rows.append(("Suggested Labels", labels or "none"))
    if outputs["missing"]:
        rows.append(("Missing", ", ".join(outputs["missing"])))
    rows.append(("Action", outputs["action"]))
    rows += [("Note", quoted(error["message"])) for error in result["errors"]]
    table = "\n".join(f"| **{name}** | {value} |" for name, value in rows)
    return (
        f"{MARKER}\n### Issue analysis\n\n| | |\n| --- | --- |\n{table}\n\n"
        "_Judged from the text alone, by counting evidence. A person decides._\n\n"
        f"```{BLOCK}\n{block_json(result)}\n```\n"
    )


def block_json(result: dict[str, Any]) -> str:
    """Write a result as ASCII JSON in which nothing can end the fence or be taken for markup."""
    return json.dumps(result, indent=1).translate(_INERT_IN_BLOCK)
