"""A Temporal Worker whose errors tell what they must not: to see that it would be found."""

import os
from collections.abc import Mapping
from unittest import mock

import worker_main
from activities.github import client
from activities.github.errors import GitHubError, error_of


def leaky(
    method: str, path: str, status: int, headers: Mapping[str, str], text: str
) -> GitHubError:
    """Put the token into every error of GitHub's."""
    return error_of(method, path, status, headers, f"{text} {os.environ['GITHUB_TOKEN']}")


if __name__ == "__main__":
    with mock.patch.object(client, "error_of", leaky):
        worker_main.main()
