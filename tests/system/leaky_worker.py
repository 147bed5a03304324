"""A Temporal Worker whose errors tell what they must not: to see that it would be found."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from github import Auth

import worker_main
from activities.github import client
from activities.github.client import GitHubClient
from activities.github.errors import GitHubError, error_of

KEY_LINE = 5
"""Of the file: all of it does not fit into an error, and the others would do as well."""
_exchange = GitHubClient._exchange
spoken = [""]
"""The token of the last request."""


def listening(self: GitHubClient, speaker: Auth.Auth, *asked: Any) -> tuple[int, Any, str]:
    """Send as always, and remember as whom."""
    spoken[0] = speaker.token
    return _exchange(self, speaker, *asked)


def leaky(
    method: str, path: str, status: int, headers: Mapping[str, str], text: str
) -> GitHubError:
    """Put the token, the key of the marks, and a line of the App's into every error of GitHub's."""
    key = Path(os.environ["PODIUM_GITHUB_APP_PRIVATE_KEY_FILE"]).read_text().splitlines()
    told = f"{key[KEY_LINE]} {spoken[0]} {os.environ['PODIUM_MARKER_KEY']} {text}"
    return error_of(method, path, status, headers, told)


if __name__ == "__main__":
    with (
        mock.patch.object(client, "error_of", leaky),
        mock.patch.object(GitHubClient, "_exchange", listening),
    ):
        worker_main.main()
