"""`podium doctor`: what is there is told, and what is not, with the fix."""

import pytest

from starter.children import free_ports
from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium

BRIEF = {"PODIUM_AUDIT_PERIOD": "1h", "PODIUM_LONGEST_DEADLINE": "1h"}
"""A development server keeps runs for a day."""


def told(out: str) -> dict[str, str]:
    """How each thing is, by its name."""
    rows = [line.split(maxsplit=1) for line in out.splitlines() if line[:1] != " "]
    return {words.split(":")[0]: health for health, words in rows}


def test_where_all_is_well_nothing_is_wrong(
    podium: Podium, backstage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in BRIEF.items():
        monkeypatch.setenv(name, value)

    said = podium("doctor")

    assert said.code == 0, said.out
    assert set(told(said.out).values()) <= {"ok", "note"}
    assert told(said.out)["retention"] == told(said.out)["search attributes"] == "ok"
    assert told(said.out)["encryption"] == "note"


def test_too_short_a_retention_and_a_token_that_is_none_are_wrong(
    podium: Podium, backstage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "not a token of anybody")

    said = podium("doctor")

    assert said.code == 1
    assert told(said.out)["retention"] == told(said.out)["GitHub"] == "wrong"
    assert "temporal operator namespace update --namespace default --retention 174h" in said.out
    assert "not a token" not in said.out


def test_without_temporal_the_rest_is_looked_at_all_the_same(
    podium: Podium, backstage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{free_ports(1)[0]}")

    said = podium("doctor")

    assert said.code == 3
    assert told(said.out).keys() == {"Temporal", "encryption", "GitHub"}
    assert told(said.out)["Temporal"] == "away"


def test_keys_that_cannot_be_read_are_wrong(
    podium: Podium, backstage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PODIUM_ENCRYPTION_KEYS", "k=no-such-file")

    said = podium("doctor")

    assert said.code == 1
    assert told(said.out)["encryption"] == "wrong"
    assert "no-such-file: cannot be read" in said.out
