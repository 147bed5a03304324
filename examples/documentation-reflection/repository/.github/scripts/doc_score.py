"""Score a page against its module, 0 to 10, by counting what is there and what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from module_facts import Entry, Module

LONGEST_LINE = 100
LONG_LINES_FOR_NOTHING = 5
"""So many long lines earn nothing."""

WORST_KINDS = 3
"""Kinds of a round of feedback: what costs most first, so that a draft has few jobs at once."""

MAX_NAMES = 8
FEEDBACK_LIMIT = 2_000

WEIGHTS = {
    "missing-entries": 3.0,
    "bad-structure": 1.0,
    "missing-summaries": 1.2,
    "missing-parameters": 1.2,
    "missing-raises": 0.9,
    "missing-overview": 0.8,
    "missing-examples": 0.8,
    "missing-returns": 0.6,
    "long-lines": 0.5,
}
"""Points of each kind; ten in all."""

_HEADING = re.compile(r"^(#{1,6}) (.+)$")
_MIN_WORDS = 3


@dataclass
class Count:
    """How much of one kind there is to find, and what was not found."""

    total: int = 0
    missing: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """The share that is there."""
        return 1.0 if not self.total else max(0.0, 1 - len(self.missing) / self.total)


def measure(page: str, module: Module) -> dict[str, Count]:
    """Count for each kind what the module has and the page lacks."""
    headings, sections = _read(page)
    found = {kind: Count() for kind in WEIGHTS}
    _count(found["missing-overview"], module.name, there=_has_prose(sections.get("", "")))
    for entry in module.entries:
        body = sections.get(entry.name, "")
        signature = re.search(rf"\b{re.escape(entry.name.split('.')[-1])}\b", _code(body))
        _count(found["missing-entries"], entry.name, there=bool(signature))
        _count(found["missing-summaries"], entry.name, there=_has_prose(body))
        for kind, names, is_there in _details(entry):
            for name in names:
                label = entry.name if name == entry.name else f"{entry.name}: {name}"
                _count(found[kind], label, there=is_there(body, name))
    _count_structure(found["bad-structure"], headings, page)
    long = [n for n, line in enumerate(page.split("\n"), 1) if _too_long(line)]
    found["long-lines"] = Count(LONG_LINES_FOR_NOTHING, [f"line {n}" for n in long])
    return found


def score_of(found: dict[str, Count]) -> float:
    """Add up the points."""
    return round(sum(WEIGHTS[kind] * count.share for kind, count in found.items()), 2)


def feedback_of(found: dict[str, Count]) -> str:
    """Name the kinds that cost most, one a line, each with what is missing."""
    lost = {kind: WEIGHTS[kind] * (1 - count.share) for kind, count in found.items()}
    worst = sorted((kind for kind in lost if lost[kind] > 0), key=lambda kind: -lost[kind])
    lines = []
    for kind in worst[:WORST_KINDS]:
        names = found[kind].missing
        more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        lines.append(f"{kind}: {', '.join(names[:MAX_NAMES])}{more} (costs {lost[kind]:.2f})")
    return "\n".join(lines)[:FEEDBACK_LIMIT]


def _details(entry: Entry) -> list[tuple[str, list[str], Callable[[str, str], bool]]]:
    returns = [entry.name] if entry.returns else []
    return [
        ("missing-parameters", [one.name for one in entry.parameters], _is_described),
        ("missing-raises", list(entry.raises), _is_described),
        ("missing-returns", returns, lambda body, _: bool(re.search(r"\*\*Returns?\*\*", body))),
        ("missing-examples", [entry.name], lambda body, _: body.count("```") >= 4),  # noqa: PLR2004 - a second block
    ]


def _count(count: Count, name: str, *, there: bool) -> None:
    count.total += 1
    if not there:
        count.missing.append(name)


def _read(page: str) -> tuple[list[tuple[int, str]], dict[str, str]]:
    """Split a page at its headings; the text under the first one has the name ''."""
    headings: list[tuple[int, str]] = []
    sections: dict[str, list[str]] = {"": []}
    name, fenced = "", False
    for line in page.split("\n"):
        fenced ^= line.startswith("```")
        found = None if fenced else _HEADING.match(line)
        if found:
            headings.append((len(found.group(1)), found.group(2)))
            name = "" if len(headings) == 1 else found.group(2).strip().strip("`")
            sections.setdefault(name, [])
        else:
            sections[name].append(line)
    return headings, {one: "\n".join(lines) for one, lines in sections.items()}


def _count_structure(count: Count, headings: list[tuple[int, str]], page: str) -> None:
    levels = [level for level, _ in headings]
    _count(count, "one title, first of all", there=levels[:1] == [1] and levels.count(1) == 1)
    steps = all(after - before <= 1 for before, after in zip(levels, levels[1:]))  # noqa: B905, RUF007 - Python 3.9
    _count(count, "no heading level left out", there=steps)
    _count(count, "every code block closed", there=page.count("```") % 2 == 0)
    _count(count, "nothing unfinished", there=not re.search(r"\b(TODO|FIXME|TBD|XXX)\b", page))


def _code(body: str) -> str:
    return "\n".join(body.split("```")[1::2])


def _has_prose(body: str) -> bool:
    """Whether there are a few words that are neither code nor a list nor a label."""
    outside = "\n".join(body.split("```")[0::2])
    for paragraph in outside.split("\n\n"):
        text = re.sub(r"<!--.*?-->", "", paragraph, flags=re.DOTALL).strip()
        if text and not text.startswith(("-", "*", "|", "#")) and len(text.split()) >= _MIN_WORDS:
            return True
    return False


def _is_described(body: str, name: str) -> bool:
    """Whether a list item begins with the name and says more than type and default."""
    found = re.search(rf"^[-*|] *`{re.escape(name)}`(.*(?:\n  .*)*)", body, re.MULTILINE)
    said = re.sub(r"`[^`]*`|default", "", found.group(1)) if found else ""
    return len(re.findall(r"\w+", said)) >= _MIN_WORDS


def _too_long(line: str) -> bool:
    return len(line) > LONGEST_LINE and not line.startswith("<!--")
