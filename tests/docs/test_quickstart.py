"""Every block of the quickstart is run: files are written, commands do what the page says."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from starter.children import free_ports
from starter.connection import MissingAttributesError, connect, require_search_attributes
from tests.docs.pages import ROOT, Block, blocks
from tests.docs.walk import Walk

PAGE = ROOT / "docs" / "quickstart.md"
REPOSITORY = "octo-org/widgets"
TERMINALS = ("temporal", "sandbox", "worker")
PORTS = ("7233", "8233", "8080")
"""Temporal, its UI and the sandbox, as the page has them."""


@pytest.fixture
def walk(tmp_path: Path) -> Iterator[Walk]:
    """A reader whose clone is pushed to a bare repository beside it."""
    home = tmp_path / "home"
    clone = home / "widgets"
    clone.mkdir(parents=True)
    (clone / "README.md").write_text("# Widgets\n\nSmall and round.\n")
    ports = [str(port) for port in free_ports(len(PORTS))]
    walked = Walk(home, dict(zip(PORTS, ports, strict=True)))
    walked.run(Block("the clone", "console", "", CLONE))
    try:
        yield walked
    finally:
        walked.close()


CLONE = """
git init --quiet --bare --initial-branch main ~/origin.git
cd ~/widgets
git init --quiet --initial-branch main
git add README.md
git commit --quiet --message "Begin"
git remote add origin ~/origin.git
git push --quiet --set-upstream origin main
"""


def of_page(language: str) -> list[Block]:
    return [block for block in blocks(PAGE) if block.language == language]


def files() -> list[Block]:
    return [*of_page("sh"), *of_page("yaml")]


def commands() -> list[Block]:
    """What is run to its end in the fourth terminal."""
    return [block for block in of_page("console") if not block.about]


def terminal(name: str) -> Block:
    (found,) = [block for block in of_page("console") if block.about == name]
    return found


def test_no_block_of_the_page_goes_unchecked() -> None:
    """A block is a file to write, a command, or a terminal that this module knows."""
    assert [
        block.place for block in blocks(PAGE) if block.language not in ("sh", "yaml", "console")
    ] == []
    assert [block.place for block in files() if not block.about.startswith("~/")] == []
    assert {b.about for b in of_page("console")} == {"", "cluster", *TERMINALS}
    text = "".join(block.text for block in blocks(PAGE))
    assert [port for port in PORTS if port not in text] == []


def test_the_page_leads_to_a_report_and_to_an_issue(walk: Walk) -> None:
    for block in files():
        walk.write(block)
    temporal, ui, github = (walk.replaced[port] for port in PORTS)
    walk.keep(terminal("temporal"), ready=temporal)
    walk.keep(terminal("sandbox"), ready=github)
    walk.keep(terminal("worker"), ready="worker started")

    dry, first, look, push, with_report, slower = commands()
    check_dry_run(walk.run(dry))
    check_report(walk.run(first))
    check_look(walk.run(look))
    assert requests.get(f"http://127.0.0.1:{ui}", timeout=10).ok
    walk.run(push)
    check_pushed(walk)
    check_report(walk.run(with_report))
    check_issue(github)
    assert "Successfully updated" in walk.run(slower)


def check_dry_run(said: str) -> None:
    assert "worker line-counter.yml at main: there, can be dispatched" in said
    assert "path=README.md" in said
    assert "one by one" not in said, "the worker's runs can be told apart"
    assert "2 items (list)" in said
    assert "would write nothing" in said
    assert "Nothing was dispatched, written or sent." in said


def check_report(said: str) -> None:
    """The lines that the worker counted in the clone's README are in the report's table."""
    rows = [line for line in said.splitlines() if line.startswith("|") and "README.md" in line]
    assert [row for row in rows if "| 3 |" in row], said
    assert said.rstrip().endswith("succeeded")


def check_look(said: str) -> None:
    assert "podium/line-counts/rehearsal" in said
    assert "WorkflowExecutionCompleted" in said
    assert '"finished":2' in said.replace(" ", "").replace("\\", "")
    assert said.count("dispatched") >= 2


def check_pushed(walk: Walk) -> None:
    there = subprocess.run(
        ["git", "-C", str(walk.home / "origin.git"), "ls-tree", "-r", "--name-only", "main"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ".github/workflows/line-counter.yml" in there.stdout.split()


def check_issue(github: str) -> None:
    answer = requests.get(
        f"http://127.0.0.1:{github}/repos/{REPOSITORY}/issues",
        headers={"Authorization": "Bearer rehearsal"},
        timeout=10,
    )
    (issue,) = answer.json()
    assert issue["title"].startswith("line-counts - ")
    assert [label["name"] for label in issue["labels"]] == ["podium-report"]


def test_a_server_of_ones_own_gets_its_search_attributes(walk: Walk) -> None:
    walk.write(of_page("sh")[0])
    given = terminal("temporal")
    bare = " ".join(
        word for word in given.text.replace("\\\n", "").split(" ") if "Keyword" not in word
    ).replace("--search-attribute", "")
    port = walk.replaced["7233"]
    walk.keep(Block(given.place, "console", "bare", bare), ready=port)

    with pytest.raises(MissingAttributesError, match="PodiumWaitingFor"):
        asyncio.run(require(port))
    walk.run(terminal("cluster"))

    asyncio.run(require(port))


async def require(port: str) -> None:
    client = await connect(environment={"TEMPORAL_ADDRESS": f"127.0.0.1:{port}"})
    await require_search_attributes(client)
