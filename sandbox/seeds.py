"""What comes along with an issue that is taken over: comments, and what is known of a pull request.

Lists of GitHub hold less than this. Where an entry says more, in the words of the endpoint that
says it on GitHub, it is kept: `comments` as a list of them, and in `pull_request` all that
`GET .../pulls/{number}` tells, with `reviews` as a list.
"""

from typing import Any

from sandbox.hub import Hub
from sandbox.model import Comment, Issue, PullRequest, PullReview, Repository
from sandbox.wire import now, parse_time

_FIGURES = ("additions", "deletions", "changed_files")


def seed_comments(hub: Hub, repository: Repository, issue: Issue, told: Any) -> None:
    """Take over the comments of an issue; a mere number of them is left alone.

    Raises:
        ValueError: a time that is not one.
    """
    for entry in told if isinstance(told, list) else ():
        at = _time(entry.get("created_at"), issue.created_at)
        comment = Comment(
            id=hub.world.new_id(),
            issue=issue.number,
            login=_login(entry),
            body=str(entry.get("body") or ""),
            created_at=at,
            updated_at=_time(entry.get("updated_at"), at),
            association=str(entry.get("author_association") or "NONE"),
        )
        repository.comments[comment.id] = comment
        issue.comments.append(comment.id)


def seeded_pull(hub: Hub, entry: dict[str, Any]) -> PullRequest | None:
    """Read what makes an entry a pull request; None where it is an issue.

    Raises:
        ValueError: a time that is not one.
    """
    told = entry.get("pull_request")
    if told is None:  # where the key is there, GitHub means a pull request, whatever it holds
        return None
    merged = told.get("merged_at")
    return PullRequest(
        head=str((told.get("head") or {}).get("ref") or f"seed-{entry['number']}"),
        base=str((told.get("base") or {}).get("ref") or "main"),
        draft=bool(entry.get("draft")),
        merged_at=parse_time(merged) if merged else None,
        mergeable=told.get("mergeable", True),
        figures={name: int(told[name]) for name in _FIGURES if told.get(name) is not None},
        reviews=[_review(hub, one) for one in told.get("reviews") or ()],
    )


def _review(hub: Hub, entry: dict[str, Any]) -> PullReview:
    return PullReview(
        id=hub.world.new_id(),
        login=_login(entry),
        state=str(entry.get("state") or "COMMENTED"),
        body=str(entry.get("body") or ""),
        submitted_at=_time(entry.get("submitted_at"), now()),
        association=str(entry.get("author_association") or "NONE"),
    )


def _login(entry: dict[str, Any]) -> str:
    return str((entry.get("user") or {}).get("login") or "ghost")


def _time(told: Any, default: float) -> float:
    return parse_time(told) if told else default
