"""State machines on pages: Mermaid that reads as one, and whose states can all be reached."""

import re
from pathlib import Path

from tests.docs.pages import blocks

_ARROW = re.compile(r" +(\S+) --> (\S+?)(: [^:;]+)?")


def machines(page: Path) -> list[set[tuple[str, str]]]:
    """The steps of every state machine of a page; a state that is a trap or unreachable fails."""
    found = []
    for text in (block.text for block in blocks(page) if block.language == "mermaid"):
        kind, *lines = text.strip().splitlines()
        assert kind == "stateDiagram-v2"
        arrows = [_ARROW.fullmatch(line) for line in lines]
        assert all(arrows), lines
        steps = {(arrow[1], arrow[2]) for arrow in arrows if arrow}
        assert {a for a, _ in steps} == {b for _, b in steps}, "a trap, or out of reach"
        found.append(steps)
    return found
