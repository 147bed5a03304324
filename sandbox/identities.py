"""Who a token speaks for, and what it may do."""

import math
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.model import Repository, Run
from sandbox.settings import Settings
from sandbox.wire import ApiError

ACTIONS_BOT = "github-actions[bot]"
_KNOWN_IDS = {ACTIONS_BOT: 41_898_282}
_RUN_TOKEN_LIMIT = 1_000
_LEVELS = {"none": 0, "read": 1, "write": 2}
_WRITERS = {"admin", "maintain", "write"}
_READING = {
    "actions": "actions",
    "issues": "issues",
    "labels": "issues",
    "pulls": "pull-requests",
    "contents": "contents",
    "git": "contents",
    "commits": "contents",
    "branches": "contents",
    "code-scanning": "security-events",
}
"""What an App must be permitted to read, by the part of the path behind the repository."""


@dataclass(slots=True)
class Meter:
    """Requests counted in a window; all tokens of one installation share one."""

    window_started: float = 0.0
    used: int = 0


@dataclass(slots=True)
class Identity:
    """What a token stands for.

    `permissions` is None for a user's token, which may do everything; a run's token is
    limited to one repository and to the permissions of its workflow file; an installation's
    to what it `sees`, and to the permissions that it was given.
    """

    token: str
    login: str
    repository: str | None = None
    permissions: dict[str, str] | None = None
    rate_limit: int | None = None
    meter: Meter = field(default_factory=Meter)
    sight: "Sight | None" = None
    """None sees every repository."""
    expires_at: float = math.inf
    app: int | None = None
    """The App that signed; such a request is made by the App itself."""
    installation: int | None = None
    scopes: str | None = None
    """Of a classic token, as `X-OAuth-Scopes` tells them; None for other tokens."""

    def sees(self, repository: Repository) -> bool:
        """Whether a repository exists for this token."""
        return self.sight is None or self.sight(repository)

    def require(self, scope: str, repository: Repository, level: str = "write") -> None:
        """Refuse what this token may not do.

        Raises:
            ApiError: 403 `Resource not accessible by integration`.
        """
        if self.permissions is None:
            return
        granted = self.permissions.get(scope, self.permissions.get("*", "none"))
        elsewhere = self.sight is None and self.repository != repository.full_name
        if elsewhere or _LEVELS[granted] < _LEVELS[level]:
            raise not_accessible()

    def require_reading(self, path: str, repository: Repository) -> None:
        """Refuse to read what an App was not permitted to read.

        Raises:
            ApiError: 403.
        """
        scope = _READING.get((path.split("/") + [""] * 5)[4])
        if scope is not None:
            self.require(scope, repository, "read")


Sight = Callable[[Repository], bool]


def not_accessible() -> ApiError:
    """GitHub's answer to an App or a run that lacks a permission."""
    return ApiError(403, "Resource not accessible by integration")


@dataclass(slots=True)
class Identities:
    """Every token that is valid now."""

    by_token: dict[str, Identity] = field(default_factory=dict)
    runtime: dict[str, int] = field(default_factory=dict)
    """Run by runtime token; such a token publishes and reads that run's artifacts."""

    def add(self, token: str, login: str, scopes: str | None = None) -> Identity:
        """Let a token speak for a user; only a classic one has scopes."""
        identity = self.by_token[token] = Identity(token, login, scopes=scopes)
        return identity

    def issue_run_token(self, run: Run, permissions: dict[str, str]) -> str:
        """A token for one attempt of a run, as `secrets.GITHUB_TOKEN` is."""
        token = f"ghs_{secrets.token_hex(18)}"
        self.by_token[token] = Identity(
            token, ACTIONS_BOT, run.repository, permissions, _RUN_TOKEN_LIMIT
        )
        return token

    def known(self, token: str, moment: float) -> Identity | None:
        """Who a token speaks for; nobody, once it has expired."""
        found = self.by_token.get(token)
        if found is not None and found.expires_at <= moment:
            del self.by_token[token]
            return None
        return found

    def revoke(self, token: str) -> None:
        """Make a token worthless."""
        self.by_token.pop(token, None)

    def issue_runtime_token(self, run: Run) -> str:
        """A token for the artifacts of one run."""
        token = secrets.token_hex(24)
        self.runtime[token] = run.id
        return token

    def revoke_runtime(self, token: str) -> None:
        """Make a runtime token worthless."""
        self.runtime.pop(token, None)

    def logins(self) -> set[str]:
        """Logins of the users whose tokens are known."""
        return {i.login for i in self.by_token.values() if i.permissions is None}

    def permission(self, settings: Settings, repository: Repository, login: str) -> str | None:
        """A user's role in a repository; None for somebody never heard of."""
        if login in settings.collaborators:
            return settings.collaborators[login]
        if login == repository.owner or login in self.logins():
            return "admin"
        seen = {i.login for i in repository.issues.values()}
        seen |= {c.login for c in repository.comments.values()}
        return "read" if login in seen else None

    def association(self, settings: Settings, repository: Repository, login: str) -> str:
        """`author_association` of what a login writes now."""
        if login == repository.owner:
            return "OWNER"
        role = None if login.endswith("[bot]") else self.permission(settings, repository, login)
        return "COLLABORATOR" if role in _WRITERS else "NONE"


def account_id(login: str) -> int:
    """A stable number for a login."""
    return _KNOWN_IDS.get(login) or 10_000_000 + zlib.crc32(login.lower().encode()) % 90_000_000


def account_type(login: str) -> str:
    """`Bot` for an App's login, else `User`."""
    return "Bot" if login.endswith("[bot]") else "User"
