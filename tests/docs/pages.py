"""Pages of the documentation, and the fenced blocks in them."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "ARCHITECTURE.md"]
    + [page for folder in ("docs", "examples") for page in (ROOT / folder).rglob("*.md")]
)

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^`]*)$")
_HEADING = re.compile(r"#+ +(.+)")
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    place: str
    """Page and line, for messages."""
    language: str
    about: str
    """The rest of the info string: a file to write, or a terminal of its own."""
    text: str


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    found: list[Block] = []
    fence, info, begins = "", "", 0
    lines: list[str] = []
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        opened = _FENCE.match(line)
        if fence and line.rstrip() == fence:
            language, _, about = info.partition(" ")
            place = f"{page.relative_to(ROOT)}:{begins}"
            found.append(Block(place, language, about.strip(), "\n".join(lines) + "\n"))
            fence = ""
        elif fence:
            lines.append(line)
        elif opened:
            fence, info = opened["fence"], opened["info"].strip()
            begins, lines = number, []
    assert not fence, f"{page}:{begins}: the block never ends"
    return found


def prose(page: Path) -> str:
    """The text of a page without its fenced blocks."""
    kept, fence = [], ""
    for line in page.read_text().splitlines():
        opened = _FENCE.match(line)
        if fence:
            fence = "" if line.rstrip() == fence else fence
        elif opened:
            fence = opened["fence"]
        else:
            kept.append(line)
    return "\n".join(kept)


def links(page: Path) -> list[str]:
    """Targets of all links of a page; what stands in code is none."""
    return _LINK.findall(re.sub(r"`[^`\n]*`(?!\])", "", prose(page)))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found = (_HEADING.fullmatch(line) for line in prose(page).splitlines())
    words = (re.sub(r"[^\w\- ]", "", match[1].lower()) for match in found if match)
    return {word.strip().replace(" ", "-") for word in words}


def tables(page: Path, heading: str) -> list[list[str]]:
    """Rows of all tables under a heading of level two or three; pipes in code split nothing."""
    _, _, rest = page.read_text().partition(f"\n{heading}\n")
    assert rest, f"{page.name} has no {heading}"
    section = re.split(r"\n## ", rest)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [_cells(row) for row in rows if not set(row) <= set("| -")]


def _cells(row: str) -> list[str]:
    held = _CODE.sub(lambda code: code.group().replace("|", "\0"), row.strip().strip("|"))
    return [cell.replace("\0", "|").strip() for cell in held.split("|")]


def code_in(cell: str) -> list[str]:
    """The code spans of a cell."""
    return [found.group().strip("`").strip() for found in _CODE.finditer(cell)]
