"""The worker security-scanner without GitHub: its rules, its fingerprints, the sample organization."""

import ast
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.examples.isolated import scripts

EXAMPLE = Path(__file__).parents[2] / "examples" / "security-audit"
SCRIPTS = EXAMPLE / "repository" / ".github" / "scripts"
EXPECTED = json.loads((EXAMPLE / "expected.json").read_text())["repositories"]

worker = scripts(SCRIPTS)
samples = scripts(EXAMPLE)
BY_NAME = {one.name: one for one in samples["make_organization"].samples()}


def scan(path: str, text: str) -> list[Any]:
    found: list[Any] = worker["scan_repository"].scan_text(path, text)[0]
    return found


def broken(path: str, text: str) -> list[str]:
    return sorted(one.rule for one in scan(path, text))


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_each_sample_breaks_exactly_the_rules_that_were_planted(name: str) -> None:
    sample = BY_NAME[name]
    own = {path: text for path, text in sample.files.items() if not path.endswith(".sarif")}
    found = [rule for path, text in own.items() for rule in broken(path, text)]
    planted = sample.rules or {}

    assert {rule: found.count(rule) for rule in found} == planted


def test_every_rule_is_planted_somewhere_with_the_severity_that_it_has() -> None:
    rules, ranks = worker["rules"].RULES, samples["sample"].RANKS
    planted = {rule for one in BY_NAME.values() for rule in one.rules or {}}

    assert planted == set(rules)
    assert {name: rule.severity for name, rule in rules.items()} == {
        name: rank for rank, names in ranks.items() for name in names.split()
    }


def test_the_committed_manifest_is_what_the_generator_writes(tmp_path: Path) -> None:
    make = samples["make_organization"]
    first, second = make.write(tmp_path / "a"), make.write(tmp_path / "b")
    files = [
        {
            path.relative_to(folder): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        for folder in (tmp_path / "a", tmp_path / "b")
    ]

    assert first == second == json.loads((EXAMPLE / "expected.json").read_text())
    assert files[0] == files[1]
    assert len(EXPECTED) >= 12


def test_no_file_of_the_example_holds_what_looks_like_a_secret() -> None:
    for path in EXAMPLE.rglob("*"):
        if path.is_file() and path.suffix in {".py", ".json", ".yml", ".md"}:
            lines = path.read_text().splitlines()
            assert not list(worker["secret_rules"].secrets_in(path.name, lines)), path


LOREM = ["a7f2ff13bc495cf2:" + str(n) for n in range(1, 7)]
LINES_WITH_ENDS = [
    *("e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1"),
    *("b3edc88f2938467e:1", "c8e28b0b4002a3a0:1", "c129715d7a2bc9a3:1"),
]


@pytest.mark.parametrize(
    ("text", "hashes"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        (
            " a\nb\n  \t\tc\n d",
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
        ),
        *(
            (
                " hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End\n".replace("\n", end),
                LINES_WITH_ENDS,
            )
            for end in ("\n", "\r", "\r\n")
        ),
        (
            "Lorem ipsum dolor sit amet.\n" * 10,
            [
                *LOREM,
                *("a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1", "55ec222b86bcae53:1"),
                *("cc97dc7b1d7d8f7b:1", "c129715d7a2bc9a3:1"),
            ],
        ),
    ],
)
def test_lines_have_the_fingerprints_that_githubs_own_upload_gives_them(
    text: str, hashes: list[str]
) -> None:
    """The values are those that the upload action's own tests state."""
    assert worker["line_hashes"].line_hashes(text) == hashes


def test_a_finding_is_placed_in_units_of_utf_16() -> None:
    text = "import pickle\nx = '📊ü', pickle.loads(y)\n"
    (one,) = scan("a.py", text)
    line = text.splitlines()[1].encode("utf-16-le")

    assert one.line == 2
    assert line[2 * (one.column - 1) : 2 * (one.end_column - 1)].decode("utf-16-le") == (
        "pickle.loads"
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "model.eval()\nre.compile(x)\ncursor.execute(f'SELECT 1')\n"),
        ("a.py", "eval = 1\ndef exec_(): ...\nsubprocess.run(['a', b])\n"),
        ("a.py", "yaml.load(x, Loader=CSafeLoader)\nrequests.get(u, verify=True)\n"),
        ("a.py", 'token = os.environ["SOME_LONG_TOKEN_NAME_1"]\n'),
        ("a.js", "/* eval(x) */\nelement.innerHTML == other;\nretrieval(x)\n"),
        ("a.md", "password: ${{ secrets.PASSWORD_OF_THE_DATABASE_1 }}\n"),
        ("b.yml", "token: ${SOME_TOKEN_FROM_OUTSIDE_1}\nurl: https://user:${PASSWORD}@host\n"),
        ("b.yml", "password: example-Example-1-example\napi_key: aaaaaaaaaaaaaaaaaaaaaa1A\n"),
        ("c.yml", "- run: echo ${{ github.event.issue.title }}\n"),
        ("Dockerfile", "# FROM a:latest\nFROM a:1.2@sha256:00\n"),
    ],
)
def test_what_only_looks_alike_is_no_finding(path: str, text: str) -> None:
    assert broken(path, text) == []


def test_one_secret_is_one_finding_of_its_most_telling_rule() -> None:
    token = samples["sample"].Mint("one").github()

    assert broken("settings.py", f'github_token = "{token}"\n') == ["github-token"]
    assert broken("a.yml", f"x: https://me:{token}@host.example/\n") == ["github-token"]


@pytest.mark.parametrize(
    "unit", ["token=", "a", "://x:", "eyJa", "${{", "-----BEGIN ", "(", "\n", "token=\n"]
)
def test_no_hostile_text_makes_the_scan_explode(unit: str) -> None:
    text = (unit * 300_000)[:300_000]
    began = time.process_time()

    for path in ("a.py", "a.js", ".github/a.yml", "a.env"):
        worker["scan_repository"].scan_text(path, text)

    # Quadratic work on such a text takes minutes of processor time.
    assert time.process_time() - began < 20


def test_the_scripts_are_written_for_python_3_9_and_the_standard_library() -> None:
    own = {path.stem for path in SCRIPTS.glob("*.py")}
    for path in SCRIPTS.glob("*.py"):
        tree = ast.parse(path.read_text(), feature_version=(3, 9))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | own
