"""Settings of a Temporal Worker, from its environment. Tokens are read here and nowhere else."""

import math
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from github import Auth

from activities.github import GitHub, GitHubClient
from activities.github.apps import AppIdentities
from activities.markers import Markers
from activities.once import SETTLE_MAX
from activities.powers import STRICT
from activities.rates import Limits, RateError, limits_from

GITHUB_TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the name of a setting
GITHUB_API_URL = "GITHUB_API_URL"
APP_ID = "PODIUM_GITHUB_APP_ID"
APP_KEY_FILE = "PODIUM_GITHUB_APP_PRIVATE_KEY_FILE"
APP_KEY_COMMAND = "PODIUM_GITHUB_APP_PRIVATE_KEY_COMMAND"
APP_INSTALLATION = "PODIUM_GITHUB_APP_INSTALLATION_ID"
MARKER_KEY = "PODIUM_MARKER_KEY"
SETTLE_SECONDS = "PODIUM_SETTLE_SECONDS"

_KEY_SECONDS = 30
MAX_SETTLE_SECONDS = 3_600

_DEFAULT_API = "https://api.github.com"
_NUMBER = re.compile(r"[0-9]{1,18}")


class SettingsError(ValueError):
    """A setting that is missing or wrong; the message names it and the fix."""


@dataclass(frozen=True)
class Settings:
    """What a Temporal Worker needs to know besides where Temporal is."""

    github: GitHub
    markers: Markers
    settle: timedelta
    strict: bool = False
    """Whether a token that can do more than any spec needs is refused."""
    limits: Limits = field(default_factory=lambda: limits_from({}))


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: no token and no App, or a value that is none.
    """
    api_url = _api_url(environment.get(GITHUB_API_URL) or _DEFAULT_API)
    auth, secret = _auth(environment, api_url)
    key = environment.get(MARKER_KEY) or secret
    try:
        limits = limits_from(environment)
    except RateError as error:
        raise SettingsError(str(error)) from error
    return Settings(
        github=GitHub(GitHubClient(auth, api_url)),
        markers=Markers.from_text(key),
        strict=_strict(environment.get(STRICT)),
        settle=_settle(environment.get(SETTLE_SECONDS)),
        limits=limits,
    )


def _strict(value: str | None) -> bool:
    if value not in (None, "", "0", "1"):
        raise SettingsError(f"{STRICT}={value!r} is neither 0 nor 1")
    return value == "1"


def _settle(value: str | None) -> timedelta:
    if not value:
        return SETTLE_MAX
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= MAX_SETTLE_SECONDS:  # NaN is neither
        raise SettingsError(
            f"{SETTLE_SECONDS}={value!r} is no number of seconds that can be waited: write one "
            f"above 0, and at most {MAX_SETTLE_SECONDS}"
        )
    return timedelta(seconds=seconds)


def _api_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        good = False
    if not good or not url.isprintable() or " " in url:
        raise SettingsError(f"{GITHUB_API_URL}={url}: no URL; write for example {_DEFAULT_API}")
    return url


def _auth(environment: Mapping[str, str], api_url: str) -> tuple[Auth.Auth | AppIdentities, str]:
    token = environment.get(GITHUB_TOKEN)
    if token:
        return Auth.Token(token), token
    app_id = environment.get(APP_ID)
    named = APP_KEY_FILE if environment.get(APP_KEY_FILE) else APP_KEY_COMMAND
    given = environment.get(named)
    if not app_id or not given:
        raise SettingsError(
            f"no GitHub credentials: set {GITHUB_TOKEN}, or {APP_ID} and {APP_KEY_FILE} or "
            f"{APP_KEY_COMMAND}"
        )
    installation = environment.get(APP_INSTALLATION)
    if installation and not _NUMBER.fullmatch(installation):
        raise SettingsError(
            f"{APP_INSTALLATION}={installation!r} is no installation id; leave it out to find the "
            "installation of each owner"
        )
    key = _key_from_file(given) if named == APP_KEY_FILE else _key_from_command(given)
    app = _app(app_id, key, f"{named}={given}")
    return AppIdentities(app, api_url, int(installation) if installation else None), key


def _key_from_file(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "no text"
        raise SettingsError(f"{APP_KEY_FILE}={file}: cannot be read: {said}") from None


def _key_from_command(command: str) -> str:
    """Ask a program for the key, as one that reads a vault; no shell takes part."""
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own setting
            shlex.split(command), capture_output=True, text=True, timeout=_KEY_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        said = f"ended with {error.returncode}"
    except subprocess.TimeoutExpired:
        said = f"gave no answer within {_KEY_SECONDS} s"
    except (OSError, ValueError) as error:
        said = f"cannot be run: {getattr(error, 'strerror', None) or error}"
    else:
        return done.stdout
    # Nothing that it printed is told: half a key is no message.
    raise SettingsError(f"{APP_KEY_COMMAND}={command}: {said}")


def _app(app_id: str, key: str, where: str) -> Auth.AppAuth:
    try:
        app = Auth.AppAuth(app_id, key)
        app.create_jwt()
    except Exception:  # noqa: BLE001 - each library has its own; none may tell of the content
        raise SettingsError(
            f"{where}: holds no private key that can sign; download a new one from the App's "
            "settings"
        ) from None
    return app
