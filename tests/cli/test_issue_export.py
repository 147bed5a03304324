"""Issue exports: every shape that `gh api` prints, any Unicode, and garbage."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from starter.issue_export import IssueExportError, read_issues
from tests.cli.conftest import Podium


def issue(number: int, **fields: Any) -> dict[str, Any]:
    return {"number": number, "title": f"Issue {number}", "body": "text", "state": "open", **fields}


ONE, TWO, THREE = issue(1), issue(2, body=None), issue(3, labels=[{"name": "bug"}])


def export(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "issues.json"
    file.write_text(text, encoding="utf-8")
    return file


SHAPES = {
    "one array": json.dumps([ONE, TWO, THREE]),
    "arrays in sequence": json.dumps([ONE]) + json.dumps([TWO]) + "\n" + json.dumps([THREE]),
    "nested arrays": json.dumps([[ONE, TWO], [THREE], []]),
    "objects in sequence": "\n".join(map(json.dumps, (ONE, TWO, THREE))),
    "with a byte order mark": "\ufeff" + json.dumps([ONE, TWO, THREE], indent=2) + "\n\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_that_gh_prints_is_read(tmp_path: Path, shape: str) -> None:
    assert read_issues(export(tmp_path, SHAPES[shape])) == [ONE, TWO, THREE]


def test_pages_that_are_empty_and_an_export_without_issues_are_read(tmp_path: Path) -> None:
    assert read_issues(export(tmp_path, "[][]")) == []
    assert read_issues(export(tmp_path, "[[]]")) == []


def test_an_issue_that_moved_between_pages_counts_once_as_read_last(tmp_path: Path) -> None:
    text = json.dumps([ONE, TWO]) + json.dumps([issue(1, title="newer"), THREE])

    assert read_issues(export(tmp_path, text)) == [issue(1, title="newer"), TWO, THREE]


def test_what_github_adds_besides_is_left_out(tmp_path: Path) -> None:
    text = json.dumps([issue(1, reactions={"+1": 3}, url="https://api.github.com/x")])

    assert read_issues(export(tmp_path, text)) == [ONE]


LONGEST = 65_536
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(body=TEXTS | st.none(), title=TEXTS.filter(str.strip), escaped=st.booleans())
def test_any_text_survives(
    tmp_path_factory: pytest.TempPathFactory, body: str | None, title: str, *, escaped: bool
) -> None:
    given_issue = issue(7, body=body, title=title)
    text = json.dumps([given_issue], ensure_ascii=escaped)

    assert read_issues(export(tmp_path_factory.mktemp("export"), text)) == [given_issue]


@pytest.mark.parametrize("character", ["x", "\U0001f600", "\u2028", "\x00", '"', "\\"])
def test_the_longest_body_survives(tmp_path: Path, character: str) -> None:
    longest = issue(1, body=character * LONGEST)

    assert read_issues(export(tmp_path, json.dumps([longest]))) == [longest]


def test_half_a_character_becomes_a_replacement_character(tmp_path: Path) -> None:
    found = read_issues(
        export(tmp_path, '[{"number": 1, "title": "a\\ud83d", "body": "\\ude00b"}]')
    )

    assert found == [{"number": 1, "title": "a\ufffd", "body": "\ufffdb"}]


GARBAGE = {
    "empty": ("", ":1: empty; export with"),
    "blank": (" \n", ":1: empty; export with"),
    "no JSON": ("issues", ":1:1: no JSON: "),
    "cut off": ('[{"number": 1,\n"title": "x"', ":2:13: no JSON: "),
    "an error of GitHub": ('{"message": "Not Found"}', "[0].number: missing; every issue has a"),
    "a number": ("[1]", "[0]: 1 is no issue, which is an object"),
    "a text": ('["x"]', '[0]: "x" is no issue'),
    "no title": ('[{"number": 1}]', "[0].title: missing; every issue has a title"),
    "a blank title": ('[{"number": 1, "title": " "}]', '[0].title: it is " "'),
    "number 0": ('[{"number": 0, "title": "x"}]', "[0].number: it is 0; every issue has a number"),
    "number true": ('[{"number": true, "title": "x"}]', "[0].number: it is true"),
    "a body that is a list": ('[{"number": 1, "title": "x", "body": []}]', "[0].body: it is []"),
    "labels": ('[{"number": 1, "title": "x", "labels": [1]}]', "[0].labels: it is [1]; labels are"),
    "no time": (
        '[{"number": 1, "title": "x", "created_at": "today"}]', "; a time is written 2026-",
    ),
    "the second page": ('[{"number": 1, "title": "x"}][{"number": "2"}]', '[1].number: it is "2"'),
    "deep": ("[" * 100_000, "nested too deeply to be issues"),
    "digits": ("[" + "9" * 5_000 + "]", "no JSON: Exceeds the limit"),
}  # fmt: skip


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_told_with_its_place(tmp_path: Path, name: str) -> None:
    text, words = GARBAGE[name]
    file = export(tmp_path, text)

    with pytest.raises(IssueExportError) as error:
        read_issues(file)

    assert str(error.value).startswith(f"{file}:")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff\xfe[", ": byte 0 is no UTF-8; export again as UTF-8"), (b"\x00", ":1:1: no JSON")],
)
@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_a_garbage_file_exits_2_before_any_server_is_started(
    podium: Podium, tmp_path: Path, command: str, content: bytes, words: str
) -> None:
    file, folder = tmp_path / "issues.json", tmp_path / "state"
    file.write_bytes(content)
    options: list[str | Path] = ["--issues", file, "--state-dir", folder]
    if command == "sandbox":
        options = ["--repository", f"octo-org/widgets={tmp_path}", "--issues"]
        options.append(f"octo-org/widgets={file}")

    said = podium(command, *options)

    assert said.code == 2
    assert f"{file}{words}" in said.err
    assert not folder.exists()


def test_a_missing_export_exits_2(podium: Podium, tmp_path: Path) -> None:
    said = podium("demo", "--issues", tmp_path / "nope.json")

    assert said.code == 2
    assert f"{tmp_path}/nope.json: cannot be read: No such file or directory" in said.err
