"""A GitHub App for tests: its key, what it signs, and clients that speak as it."""

import functools
import json
import time
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.launch import SandboxProcess

APP_ID = 7
SLUG = "podium-app"


@functools.cache
def keys() -> tuple[str, str]:
    """A private and its public key, in PEM; made once for all tests of a process."""
    private = rsa.generate_private_key(65537, 2048)
    secret = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secret.decode(), public.decode()


def signed(*, algorithm: str = "RS256", key: str = "", **claims: Any) -> str:
    """A token that the App signed; `claims` change those of a good one, None leaves one out."""
    now = int(time.time())
    every = {"iat": now - 60, "exp": now + 300, "iss": str(APP_ID)} | claims
    kept = {name: value for name, value in every.items() if value is not None}
    # `encode` of the whole token would refuse claims that a test wants to be wrong.
    payload = json.dumps(kept).encode()
    return jwt.PyJWS().encode(payload, key or keys()[0], algorithm=algorithm)


def ask(
    sandbox: SandboxProcess, token: str, method: str, path: str, body: Any = None, **more: Any
) -> requests.Response:
    """Send a request with a token."""
    headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
    return requests.request(
        method, f"{sandbox.api_url}{path}", json=body, headers=headers, timeout=20, **more
    )


def token_of(sandbox: SandboxProcess, installation: int, body: Any = None) -> str:
    """A new token of an installation."""
    path = f"/app/installations/{installation}/access_tokens"
    answer = ask(sandbox, signed(), "POST", path, body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])
