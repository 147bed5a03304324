"""The repository holds no secret, and its static security checks stay switched on."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = {
    "GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{50,}",
    "private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----\s+[A-Za-z0-9+/=]{40}",
    "signed token": r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{20,}",
    "AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "Slack token": r"\bxox[abpors]-[0-9A-Za-z-]{10,}",
    "Slack webhook": r"hooks\.slack\.com/services/T[0-9A-Z]{8,}/",
    "Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{20,}",
    "PyPI token": r"\bpypi-AgE[0-9A-Za-z_-]{50,}",
    "npm token": r"\bnpm_[0-9A-Za-z]{36}\b",
    "model key": r"\bsk-(?:ant-|proj-)?[0-9A-Za-z_-]{32,}",
    "credentials in an address": r"://[A-Za-z0-9._-]+:[A-Za-z0-9._~-]{12,}@[a-z0-9-]+\.[a-z]{2,}",
}
"""Prefixes that their issuers gave them to be found by."""
MADE_UP = {
    "GitHub token": {"ghs_ThisIsTheTokenThatNobodyMayEverSee0"},
}
"""What tests look for, or plant."""


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def secrets_in(text: str) -> list[str]:
    return [
        f"{kind}: {found.group()[:12]}"
        for kind, pattern in PATTERNS.items()
        for found in re.finditer(pattern, text)
        if found.group() not in MADE_UP.get(kind, ())
    ]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this copy is no checkout")
def test_no_tracked_file_holds_a_secret() -> None:
    files = tracked()
    found = {
        str(path.relative_to(ROOT)): secrets_in(path.read_text(errors="replace")) for path in files
    }

    assert len(files) > 600, "the guard would be vacuous"
    assert {name: secrets for name, secrets in found.items() if secrets} == {}


@pytest.mark.parametrize(
    "planted",
    [
        "ghp_" + "a1B2" * 9,
        "github_pat_" + "a1B2" * 20,
        "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIE" * 16,
        "AKIA" + "ABCD" * 4,
        "xoxb-" + "1234567890-abc",
        "sk-ant-" + "a1B2" * 10,
        "https://me:" + "correct-horse-1" + "@db.example.com/x",
        ".".join(["eyJ" + "hbGciOiJIUzI1NiJ9", "eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0", "x" * 43]),
    ],
)
def test_a_secret_that_is_planted_is_found(planted: str) -> None:
    assert secrets_in(f"token = '{planted}'\n")


def ruff() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        lint: dict[str, Any] = tomllib.load(file)["tool"]["ruff"]["lint"]
    return lint


def test_the_security_rules_of_ruff_are_on_and_only_tests_are_let_off_some() -> None:
    lint = ruff()
    let_off = {
        place: {rule for rule in rules if re.match(r"S\d*$", rule)}
        for place, rules in lint["per-file-ignores"].items()
    }

    assert lint["select"] == ["ALL"]
    assert not [rule for rule in lint["ignore"] if re.match(r"S\d*$", rule)]
    assert {place for place, rules in let_off.items() if rules} <= {"tests/**", "bench/**"}
    assert not any("S" in rules for rules in let_off.values())


def test_every_exception_names_its_rule_and_its_reason() -> None:
    without: list[str] = []
    for path in tracked():
        if path.suffix != ".py":
            continue
        lines = path.read_text().splitlines()
        name = path.relative_to(ROOT)
        without += [
            f"{name}: {line.strip()}" for line in lines if re.search(r"#\s*noqa(?!:)", line)
        ]
        if name.parts[0] != "tests":
            bare = re.compile(r"#\s*noqa: S\d+\s*$")
            without += [f"{name}: {line.strip()}" for line in lines if bare.search(line)]

    assert without == []


def test_every_dependency_is_pinned_by_its_hash() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock"):
        entries = re.split(r"\n(?=[a-zA-Z])", (ROOT / lock).read_text().strip())
        packages = [one for one in entries if re.match(r"[a-zA-Z]", one)]

        assert len(packages) > 20, "the guard would be vacuous"
        assert [
            one for one in packages if not re.match(r"\S+==\S+ \\\n +--hash=sha256:", one)
        ] == []


def test_the_lock_of_tests_holds_all_of_the_other() -> None:
    """`make setup-dev` installs from this one alone."""
    run, tests = (
        set(re.findall(r"^\S+==\S+", (ROOT / lock).read_text(), re.MULTILINE))
        for lock in ("requirements.lock", "requirements-dev.lock")
    )

    assert run
    assert run - tests == set()
