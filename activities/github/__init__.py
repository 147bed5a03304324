"""The one adapter on PyGithub, and what it answers."""

from activities.github.client import Answer, GitHubClient
from activities.github.errors import (
    AmbiguousError,
    GitHubError,
    NotFoundError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from activities.github.github import GitHub

__all__ = [
    "AmbiguousError",
    "Answer",
    "GitHub",
    "GitHubClient",
    "GitHubError",
    "NotFoundError",
    "RateLimitedError",
    "RefusedError",
    "UnavailableError",
]
