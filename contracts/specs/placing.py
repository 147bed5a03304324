"""Where a worker runs: in the spec's repository, or in one that its item names.

Text of issues, events and inputs may be anybody's, and a token often reaches more repositories than
one. So a name alone opens none: its owner is one that the spec names, or the item is a repository that
GitHub itself listed.
"""

import re
from collections.abc import Mapping
from typing import Any

from contracts import expressions
from contracts.base import clip
from contracts.specs.common import Roots, check
from contracts.specs.sources import LISTED, ForEach
from contracts.specs.worker import PlacedWorkerSpec

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_ITSELF = "${{ item.full_name }}"
_ITS_NAME = re.compile(r"\s*\$\{\{\s*item\.full_name\s*\}\}\s*")
_MAX_SHOWN = 150


class PlacingError(ValueError):
    """A worker that may not run where it should; the message says where, and the fix."""


def is_repository(text: str) -> bool:
    """Whether a text is `owner/name`; dots alone would lead elsewhere in an address."""
    return bool(_REPOSITORY.fullmatch(text)) and text.partition("/")[2] not in (".", "..")


def check_place(path: str, worker: PlacedWorkerSpec, for_each: ForEach, roots: Roots) -> None:
    """Check before anything runs that a worker's place is one that a spec may leave to its items.

    Raises:
        ValueError: what is wrong at `path`, and the fix.
    """
    if not worker.repository:
        if worker.owners:
            raise ValueError(f"{path}.owners: say too which repository, in {path}.repository")
        return
    check(f"{path}.repository", worker.repository, roots)
    if not worker.owners and not _is_the_item(worker, for_each):
        raise ValueError(
            f"{path}.repository: the token could be led into any repository that it reaches; name in "
            f"{path}.owners whose repositories may be meant, or write {_ITSELF} over "
            f"{' or '.join(LISTED)}"
        )
    if not any(expressions.paths(worker.repository)):
        place_of(path, worker, owners_of(worker, for_each, ""), {})


def owners_of(worker: PlacedWorkerSpec, for_each: ForEach, home: str) -> tuple[str, ...]:
    """Say in whose repositories a worker may run, in lower case as GitHub compares them."""
    owners = worker.owners
    if not owners and _is_the_item(worker, for_each):
        owners = (for_each.organization or home.partition("/")[0],)
    return tuple(owner.lower() for owner in owners)


def place_of(
    path: str, worker: PlacedWorkerSpec, owners: tuple[str, ...], context: Mapping[str, Any]
) -> str:
    """Say in which repository a worker runs for one item.

    Raises:
        PlacingError: no repository, or one of an owner that was not named.
        ExpressionError: the item does not have what `repository` reads.
    """
    place = expressions.render(worker.repository, context)
    if not is_repository(place):
        shown = clip(place, _MAX_SHOWN)
        raise PlacingError(f"{path}.repository: {shown!r} is no repository; write owner/name")
    if place.partition("/")[0].lower() not in owners:
        raise PlacingError(
            f"{path}.repository: {place} belongs to none of {', '.join(owners)}; add its owner to "
            f"{path}.owners if runs may be started there"
        )
    return place


def _is_the_item(worker: PlacedWorkerSpec, for_each: ForEach) -> bool:
    """Whether it runs in the very repository that GitHub listed."""
    return for_each.source in LISTED and bool(_ITS_NAME.fullmatch(worker.repository))
