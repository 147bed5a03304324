"""README and ARCHITECTURE name what there is: patterns, examples, queues, files."""

import re

from activities.yaml12 import load
from contracts import names
from contracts.specs import PATTERNS
from tests.docs.pages import ROOT, code_in, links, tables

README, ARCHITECTURE = ROOT / "README.md", ROOT / "ARCHITECTURE.md"
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def test_patterns_that_run_are_listed_with_their_pages() -> None:
    pages = {f"docs/patterns/{page.name}" for page in (ROOT / "docs" / "patterns").glob("*.md")}
    listed = {_LINK.sub(r"\1", row[0]) for row in _rows("| pattern | what |")}

    assert len(listed) > 4, "the guard would be vacuous"
    assert listed <= set(PATTERNS)
    assert {page for page in links(README) if page.startswith("docs/patterns/")} == pages


def test_examples_are_listed_with_their_patterns() -> None:
    folders = {spec.parent.name: spec for spec in (ROOT / "examples").glob("*/orchestration.yml")}
    rows = _rows("| | example | pattern | what it does |")
    listed = {_LINK.findall(row[1])[0][1].split("/")[1]: row[2] for row in rows}

    assert set(listed) == set(folders)
    for name, said in listed.items():
        pattern, _, later = said.partition(", ")
        assert load(folders[name].read_text())["pattern"] == pattern
        assert later in ("", "not yet")


def test_the_queues_are_those_of_the_names() -> None:
    told = {code_in(row[0])[0] for row in tables(ARCHITECTURE, "## Task queues")[1:]}

    assert told == {getattr(names, one) for one in dir(names) if one.endswith("_QUEUE")}


def test_files_that_the_architecture_names_exist() -> None:
    text = ARCHITECTURE.read_text()
    named = {one for one in code_in(text.replace("\n", " ")) if re.fullmatch(r"[\w/]+\.py", one)}
    parts = ROOT / "workflows" / "parts"
    places = (ROOT, ROOT / "workflows", parts)

    assert len(named) > 12, "the guard would be vacuous"
    assert [one for one in sorted(named) if not any((p / one).exists() for p in places)] == []


def _rows(head: str) -> list[list[str]]:
    _, _, rest = README.read_text().partition(f"\n{head}\n")
    lines = rest.split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
