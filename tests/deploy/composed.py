"""The compose file as its services see it."""

import os
import re
from typing import Any

import yaml

from tests.docs.pages import ROOT

FILE = ROOT / "docker-compose.yml"
OURS = ("worker", "webhooks")
SECRETS = {
    "POSTGRES_PASSWORD": "a password",
    "GITHUB_TOKEN": "podium-token",
    "PODIUM_MARKER_KEY": "a marker key",
    "PODIUM_WEBHOOK_SECRET": "a webhook secret",
}
"""What `.env` must name."""
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def services() -> dict[str, Any]:
    """All services; YAML merges are resolved."""
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())["services"]
    return loaded


def filled(text: str, given: dict[str, str]) -> str:
    """Put variables in as compose does."""

    def value(found: re.Match[str]) -> str:
        name, kind, more = found.groups()
        if given.get(name):
            return given[name]
        assert kind == "-", f"{name}: {more}"
        return str(more)

    return _VARIABLE.sub(value, text)


def environment_of(service: str) -> dict[str, str]:
    """The environment of a service's container: its own variables, and no others of ours."""
    given = services()[service]["environment"]
    mine = {name: filled(str(value), SECRETS) for name, value in given.items()}
    return {"PATH": os.environ["PATH"], **mine}
