"""`GET /search/issues`, as far as `repo:`, `is:`, `in:`, `label:` and plain words go."""

import shlex
from typing import Any

from sandbox.gate import Call, Handler
from sandbox.model import Issue
from sandbox.rest.issues import sort_issues
from sandbox.rest.paging import page_of
from sandbox.wire import Answer, ApiError, invalid_field

_SEARCHABLE = 1_000


def search_issues(call: Call) -> Answer:
    """Open and closed issues and pull requests that match every part of `q`."""
    if not call.query.get("q"):
        raise invalid_field("Search", "q", "missing")
    qualifiers, words = _split(call.query["q"])
    found: list[tuple[str, Issue]] = []
    for full_name in _repositories(call, qualifiers):
        issues = call.hub.repository(*full_name.split("/")).issues.values()
        found += [(full_name, i) for i in issues if _matches(i, qualifiers, words)]
    names = {id(issue): full_name for full_name, issue in found}
    ordered = sort_issues(
        [issue for _, issue in found], call.query.get("sort", "created"), call.query.get("order")
    )
    page, headers = page_of(call, ordered[:_SEARCHABLE])
    items = [_item(call, names[id(issue)], issue) for issue in page]
    body = {
        "total_count": len(ordered),
        "incomplete_results": False,
        "search_type": "lexical",
        "items": items,
    }
    return Answer(200, body, headers)


def _split(query: str) -> tuple[dict[str, list[str]], list[str]]:
    try:
        parts = shlex.split(query)
    except ValueError:
        parts = query.split()
    qualifiers: dict[str, list[str]] = {}
    words: list[str] = []
    for part in parts:
        name, colon, value = part.partition(":")
        if colon and name in {"repo", "is", "in", "label", "author", "state", "type"}:
            qualifiers.setdefault(name, []).append(value)
        else:
            words.append(part.lower())
    return qualifiers, words


def _repositories(call: Call, qualifiers: dict[str, list[str]]) -> list[str]:
    asked = qualifiers.get("repo")
    every = call.hub.world.repositories
    known = {key: one.full_name for key, one in every.items() if call.identity.sees(one)}
    if asked is None:
        return list(known.values())
    chosen = [known[name.lower()] for name in asked if name.lower() in known]
    if not chosen:
        message = "The listed users and repositories cannot be searched"
        raise ApiError(422, "Validation Failed", [{"message": message, "code": "invalid"}])
    return chosen


def _matches(issue: Issue, qualifiers: dict[str, list[str]], words: list[str]) -> bool:
    kinds = {"pr", "pull-request"} if issue.pull else {"issue"}
    facts = (
        kinds
        | {issue.state, "public"}
        | ({"merged"} if issue.pull and issue.pull.merged_at else set())
    )
    wanted = [v for n in ("is", "state", "type") for v in qualifiers.get(n, [])]
    labels = {name.lower() for name in issue.labels}
    where = {place for value in qualifiers.get("in", []) for place in value.split(",")}
    text = " ".join(
        part
        for name, part in (("title", issue.title), ("body", issue.body or ""))
        if not where or name in where
    ).lower()
    return (
        all(value in facts for value in wanted)
        and all(value.lower() in labels for value in qualifiers.get("label", []))
        and all(value.lower() == issue.login.lower() for value in qualifiers.get("author", []))
        and all(word in text for word in words)
    )


def _item(call: Call, full_name: str, issue: Issue) -> dict[str, Any]:
    repository = call.hub.repository(*full_name.split("/"))
    return call.hub.issue_shapes.issue(repository, issue) | {"score": 1.0}


ROUTES: dict[tuple[str, str], Handler] = {("GET", "/search/issues"): search_issues}
