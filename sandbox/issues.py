"""Changing issues, comments, labels and reactions: the rules, without the HTTP."""

from collections.abc import Iterable
from typing import Any

from sandbox.hub import Hub
from sandbox.issue_shapes import CONTENTS
from sandbox.model import Comment, Issue, Label, PullRequest, Reaction, Repository
from sandbox.seeds import seed_comments, seeded_pull
from sandbox.wire import MAX_BODY_CHARACTERS, ApiError, invalid_field, not_found, now, parse_time

MAX_TITLE_CHARACTERS = 256
_REASONS = {"completed", "not_planned", "duplicate", "reopened"}


def check_body(resource: str, body: Any, *, required: bool = False) -> str | None:
    """A body that GitHub would take.

    Raises:
        ApiError: 422: not text, blank though required, or over 65,536 characters.
    """
    if body is None and not required:
        return None
    if not isinstance(body, str):
        raise invalid_field(resource, "body", "missing_field" if body is None else "invalid")
    if required and not body.strip():
        raise invalid_field(resource, "body", "custom", "body cannot be blank")
    if len(body) > MAX_BODY_CHARACTERS:
        message = f"body is too long (maximum is {MAX_BODY_CHARACTERS} characters)"
        raise invalid_field(resource, "body", "custom", message)
    return body


def get_issue(repository: Repository, number: int) -> Issue:
    """An issue or pull request by number.

    Raises:
        ApiError: 404.
    """
    if number not in repository.issues:
        raise not_found()
    return repository.issues[number]


def get_comment(repository: Repository, number: int) -> Comment:
    """A comment by id.

    Raises:
        ApiError: 404.
    """
    if number not in repository.comments:
        raise not_found()
    return repository.comments[number]


def ensure_labels(hub: Hub, repository: Repository, names: Iterable[Any]) -> list[str]:
    """Labels by name, made where they are new, without repeats, in the order given."""
    chosen: list[str] = []
    for entry in names:
        name = str(entry.get("name") if isinstance(entry, dict) else entry)
        known = repository.labels.get(name.lower())
        if known is None:
            known = repository.labels[name.lower()] = Label(hub.world.new_id(), name)
        if known.name not in chosen:
            chosen.append(known.name)
    return chosen


def create_issue(
    hub: Hub,
    repository: Repository,
    login: str,
    fields: dict[str, Any],
    pull: PullRequest | None = None,
) -> Issue:
    """Open an issue; `fields` is the body of GitHub's request.

    Raises:
        ApiError: 422.
    """
    moment = now()
    issue = Issue(
        id=hub.world.new_id(),
        number=repository.next_number,
        title=_title(fields.get("title")),
        body=check_body("Issue", fields.get("body")),
        login=login,
        created_at=moment,
        updated_at=moment,
        labels=ensure_labels(hub, repository, fields.get("labels") or []),
        assignees=[str(login) for login in fields.get("assignees") or []],
        association=hub.identities.association(hub.settings, repository, login),
        pull=pull,
    )
    repository.next_number += 1
    repository.issues[issue.number] = issue
    hub.changed()
    hub.issue_opened(repository, issue)
    return issue


def edit_issue(
    hub: Hub, repository: Repository, login: str, issue: Issue, fields: dict[str, Any]
) -> None:
    """Change what `fields` names: title, body, state, state_reason, labels, assignees.

    Raises:
        ApiError: 422.
    """
    if "title" in fields:
        issue.title = _title(fields["title"])
    moment = now()
    if "body" in fields and (body := check_body("Issue", fields["body"])) != issue.body:
        # GitHub's times are whole seconds; an edit in the second of the creation must still show.
        moment = max(moment, issue.created_at + 1)
        issue.body, issue.edited_at = body, moment
    if fields.get("labels") is not None:
        issue.labels = ensure_labels(hub, repository, fields["labels"])
    if fields.get("assignees") is not None:
        issue.assignees = [str(entry) for entry in fields["assignees"]]
    if fields.get("state") is not None:
        _set_state(issue, login, fields["state"], fields.get("state_reason"))
    issue.updated_at = moment
    hub.changed()


