"""GitHub, asked by the command line itself: the same code as the Temporal Worker's."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from urllib.parse import urlsplit

from temporalio.exceptions import ApplicationError

from activities.github.errors import told_to_temporal
from activities.settings import GITHUB_API_URL, Settings, SettingsError, settings_from
from contracts import errors
from starter.exits import BAD_INPUT, UNREACHABLE, CliError

_LATER = frozenset({errors.GITHUB_UNAVAILABLE, errors.GITHUB_RATE_LIMITED, errors.AMBIGUOUS_ANSWER})
"""What another try may mend; everything else is wrong as it is asked."""


class ReadingError(CliError):
    """GitHub's answer to a question of the command line; `kind` is of `contracts.errors`."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message, UNREACHABLE if kind in _LATER else BAD_INPUT)
        self.kind = kind


@asynccontextmanager
async def github_settings() -> AsyncIterator[Settings]:
    """Read the environment's GitHub settings, and give up their threads at the end.

    Raises:
        CliError: a setting that is missing or wrong.
    """
    _check_api_url(os.environ.get(GITHUB_API_URL) or "https://api.github.com")
    try:
        settings = settings_from(os.environ)
    except SettingsError as error:
        raise CliError(str(error)) from error
    try:
        yield settings
    finally:
        settings.github.close()


def _check_api_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none
        good = False
    if not good:
        raise CliError(f"{GITHUB_API_URL}={url}: no URL; write for example https://api.github.com")


@contextmanager
def told_to_people(what: str) -> Iterator[None]:
    """Turn an answer that is none into an end of the command.

    Args:
        what: the place that the message begins with.

    Raises:
        ReadingError: what went wrong, and what to check.
    """
    try:
        with told_to_temporal():
            yield
    except ApplicationError as error:
        kind = error.type or ""
        raise ReadingError(f"{what}: {error.message}{_FIXES.get(kind, '')}", kind) from error


_FIXES = {
    errors.GITHUB_UNAVAILABLE: "; is GitHub reachable, and is GITHUB_API_URL right?",
    errors.GITHUB_RATE_LIMITED: "; wait, or use another token",
    errors.GITHUB_NOT_FOUND: "; check the name, and whether this token may see it",
    errors.GITHUB_REFUSED: "; check GITHUB_TOKEN, and what it may do",
}
