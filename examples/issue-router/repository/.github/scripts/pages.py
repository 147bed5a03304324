"""The documentation pages of this repository, and which of their sections a text is nearest to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from issue_text import words_of

MAX_PAGES = 200
MAX_PAGE_CHARACTERS = 200_000
_HEADING = re.compile(r"^#{1,4} +(.{1,200}?) *#*$", re.MULTILINE)
_HEADING_WEIGHT = 3
_LEAST_SHARED = 2
"""Words that a text and a section must share; one alone is chance."""

_NEVER = frozenset({"changelog", "license", "code_of_conduct"})


@dataclass(frozen=True)
class Section:
    """A heading of a page, and the words below it."""

    page: str
    heading: str
    title_words: frozenset[str]
    words: frozenset[str]

    @property
    def anchor(self) -> str:
        """The fragment that GitHub gives to the heading."""
        kept = re.sub(r"[^\w\- ]", "", self.heading.lower())
        return kept.strip().replace(" ", "-")


def pages(root: Path = Path()) -> list[str]:
    """List the pages: markdown in the root and in `docs`, by path."""
    found = [*root.glob("*.md"), *root.glob("docs/**/*.md")]
    kept = [path for path in found if path.is_file() and path.stem.lower() not in _NEVER]
    return sorted(str(path.relative_to(root)) for path in kept)[:MAX_PAGES]


def sections(root: Path = Path()) -> list[Section]:
    """Read the sections of all pages."""
    found = []
    for page in pages(root):
        text = (root / page).read_text("utf-8", "replace")[:MAX_PAGE_CHARACTERS]
        parts = _HEADING.split(text)
        for heading, body in zip(parts[1::2], parts[2::2]):  # noqa: B905 - Python 3.9 has no `strict`
            title = words_of(f"{heading} {Path(page).stem}")
            found.append(Section(page, heading, frozenset(title), frozenset(words_of(body))))
    return found


def nearest(text: str, among: list[Section]) -> list[tuple[float, Section]]:
    """Rank sections by the rare words that they share with a text; only those that share any.

    Returns:
        Scores from 0 to 1 with their sections, the best first: the share of the weight of the text's
        words that the section covers, words of its heading counting three times.
    """
    asked = words_of(text)
    rarity = {w: 1.0 / (1 + sum(w in s.words or w in s.title_words for s in among)) for w in asked}
    usual = _usual_words(among)
    known = {w: weight for w, weight in rarity.items() if weight < 1.0 and w not in usual}
    whole = sum(known.values())
    ranked = []
    for section in among:
        shared = known.keys() & (section.title_words | section.words)
        covered = sum(
            known[word] * (_HEADING_WEIGHT if word in section.title_words else 1) for word in shared
        )
        if len(shared) >= _LEAST_SHARED:
            ranked.append((round(min(1.0, covered / (_HEADING_WEIGHT * whole)), 3), section))
    return sorted(ranked, key=lambda one: (-one[0], one[1].page, one[1].heading))


def _usual_words(among: list[Section]) -> set[str]:
    """Find the words of more than half of the pages, such as the product's name."""
    by_page: dict[str, set[str]] = {}
    for section in among:
        by_page.setdefault(section.page, set()).update(section.title_words | section.words)
    words = set().union(*by_page.values())
    return {w for w in words if sum(w in page for page in by_page.values()) * 2 > len(by_page)}
