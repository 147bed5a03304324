"""Issues, comments, labels on issues, reactions and the search over issues."""

import math

from sandbox.gate import Call, Handler
from sandbox.issues import (
    add_comment,
    create_issue,
    delete_comment,
    edit_comment,
    edit_issue,
    ensure_labels,
    get_comment,
    get_issue,
    react,
)
from sandbox.model import Comment, Issue, Reaction
from sandbox.rest.paging import page_of
from sandbox.wire import Answer, ApiError, invalid_field, parse_time

_SORT = {"created": "created_at", "updated": "updated_at", "comments": "comments"}


def list_issues(call: Call) -> Answer:
    """`GET .../issues`: pull requests included, newest first by default."""
    repo = call.repository
    chosen = [issue for issue in repo.issues.values() if _asked(call, issue)]
    chosen = sort_issues(chosen, call.query.get("sort", "created"), call.query.get("direction"))
    page, headers = page_of(call, chosen)
    return Answer(200, [call.hub.issue_shapes.issue(repo, issue) for issue in page], headers)


def sort_issues(issues: list[Issue], sort: str, direction: str | None) -> list[Issue]:
    """Issues by `created`, `updated` or `comments`; newest or most first unless `asc`."""
    name = _SORT.get(sort, "created_at")

    def key(issue: Issue) -> tuple[float, int]:
        value = getattr(issue, name)
        return (len(value) if isinstance(value, list) else value, issue.number)

    return sorted(issues, key=key, reverse=direction != "asc")


def _asked(call: Call, issue: Issue) -> bool:
    query = call.query
    wanted = {name.strip().lower() for name in query.get("labels", "").split(",") if name.strip()}
    return (
        issue.created_at <= _shown_until(call)
        and query.get("state", "open") in {"all", issue.state}
        and wanted <= {name.lower() for name in issue.labels}
        and query.get("creator", issue.login).lower() == issue.login.lower()
        and query.get("assignee", "*") in {"*", *issue.assignees}
        and int(issue.updated_at) >= _since(call)
    )


def _shown_until(call: Call) -> float:
    """A list that is not stale shows all, also what was seeded with a later date."""
    return math.inf if call.as_of is None else call.as_of


def _since(call: Call) -> float:
    try:
        return parse_time(call.query["since"]) if call.query.get("since") else 0.0
    except ValueError:
        raise invalid_field("Issue", "since") from None


def _issue(call: Call) -> Issue:
    return get_issue(call.repository, call.params["number"])


def _writable(call: Call, issue: Issue | None = None) -> None:
    if not call.hub.settings.issues_enabled:
        raise ApiError(410, "Issues are disabled for this repo")
    scope = "pull-requests" if issue and issue.pull else "issues"
    call.identity.require(scope, call.repository)


def create(call: Call) -> Answer:
    """`POST .../issues`."""
    _writable(call)
    issue = create_issue(call.hub, call.repository, call.login, call.fields())
    return Answer(201, call.hub.issue_shapes.issue(call.repository, issue))


def get(call: Call) -> Answer:
    """`GET .../issues/{number}`."""
    return Answer(200, call.hub.issue_shapes.issue(call.repository, _issue(call)))


def edit(call: Call) -> Answer:
    """`PATCH .../issues/{number}`."""
    issue = _issue(call)
    _writable(call, issue)
    edit_issue(call.hub, call.repository, call.login, issue, call.fields())
    return get(call)


def list_comments(call: Call) -> Answer:
    """`GET .../issues/{number}/comments`, by ascending id."""
    return _comments(call, [call.repository.comments[n] for n in _issue(call).comments])


def list_all_comments(call: Call) -> Answer:
    """`GET .../issues/comments`: of the whole repository."""
    name = "updated_at" if call.query.get("sort") == "updated" else "id"
    comments = sorted(call.repository.comments.values(), key=lambda c: (getattr(c, name), c.id))
    return _comments(call, comments[::-1] if call.query.get("direction") == "desc" else comments)


