"""GitHub Apps: who signs as one, where it is installed, and the tokens of its installations."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from jwt.algorithms import RSAAlgorithm

from sandbox.control_models import NewApp, NewInstallation
from sandbox.identities import Identities, Identity, Meter
from sandbox.model import Repository, World
from sandbox.wire import ApiError, now

_LONGEST_SECONDS = 600
"""How far ahead a signed token may expire."""


@dataclass(slots=True)
class Installation:
    """An App in one account; `names` are the repositories it may see there, None is all."""

    id: int
    app: int
    owner: str
    created_at: float
    kind: str = "Organization"
    names: frozenset[str] | None = None
    permissions: dict[str, str] = field(default_factory=dict)
    suspended: bool = False
    meter: Meter = field(default_factory=Meter)
    tokens: set[str] = field(default_factory=set)

    def sees(self, repository: Repository) -> bool:
        """Whether a repository is one of those that it was given."""
        own = repository.owner.lower() == self.owner.lower()
        return own and (self.names is None or repository.name.lower() in self.names)

    def change(self, asked: NewInstallation) -> None:
        """Take over what its owner decided."""
        names = asked.repositories
        self.kind, self.suspended = asked.kind, asked.suspended
        self.names = None if names is None else frozenset(name.lower() for name in names)
        self.permissions = {"metadata": "read", **asked.permissions}


@dataclass(slots=True)
class App:
    """An App, with its installations by number."""

    id: int
    slug: str
    key: Any
    created_at: float
    installations: dict[int, Installation] = field(default_factory=dict)
    meter: Meter = field(default_factory=Meter)

    @property
    def login(self) -> str:
        """Whom what it writes is by."""
        return f"{self.slug}[bot]"


class Apps:
    """Every App that is known."""

    def __init__(self, identities: Identities, world: World) -> None:
        self._identities = identities
        self._world = world
        self.by_id: dict[int, App] = {}

    def put(self, asked: NewApp) -> App:
        """Know an App from now on; what it is no longer installed on is closed to its tokens.

        Raises:
            ValueError: no public key.
        """
        try:
            key = RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(asked.public_key)
        except jwt.InvalidKeyError as error:
            raise ValueError(f"public_key: {error}") from error
        old = self.by_id.get(asked.app_id)
        app = App(asked.app_id, asked.slug, key, old.created_at if old else now())
        before = {one.owner.lower(): one for one in old.installations.values()} if old else {}
        for wanted in asked.installations:
            found = before.get(wanted.owner.lower())
            if found is None or wanted.id not in (None, found.id):
                number = wanted.id or self._world.new_id()
                found = Installation(number, app.id, wanted.owner, now())
            else:
                del before[wanted.owner.lower()]
            found.change(wanted)
            app.installations[found.id] = found
        for gone in before.values():
            for token in gone.tokens:
                self._identities.revoke(token)
        self.by_id[app.id] = app
        return app

    def signed(self, token: str, moment: float) -> Identity | None:
        """The App that signed a token; None for what is no signed token at all.

        Raises:
            ApiError: 401 or 404, in GitHub's words.
        """
        if not token.startswith("eyJ"):
            return None
        try:
            # Claims are checked here, in GitHub's words.
            claims = json.loads(jwt.PyJWS().decode(token, options={"verify_signature": False}))
            issuer = str(claims.get("iss") or "")
            if not issuer:
                raise ApiError(401, "Missing 'issuer' claim ('iss') in assertion")
            app = self.by_id.get(int(issuer)) if issuer.isdecimal() else None
            if app is None:
                raise ApiError(404, "Integration not found")
            jwt.PyJWS().decode(token, app.key, algorithms=["RS256"])
        except (jwt.PyJWTError, ValueError, AttributeError):
            raise ApiError(401, "A JSON web token could not be decoded") from None
        _check_times(claims, moment)
        return Identity(
            token, app.login, permissions={}, meter=app.meter, sight=lambda _: False, app=app.id
        )

    def issue(
        self,
        installation: Installation,
        permissions: Mapping[str, str],
        names: frozenset[str] | None,
        seconds: float,
    ) -> Identity:
        """A token of an installation.

        Args:
            installation: whose it is.
            permissions: some or all of the installation's.
            names: the repositories that it is narrowed to, in lower case; None does not narrow.
            seconds: how long it lives.
        """

        def sees(repository: Repository) -> bool:
            wanted = names is None or repository.name.lower() in names
            return wanted and not installation.suspended and installation.sees(repository)

        moment = now()
        # The shape of tokens since 2026: long, with dots, and nothing to read in it.
        text = ".".join(secrets.token_urlsafe(60) for _ in range(3))
        identity = Identity(
            f"ghs_{installation.app}_{text}",
            self.by_id[installation.app].login,
            permissions={name.replace("_", "-"): level for name, level in permissions.items()},
            meter=installation.meter,
            sight=sees,
            expires_at=int(moment + seconds),
            installation=installation.id,
        )
        for token in [t for t in installation.tokens if not self._identities.known(t, moment)]:
            installation.tokens.remove(token)
        installation.tokens.add(identity.token)
        self._identities.by_token[identity.token] = identity
        return identity


def _check_times(claims: Mapping[str, Any], moment: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > moment:
        said = "must be an Integer representing the time that the assertion was issued"
        raise ApiError(401, f"'Issued at' claim ('iat') {said}")
    if not isinstance(expires, int) or expires <= moment:
        said = "must be a numeric value representing the future time at which the assertion expires"
        raise ApiError(401, f"'Expiration time' claim ('exp') {said}")
    if expires > moment + _LONGEST_SECONDS:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
