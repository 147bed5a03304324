"""Where links may lead: to the GitHub that Podium works with, and nowhere else."""

import re
from urllib.parse import urlsplit

Origins = frozenset[str]
"""Scheme and host, as `https://github.com`; ports are not looked at."""

GITHUB: Origins = frozenset({"https://github.com"})
_ADDRESS = re.compile(r"https?://[A-Za-z0-9_.:/#?=&%+-]{1,2000}")


def origins(api_url: str) -> Origins:
    """Name the pages that belong to an API: github.com's, a GHE.com tenant's or a server's own."""
    parts = urlsplit(api_url)
    host = (parts.hostname or "").lower()
    return frozenset({f"{parts.scheme}://{host.removeprefix('api.')}", f"{parts.scheme}://{host}"})


def allowed(url: str, where: Origins) -> bool:
    """Whether an address may become a link: no odd characters, and a host that is known."""
    if not _ADDRESS.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return f"{parts.scheme}://{(parts.hostname or '').lower()}" in where