def _comments(call: Call, comments: list[Comment]) -> Answer:
    since = _since(call)
    until = _shown_until(call)
    shown = [c for c in comments if int(c.updated_at) >= since and c.created_at <= until]
    page, headers = page_of(call, shown)
    shapes = call.hub.issue_shapes
    return Answer(200, [shapes.comment(call.repository, comment) for comment in page], headers)


def create_comment(call: Call) -> Answer:
    """`POST .../issues/{number}/comments`."""
    issue = _issue(call)
    _writable(call, issue)
    comment = add_comment(call.hub, call.repository, call.login, issue, call.fields().get("body"))
    return Answer(201, call.hub.issue_shapes.comment(call.repository, comment))


def _comment(call: Call) -> Comment:
    return get_comment(call.repository, call.params["comment"])


def read_comment(call: Call) -> Answer:
    """`GET .../issues/comments/{comment}`."""
    return Answer(200, call.hub.issue_shapes.comment(call.repository, _comment(call)))


def patch_comment(call: Call) -> Answer:
    """`PATCH .../issues/comments/{comment}`."""
    comment = _comment(call)
    _writable(call, call.repository.issues[comment.issue])
    edit_comment(call.hub, call.repository, call.login, comment, call.fields().get("body"))
    return read_comment(call)


def remove_comment(call: Call) -> Answer:
    """`DELETE .../issues/comments/{comment}`."""
    comment = _comment(call)
    _writable(call, call.repository.issues[comment.issue])
    delete_comment(call.hub, call.repository, comment)
    return Answer(204)


def list_issue_labels(call: Call) -> Answer:
    """`GET .../issues/{number}/labels`."""
    repo, shapes = call.repository, call.hub.issue_shapes
    labels = [repo.labels[name.lower()] for name in _issue(call).labels]
    return Answer(200, [shapes.label(repo, label) for label in labels])


def add_labels(call: Call) -> Answer:
    """`POST .../issues/{number}/labels`: a list, or an object with `labels`."""
    issue, body = _issue(call), call.json()
    _writable(call, issue)
    names = body.get("labels") if isinstance(body, dict) else body
    if not isinstance(names, list):
        raise invalid_field("Label", "labels")
    edit_issue(
        call.hub,
        call.repository,
        call.login,
        issue,
        {"labels": [*issue.labels, *ensure_labels(call.hub, call.repository, names)]},
    )
    return list_issue_labels(call)


def react_to_issue(call: Call) -> Answer:
    """`POST .../issues/{number}/reactions`."""
    issue = _issue(call)
    _writable(call, issue)
    return _react(call, issue.reactions)


def react_to_comment(call: Call) -> Answer:
    """`POST .../issues/comments/{comment}/reactions`."""
    comment = _comment(call)
    _writable(call, call.repository.issues[comment.issue])
    return _react(call, comment.reactions)


def _react(call: Call, reactions: list[Reaction]) -> Answer:
    found, created = react(call.hub, reactions, call.login, call.fields().get("content"))
    return Answer(201 if created else 200, call.hub.issue_shapes.reaction(found))


_I = "/repos/{owner}/{repo}/issues"
ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", _I): list_issues,
    ("POST", _I): create,
    ("GET", f"{_I}/comments"): list_all_comments,
    ("GET", f"{_I}/comments/{{comment:int}}"): read_comment,
    ("PATCH", f"{_I}/comments/{{comment:int}}"): patch_comment,
    ("DELETE", f"{_I}/comments/{{comment:int}}"): remove_comment,
    ("POST", f"{_I}/comments/{{comment:int}}/reactions"): react_to_comment,
    ("GET", f"{_I}/{{number:int}}"): get,
    ("PATCH", f"{_I}/{{number:int}}"): edit,
    ("GET", f"{_I}/{{number:int}}/comments"): list_comments,
    ("POST", f"{_I}/{{number:int}}/comments"): create_comment,
    ("GET", f"{_I}/{{number:int}}/labels"): list_issue_labels,
    ("POST", f"{_I}/{{number:int}}/labels"): add_labels,
    ("POST", f"{_I}/{{number:int}}/reactions"): react_to_issue,
}
