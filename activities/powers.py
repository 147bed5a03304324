"""What Podium's own token may do, as far as GitHub tells; a strict Temporal Worker wants it small."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from activities.github import GitHub
from activities.github.errors import NotFoundError
from contracts.permissions import most

STRICT = "PODIUM_STRICT"

_READING = frozenset({"read:org", "read:user", "user:email", "repo:status", "read:project"})
"""Scopes of classic tokens with which nothing of a repository can be changed that matters here."""
_CAN_PUSH = "can push code, and whatever its user can"


@dataclass(frozen=True)
class Powers:
    """What a token may do beyond what any spec needs."""

    kind: str
    excess: tuple[str, ...] = ()
    unknown: str = ""
    """Why it cannot be told; empty where it can."""

    def __str__(self) -> str:
        """Say it in one sentence."""
        if self.excess:
            return f"{self.kind} can do more than any spec needs: {'; '.join(self.excess)}"
        return f"{self.kind}: {self.unknown}" if self.unknown else f"{self.kind} can do no more"


class TooPowerfulError(ValueError):
    """A token that a strict Temporal Worker does not take; the message says why, and what to use."""


def powers(github: GitHub) -> Powers:
    """Ask GitHub what our identity may do. Blocks.

    A classic token's scopes are in a header of every answer, and an App's permissions are told to
    the App. Of a fine-grained token, and of a workflow's own, nothing is told.

    Raises:
        GitHubError: no answer.
    """
    if github.client.by_owner:
        return _of_app(github.client.installations())
    try:
        headers = github.client.get("/rate_limit").headers  # costs nothing
    except NotFoundError:  # a server without rate limits
        headers = github.client.get("/user").headers
    if "x-oauth-scopes" not in headers:
        said = "GitHub does not tell what a fine-grained token or a workflow's token may do"
        return Powers("this token", unknown=said)
    return _of_classic(headers["x-oauth-scopes"])


def require_little(found: Powers) -> None:
    """Refuse what can do more; what cannot be told is let through.

    Raises:
        TooPowerfulError: with the fix.
    """
    if found.excess:
        raise TooPowerfulError(
            f"{STRICT}: {found}; use a GitHub App or a fine-grained token with the permissions of "
            "docs/permissions.md"
        )


def _of_classic(header: str) -> Powers:
    scopes = sorted(filter(None, (one.strip() for one in header.split(","))))
    excess = tuple(
        f"{scope} ({_CAN_PUSH})" if scope in ("repo", "public_repo") else scope
        for scope in scopes
        if scope not in _READING
    )
    return Powers("this classic token", excess)


def _of_app(installations: Iterable[Mapping[str, str]]) -> Powers:
    """Tell of each write that no spec needs; what may be read only is not looked at."""
    wanted = most()
    excess = {
        f"{scope}: {level}"
        for permissions in installations
        for scope, level in permissions.items()
        if level in ("write", "admin") and wanted.get(scope) != "write"
    }
    return Powers("this App", tuple(sorted(excess)))
