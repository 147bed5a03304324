"""The small conventions of GitHub's API that every answer shares: times, ids, errors."""

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

DOCUMENTATION_URL = "https://docs.github.com/rest"
API_VERSION = "2022-11-28"
MAX_BODY_CHARACTERS = 65_536
"""Longest issue or comment body that GitHub takes, in code points."""


def now() -> float:
    """The time, in seconds since the epoch."""
    return time.time()


def iso(at: float) -> str:
    """Write a time as GitHub does: UTC, whole seconds, `Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def iso_or_none(at: float | None) -> str | None:
    """Write a time as `iso` does; None stays None."""
    return None if at is None else iso(at)


def parse_time(text: str) -> float:
    """Read an ISO 8601 time or date; without a zone it is UTC.

    Raises:
        ValueError: the text is not a time.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def node_id(kind: str, number: int) -> str:
    """An opaque global id in the look of GitHub's."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode().rstrip("=")


class ApiError(Exception):
    """A refusal that becomes an error answer in GitHub's shape.

    Attributes:
        status: the HTTP status, 400 or above.
        message: GitHub's words.
        errors: entries of the answer's `errors`, left out when empty.
        headers: more headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        errors: list[Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors or []
        self.headers = dict(headers or {})

    def answer(self) -> "Answer":
        """This refusal as an answer."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors:
            body["errors"] = self.errors
        body |= {"documentation_url": DOCUMENTATION_URL, "status": str(self.status)}
        return Answer(self.status, body, self.headers)


def not_found() -> ApiError:
    """GitHub's answer to anything unknown or invisible."""
    return ApiError(404, "Not Found")


def invalid_field(resource: str, name: str, code: str = "invalid", message: str = "") -> ApiError:
    """GitHub's 422 for one field of a resource."""
    entry = {"resource": resource, "code": code, "field": name}
    if message:
        entry["message"] = message
    return ApiError(422, "Validation Failed", [entry])


@dataclass(slots=True)
class Answer:
    """What a handler gives back; the gate turns it into an HTTP response.

    `body` is JSON-ready data, ready bytes of JSON, or None for an empty answer.
    """

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json; charset=utf-8"

    def content(self) -> bytes:
        """The body as bytes."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )
