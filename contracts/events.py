"""Events of GitHub, as far as orchestrations read them."""

from collections.abc import Mapping
from typing import Any

from contracts.base import clip

_MAX_TITLE = 256
_MAX_LABELS = 20
_MAX_LOGIN = 100
_MAX_NUMBER = 2**53


def subject_of(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Find the issue or pull request that an event is about."""
    for name in ("issue", "pull_request"):
        found = event.get(name)
        if isinstance(found, Mapping) and _is_number(found.get("number")):
            return dict(found)
    return None


def sender_of(event: Mapping[str, Any]) -> str:
    """Name who caused an event, by login; empty where it does not say."""
    sender = event.get("sender")
    login = sender.get("login") if isinstance(sender, Mapping) else None
    return clip(login, _MAX_LOGIN) if isinstance(login, str) else ""


def issue_fields(subject: Mapping[str, Any]) -> dict[str, Any]:
    """Take what `${{ item.* }}` knows of an issue or pull request."""
    user = subject.get("user")
    return {
        "number": subject["number"],
        "title": clip(str(subject.get("title") or ""), _MAX_TITLE),
        "url": str(subject.get("html_url") or ""),
        "author": str(user.get("login") or "") if isinstance(user, Mapping) else "",
        "labels": labels_of(subject)[:_MAX_LABELS],
        "created_at": str(subject.get("created_at") or ""),
        "updated_at": str(subject.get("updated_at") or ""),
    }


def labels_of(subject: Mapping[str, Any]) -> list[str]:
    """Name the labels of an issue, as GitHub tells them, or of an item."""
    labels = subject.get("labels")
    if not isinstance(labels, list | tuple):
        return []
    named = (one.get("name") if isinstance(one, Mapping) else one for one in labels)
    return [str(one or "") for one in named]


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MAX_NUMBER
