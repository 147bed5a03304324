"""Names of git branches, checked before anything is asked of GitHub with them."""

import re

from contracts.base import clip

_LONGEST = 244
"""Characters; GitHub takes at most 255 bytes with `refs/heads/`."""
_HEADS = "refs/heads/"
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")


def branch_name(said: object) -> str:
    """Take a branch's name as a worker says it.

    Args:
        said: what it says, with or without `refs/heads/`.

    Raises:
        ValueError: not a name that git takes (`git check-ref-format --branch`).

    >>> branch_name("refs/heads/docs/cache")
    'docs/cache'
    """
    if not isinstance(said, str) or not said.strip():
        raise ValueError("no branch is named")
    name = said.strip().removeprefix(_HEADS)
    shown = clip(repr(name), 80)
    if len(name.encode("utf-8", "backslashreplace")) > _LONGEST:
        raise ValueError(f"{shown} is too long for a branch: at most {_LONGEST} bytes")
    if _FORBIDDEN.search(name) or not _is_ref(name):
        raise ValueError(f"{shown} is no branch name that git takes")
    return name


def _is_ref(name: str) -> bool:
    """Apply the rules of git-check-ref-format(1) that are not about single characters."""
    parts = name.split("/")
    return (
        all(part and not part.startswith(".") and not part.endswith(".lock") for part in parts)
        and not name.startswith(("-", "refs/"))
        and not name.endswith(".")
        and not any(bad in name for bad in ("..", "@{"))
        and name not in ("@", "HEAD")
        and name.isprintable()
    )
