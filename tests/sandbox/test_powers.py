"""What Podium's own token may do, as GitHub tells it; and when a Temporal Worker does not want it."""

import logging
from pathlib import Path

import pytest

import worker_main
from activities.powers import Powers, TooPowerfulError, powers
from activities.settings import Settings, SettingsError, settings_from
from contracts.permissions import most
from sandbox.launch import SandboxProcess
from starter.exits import CliError
from tests.sandbox.apps import APP_ID, SLUG, keys


def settings(sandbox: SandboxProcess, **more: str) -> Settings:
    return settings_from({"GITHUB_API_URL": sandbox.api_url, **more})


def with_token(sandbox: SandboxProcess, scopes: str | None, **more: str) -> Settings:
    return settings(sandbox, GITHUB_TOKEN=sandbox.control.add_token("me", scopes=scopes), **more)


def of(given: Settings) -> Powers:
    return powers(given.github)


def as_app(sandbox: SandboxProcess, folder: Path, *permissions: dict[str, str]) -> Settings:
    key = folder / "key.pem"
    key.write_text(keys()[0])
    installed = [{"owner": f"o{n}", "permissions": one} for n, one in enumerate(permissions)]
    sandbox.control.add_app(APP_ID, SLUG, keys()[1], *installed)
    return settings(
        sandbox, PODIUM_GITHUB_APP_ID=str(APP_ID), PODIUM_GITHUB_APP_PRIVATE_KEY_FILE=str(key)
    )


def test_a_classic_tokens_scopes_are_told(timed: SandboxProcess) -> None:
    assert of(with_token(timed, "read:org, repo, workflow")).excess == (
        "repo (can push code, and whatever its user can)",
        "workflow",
    )
    assert of(with_token(timed, "read:org")).excess == ()
    assert of(with_token(timed, "")).excess == ()


def test_of_a_fine_grained_token_nothing_is_told_and_that_is_said(timed: SandboxProcess) -> None:
    found = of(with_token(timed, None))

    assert (found.excess, "does not tell" in str(found)) == ((), True)


def test_an_apps_permissions_are_told_for_each_installation(
    timed: SandboxProcess, tmp_path: Path
) -> None:
    assert of(as_app(timed, tmp_path, most())).excess == ()
    assert of(as_app(timed, tmp_path, most() | {"administration": "read"})).excess == ()
    too_much = most() | {"administration": "write", "contents": "write"}
    assert of(as_app(timed, tmp_path, most(), too_much)).excess == (
        "administration: write",
        "contents: write",
    )


async def test_a_strict_worker_does_not_start_with_too_much(timed: SandboxProcess) -> None:
    given = with_token(timed, "repo", PODIUM_STRICT="1")

    with pytest.raises(TooPowerfulError, match=r"PODIUM_STRICT: this classic token .*repo.*docs/"):
        await worker_main.check_powers(given)
    await worker_main.check_powers(with_token(timed, None, PODIUM_STRICT="1"))


async def test_another_worker_says_so_and_starts(
    timed: SandboxProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "podium.worker"):
        await (await worker_main.check_powers(with_token(timed, "repo")))
        await (await worker_main.check_powers(with_token(timed, None)))

    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


async def test_when_github_is_away_only_a_strict_worker_minds(
    timed: SandboxProcess, caplog: pytest.LogCaptureFixture
) -> None:
    away = {"GITHUB_API_URL": "http://127.0.0.1:9", "GITHUB_TOKEN": "t"}

    with pytest.raises(CliError, match="PODIUM_STRICT: what the token may do is not known"):
        await worker_main.check_powers(settings_from(away | {"PODIUM_STRICT": "1"}))
    await (await worker_main.check_powers(settings_from(away)))
    assert "not known" in caplog.text


def test_strict_is_yes_or_no(timed: SandboxProcess) -> None:
    with pytest.raises(SettingsError, match="neither 0 nor 1"):
        with_token(timed, None, PODIUM_STRICT="yes")
    assert not with_token(timed, None, PODIUM_STRICT="0").strict
