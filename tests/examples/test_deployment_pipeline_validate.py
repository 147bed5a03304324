"""What is looked at before a release goes anywhere: its unit tests, secrets and risky calls."""

import json
from pathlib import Path

import pytest

from tests.examples.tea_house import EXAMPLE
from tests.examples.workbench import Example


@pytest.mark.parametrize(
    ("version", "failed"),
    [("1.5.0", []), ("1.6.0", []), ("1.7.0", []), ("1.8.0", ["price"]), ("1.9.0", [])],
)
def test_unit_tests_are_run_over_one_release(
    tmp_path: Path, version: str, failed: list[str]
) -> None:
    ended, result = EXAMPLE.run("test_release.py", tmp_path, VERSION=version)
    EXAMPLE.valid(result, "schemas/test-validator.json")

    assert (ended, result.outputs["tests"]) == (len(failed), 4)
    assert [name.rsplit("_", 1)[1] for name in result.outputs["failed"]] == failed
    assert [error.message.partition(": ")[2][:14] for error in result.errors] == (
        ["AssertionError"] if failed else []
    )


@pytest.mark.parametrize("version", ["1.4.0", "1.5.0", "1.6.0", "1.7.0", "1.8.0"])
def test_clean_releases_pass_the_scan(tmp_path: Path, version: str) -> None:
    ended, result = EXAMPLE.run("scan_release.py", tmp_path, VERSION=version)

    assert (ended, EXAMPLE.valid(result, "schemas/security-validator.json").status) == (
        0,
        "success",
    )


def test_secrets_and_risky_calls_are_found_and_never_shown(tmp_path: Path) -> None:
    ended, result = EXAMPLE.run("scan_release.py", tmp_path, VERSION="1.9.0")
    outputs = EXAMPLE.valid(result, "schemas/security-validator.json").outputs

    assert (ended, outputs["by_severity"]) == (1, {"critical": 1, "high": 2})
    assert [(one["line"], one["severity"]) for one in outputs["findings"]] == [
        (1, "critical"),
        (4, "high"),
        (4, "high"),
    ]
    assert "th-4fQ9" not in json.dumps(result.model_dump(mode="json"))


@pytest.mark.parametrize(
    ("name", "text", "kinds"),
    [
        ("a.py", "import os\nos.system('ls')\n", ["os.system runs a shell"]),
        ("a.py", "run('ls', shell=True)\n", ["run runs a shell"]),
        ("a.py", "yaml.load(x, Loader=yaml.SafeLoader)\nmodel.eval()\n", []),
        ("a.py", "pass_word = 'correct horse battery'\ntoken: str = name\n", []),
        ("a.py", "def broken(\n", ["is no Python, and was not looked through"]),
        ("a.txt", "-----BEGIN RSA PRIVATE KEY-----\n", ["private key"]),
        ("a.txt", f"ghp_{'aB3' * 12}\n", ["GitHub token"]),
        ("a.json", '{"api_key": "aaaaaaaaaaaaaaaaaaaa"}\n', []),
        (
            "a.html",
            "<script src='http://x/y.js'></script>\n",
            ["loads a script without encryption"],
        ),
    ],
)
def test_the_scan_knows_shapes_and_calls(
    tmp_path: Path, name: str, text: str, kinds: list[str]
) -> None:
    copy = tmp_path / "copy"
    scripts = copy / ".github" / "scripts"
    scripts.mkdir(parents=True)
    for script in ("scan_release.py", "deployment_result.py"):
        (scripts / script).write_text(
            (EXAMPLE.repository / ".github" / "scripts" / script).read_text()
        )
    pages = copy / "releases" / "2.0.0" / "pages"
    pages.mkdir(parents=True)
    (pages / name).write_text(text)
    other = Example("deployment-pipeline")
    other.repository = copy

    _, result = other.run("scan_release.py", tmp_path, VERSION="2.0.0")

    assert [one["kind"] for one in result.outputs["findings"]] == kinds