def _title(title: Any) -> str:
    if not isinstance(title, str | int) or not str(title).strip():
        raise invalid_field("Issue", "title", "missing_field")
    if len(str(title)) > MAX_TITLE_CHARACTERS:
        message = f"title is too long (maximum is {MAX_TITLE_CHARACTERS} characters)"
        raise invalid_field("Issue", "title", "custom", message)
    return str(title)


def _set_state(issue: Issue, login: str, state: Any, reason: Any) -> None:
    if state not in {"open", "closed"}:
        raise invalid_field("Issue", "state")
    if reason is not None and reason not in _REASONS:
        raise invalid_field("Issue", "state_reason")
    if state == "closed":
        issue.state_reason = reason or "completed"
        if issue.state == "open":
            issue.closed_at, issue.closed_by = now(), login
    elif issue.state == "closed":
        issue.state_reason = "reopened"
        issue.closed_at = issue.closed_by = None
    issue.state = state


def add_comment(hub: Hub, repository: Repository, login: str, issue: Issue, body: Any) -> Comment:
    """Comment on an issue.

    Raises:
        ApiError: 422.
    """
    text = check_body("IssueComment", body, required=True) or ""
    moment = now()
    association = hub.identities.association(hub.settings, repository, login)
    comment = Comment(hub.world.new_id(), issue.number, login, text, moment, moment, association)
    repository.comments[comment.id] = comment
    issue.comments.append(comment.id)
    issue.updated_at = moment
    hub.changed()
    hub.commented(repository, comment, login, None)
    return comment


def edit_comment(hub: Hub, repository: Repository, login: str, comment: Comment, body: Any) -> None:
    """Change a comment's text; whoever wrote it stays its author.

    Raises:
        ApiError: 422.
    """
    before, comment.body = comment.body, check_body("IssueComment", body, required=True) or ""
    # GitHub's times are whole seconds; an edit in the second of the creation must still show.
    comment.updated_at = max(now(), comment.created_at + 1)
    hub.changed()
    hub.commented(repository, comment, login, before)


def delete_comment(hub: Hub, repository: Repository, comment: Comment) -> None:
    """Remove a comment."""
    del repository.comments[comment.id]
    repository.issues[comment.issue].comments.remove(comment.id)
    hub.changed()


def react(hub: Hub, reactions: list[Reaction], login: str, content: Any) -> tuple[Reaction, bool]:
    """React to something; the second value is False when the reaction was there already.

    Raises:
        ApiError: 422 for an unknown reaction.
    """
    if content not in CONTENTS:
        raise ApiError(422, "Validation Failed", ["Invalid content"])
    for reaction in reactions:
        if (reaction.login, reaction.content) == (login, content):
            return reaction, False
    reaction = Reaction(hub.world.new_id(), login, content, now())
    reactions.append(reaction)
    hub.changed()
    return reaction, True


def seed_issue(hub: Hub, repository: Repository, entry: dict[str, Any]) -> Issue:
    """Take over an issue in the shape in which GitHub lists it; its number is kept.

    Raises:
        ValueError: no number, or a time that is not one.
    """
    number = int(entry["number"])
    created = parse_time(entry["created_at"]) if entry.get("created_at") else now()
    closed = parse_time(entry["closed_at"]) if entry.get("closed_at") else None
    issue = Issue(
        id=int(entry.get("id") or hub.world.new_id()),
        number=number,
        title=str(entry.get("title") or ""),
        body=entry.get("body"),
        login=str((entry.get("user") or {}).get("login") or "ghost"),
        created_at=created,
        updated_at=parse_time(entry["updated_at"]) if entry.get("updated_at") else created,
        state=str(entry.get("state") or "open"),
        state_reason=entry.get("state_reason"),
        closed_at=closed,
        labels=ensure_labels(hub, repository, entry.get("labels") or []),
        assignees=[str(person["login"]) for person in entry.get("assignees") or []],
        association=str(entry.get("author_association") or "NONE"),
        pull=seeded_pull(hub, entry),
    )
    seed_comments(hub, repository, issue, entry.get("comments"))
    repository.issues[number] = issue
    repository.next_number = max(repository.next_number, number + 1)
    hub.changed()
    return issue
