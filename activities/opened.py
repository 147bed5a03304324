"""Results in the text of issues and pull requests that a worker opened."""

from datetime import datetime
from typing import Any

from activities.channels import Found, block_of, is_created_since
from activities.github.issues import Issues
from contracts.runs import CollectOrder

CHANNELS = ("issue", "pull-request")
MAX_PAGES = 5
"""500 of what the bot opened last: as many as GitHub lets an account open in an hour."""
_MAX_ASKED = 20
"""Of one page, so many are asked after: whether their text was edited."""


def opened(issues: Issues, order: CollectOrder, since: datetime, channel: str) -> Found | None:
    """Find the newest issue, or pull request, that counts.

    The expected bot opened it during this run, its text was never edited and holds exactly one
    result block, and that block names this run and attempt. Everything else is passed over.

    Args:
        issues: where they are read.
        order: of which run, and opened by whom.
        since: when the run was dispatched, at the earliest.
        channel: one of `CHANNELS`.
    """
    repository, author = order.run.repository, order.author
    for page in issues.opened_by(repository, author, since=since, max_pages=MAX_PAGES):
        told = []
        for one in page:
            block = block_of(one, order, since) if _is_of(one, channel) else None
            if block is not None:
                told.append((one, block))
        found = _first_unedited(issues, repository, told)
        if found is not None:
            one, block = found
            return Found(block, channel, str(one.get("html_url") or ""))
        if page and not is_created_since(page[-1], since):
            return None
    return None


def _is_of(one: dict[str, Any], channel: str) -> bool:
    """GitHub lists pull requests among issues."""
    return ("pull_request" in one) == (channel == "pull-request")


def _first_unedited(
    issues: Issues, repository: str, told: list[tuple[dict[str, Any], str]]
) -> tuple[dict[str, Any], str] | None:
    """Find the first whose text is the one that it was opened with.

    What nothing touched is known to be; of others GitHub is asked, all at once.
    """
    if not told or not _is_touched(told[0][0]):
        return told[0] if told else None
    nodes = [str(one.get("node_id")) for one, _ in told if _is_touched(one)][:_MAX_ASKED]
    kept = issues.never_edited(repository, nodes)
    return next((t for t in told if not _is_touched(t[0]) or t[0].get("node_id") in kept), None)


def _is_touched(one: dict[str, Any]) -> bool:
    return bool(one.get("created_at") != one.get("updated_at"))
