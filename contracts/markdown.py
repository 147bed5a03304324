"""Markdown that must fit: cut between lines and between rows, and what was open is closed."""

import re

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^`]*)")
_TOO_LONG = re.compile(r"^ {0,3}(`{61,}|~{61,})", re.MULTILINE)
"""A fence that takes more room to close than is kept for it."""
_DETAILS = re.compile(r"<(/?)details>")
_ROOM = 200
"""For what closes a text: a fence, some `</details>`."""
_MAX_DEPTH = 8


def fit(text: str, limit: int, told: str) -> str:
    """Cut a text that is too long after a whole line, and say where the rest is.

    A row of a table is one line, so that none is cut through; a line that is longer than all the
    room there is, is left out. Linear in the length of the text.

    Args:
        text: markdown.
        limit: most characters of what is returned.
        told: a line that ends what was cut, such as where to find the whole.
    """
    if len(text) <= limit:
        return text
    end = f"\n\n{told}\n"
    room = limit - len(end) - _ROOM
    kept = text[: max(room, 0)]
    kept = kept[: kept.rfind("\n") + 1]
    if found := _TOO_LONG.search(kept):
        kept = kept[: found.start()]
    fence, depth = _open_at_the_end(kept)
    closing = f"{fence}\n" if fence else ""
    closing += "\n</details>\n" * min(depth, _MAX_DEPTH)
    return (kept + closing + end)[:limit]


def _open_at_the_end(text: str) -> tuple[str, int]:
    """Tell the fence that is open at the end of a text, and how many `<details>` are."""
    fence, depth = "", 0
    for line in text.split("\n"):
        found = _FENCE.fullmatch(line)
        if fence:
            closes = found and not found[2].strip() and found[1].startswith(fence)
            fence = "" if closes else fence
        elif found:
            fence = found[1]
        else:
            for tag in _DETAILS.finditer(line):
                depth = max(depth - 1, 0) if tag[1] else depth + 1
    return fence, depth
