"""All pages: their specs are valid, their links lead somewhere, their commands exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from activities.yaml12 import load
from contracts.orchestration import parse_spec
from starter.cli import app
from tests.docs.pages import PAGES, ROOT, Block, anchors, blocks, links, prose

_COMMAND = re.compile(r"(?:\./|(?<![\w./-]))podium +([a-z][\w-]*)((?: +\S+)*)")
_MAKE = re.compile(r"\bmake +([a-z][a-z-]*)")


def specs() -> list[Block]:
    """Fenced YAML that is a spec, whichever page it stands on."""
    found = [block for page in PAGES for block in blocks(page) if block.language in ("yaml", "yml")]
    return [block for block in found if "pattern" in (load(block.text) or {})]


def shell() -> list[str]:
    """Lines of shell on all pages, and code spans that could be one."""
    found = []
    for page in PAGES:
        for block in blocks(page):
            if block.language in ("console", "sh"):
                found += block.text.replace("\\\n", " ").splitlines()
        found += re.findall(r"`([^`\n]+)`", prose(page))
    return found


def commands() -> dict[str, Any]:
    group = typer.main.get_command(app)
    found: dict[str, Any] = getattr(group, "commands", {})
    return found


@pytest.mark.parametrize("block", specs(), ids=lambda block: block.place)
def test_a_spec_on_a_page_is_valid(block: Block) -> None:
    parse_spec(load(block.text))


def test_there_are_specs_to_validate() -> None:
    places = {block.place.partition(":")[0] for block in specs()}

    patterns = {f"docs/patterns/{page.name}" for page in (ROOT / "docs" / "patterns").glob("*.md")}
    assert {"README.md", "docs/quickstart.md", *patterns} <= places


def test_all_fenced_yaml_is_yaml() -> None:
    for page in PAGES:
        for block in blocks(page):
            if block.language in ("yaml", "yml"):
                assert load(block.text), block.place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_to_files_and_headings(page: Path) -> None:
    broken = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        file = (page.parent / target).resolve() if target else page
        there = file.exists() and file.is_relative_to(ROOT)
        if not there or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(link)

    assert broken == []


def test_the_readme_links_to_the_pages_that_lead_on() -> None:
    readme = links(ROOT / "README.md")

    for wanted in (
        "docs/quickstart.md",
        "docs/requirements.md",
        "docs/patterns/orchestrator-worker.md",
    ):
        assert wanted in readme


def test_every_command_of_podium_on_a_page_exists_with_its_options() -> None:
    known = commands()
    used = [match for line in shell() for match in _COMMAND.finditer(line)]

    assert len(used) > 8, "the guard would be vacuous"
    assert [match.group() for match in used if match[1] not in known] == []
    for match in used:
        command = known[match[1]]
        below = getattr(command, "commands", {})
        if below:  # a group, such as `podium schedules`
            word = match[2].split()[0] if match[2] else "--help"
            assert word in {*below, "--help"}, match.group()
            command = below.get(word, command)
        options = {option for one in command.params for option in one.opts}
        given = re.findall(r"(?<= )--[a-z][\w-]*", match[2].partition(" && ")[0])
        assert [one for one in given if one not in options | {"--help"}] == [], match.group()


def test_every_make_target_on_a_page_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    used = {match[1] for line in shell() for match in _MAKE.finditer(line)}

    assert {"demo", "setup"} <= used, "the guard would be vacuous"
    assert [one for one in sorted(used) if not re.search(rf"^{one}:", makefile, re.MULTILINE)] == []
