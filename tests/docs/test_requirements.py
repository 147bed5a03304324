"""docs/requirements.md, held against the code: nothing is claimed that is not there."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, code_in, tables

PAGE = ROOT / "docs" / "requirements.md"
GROUPS = {
    "Fundamentals": ("F", 8),
    "Orchestrators": ("O", 12),
    "Workers": ("W", 3),
    "Messages": ("C", 3),
    "Parallel work": ("P", 4),
    "Errors": ("E", 6),
    "Patterns": ("T", 8),
    "Examples": ("X", 9),
    "Outputs to GitHub": ("S", 3),
    "Operation": ("M", 5),
    "Use": ("U", 3),
}
STATES = ("kept", "partly", "open")
_PATH = re.compile(r"[\w.-]+(/[\w.-]+)+/?|[\w-]+\.(py|md)")


def rows() -> dict[str, list[str]]:
    """The cells of every row, by id; an id that stands twice is a mistake."""
    found: dict[str, list[str]] = {}
    for heading in GROUPS:
        for row in tables(PAGE, f"## {heading}")[1:]:
            assert len(row) == 5, row
            assert row[0] not in found, f"{row[0]} stands twice"
            found[row[0]] = row
    return found


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def claimed() -> dict[str, set[str]]:
    """Ids that tests are marked with, and the tests."""
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            for mark in getattr(node, "decorator_list", ()):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.covers":
                    for one in mark.args:
                        name = f"{file.relative_to(ROOT)}::{getattr(node, 'name', '')}"
                        found.setdefault(ast.literal_eval(one), set()).add(name)
    return found


def test_every_requirement_stands_in_its_group_exactly_once() -> None:
    for heading, (letter, count) in GROUPS.items():
        listed = [row[0] for row in tables(PAGE, f"## {heading}")[1:]]
        assert listed == [f"{letter}{n}" for n in range(1, count + 1)], heading
    assert len(rows()) == sum(count for _, count in GROUPS.values())


def test_every_row_has_a_known_state_and_one_that_is_not_open_has_code_and_tests() -> None:
    bare = [
        row[0]
        for row in rows().values()
        if row[2] != "open" and not (code_in(row[3]) and code_in(row[4]))
    ]
    proved = [row[0] for row in rows().values() if row[2] == "open" and row[4]]

    assert {row[2] for row in rows().values()} <= set(STATES)
    assert bare == []
    assert proved == [], "open rows name no proof"


@pytest.mark.parametrize("column", [3, 4])
def test_every_path_that_is_named_exists(column: int) -> None:
    named = [one for row in rows().values() for one in code_in(row[column])]
    paths = [one.partition("::")[0] for one in named if _PATH.fullmatch(one.partition("::")[0])]

    assert len(paths) > 30, "the guard would be vacuous"
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_test_that_is_named_exists() -> None:
    named = [one for row in rows().values() for one in code_in(row[4])]

    assert [one for one in named if "::" not in one] == []
    missing = [
        one
        for one in named
        if one.partition("::")[2] not in functions(ROOT / one.partition("::")[0])
    ]
    assert missing == []


def test_what_tests_claim_is_on_the_page_and_not_called_open() -> None:
    marks = claimed()

    assert marks, "the guard would be vacuous"
    assert set(marks) <= set(rows()), "a mark names no requirement"
    assert {one: marks[one] for one in marks if rows()[one][2] == "open"} == {}
