"""`POST /graphql`, for one kind of question: plain fields of issues and pull requests by global id."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.gate import Call, Handler
from sandbox.issue_shapes import issue_node_id
from sandbox.model import Issue, Repository
from sandbox.wire import Answer, ApiError, invalid_field, iso, iso_or_none

_MAX_IDS = 100
_DOCUMENT = re.compile(
    r"\s*query\s*\(\s*\$(\w+)\s*:\s*\[ID!\]!\s*\)\s*\{\s*nodes\s*\(\s*ids\s*:\s*\$\1\s*\)\s*"
    r"\{((?:\s*\.\.\.\s*on\s+\w+\s*\{[\w\s,]*\})+)\s*\}\s*\}\s*"
)
_FRAGMENT = re.compile(r"\.\.\.\s*on\s+(\w+)\s*\{([\w\s,]*)\}")
_FIELDS: dict[str, Callable[[Call, Repository, Issue], Any]] = {
    "id": lambda _, __, issue: issue_node_id(issue),
    "number": lambda _, __, issue: issue.number,
    "title": lambda _, __, issue: issue.title,
    "body": lambda _, __, issue: issue.body or "",
    "url": lambda call, repo, issue: call.hub.issue_shapes.issue(repo, issue)["html_url"],
    "createdAt": lambda _, __, issue: iso(issue.created_at),
    "updatedAt": lambda _, __, issue: iso(issue.updated_at),
    "lastEditedAt": lambda _, __, issue: iso_or_none(issue.edited_at),
}


def query(call: Call) -> Answer:
    """`POST /graphql`: `query($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { id } } }`."""
    body = call.fields()
    found = _DOCUMENT.fullmatch(str(body.get("query") or ""))
    if found is None:
        return _refused("This sandbox answers only `nodes(ids: …)` with fragments of plain fields")
    wanted = {kind: re.findall(r"\w+", names) for kind, names in _FRAGMENT.findall(found[2])}
    unknown = sorted({n for names in wanted.values() for n in names} - _FIELDS.keys())
    if unknown:
        return _refused(f"Field '{unknown[0]}' doesn't exist here")
    ids = (body.get("variables") or {}).get(found[1])
    if not isinstance(ids, list):
        raise invalid_field("Query", found[1])
    if len(ids) > _MAX_IDS:
        return _refused("You may not provide more than 100 node ids")
    return _answer(call, [str(one) for one in ids], wanted)


def _answer(call: Call, ids: list[str], wanted: dict[str, list[str]]) -> Answer:
    known = {
        issue_node_id(issue): (repo, issue)
        for repo in call.hub.world.repositories.values()
        for issue in repo.issues.values()
    }
    nodes: list[dict[str, Any] | None] = []
    errors: list[dict[str, Any]] = []
    for place, node in enumerate(ids):
        repo, issue = known.get(node, (None, None))
        if repo is None or issue is None or not _may_read(call, repo, issue):
            message = f"Could not resolve to a node with the global id of '{node}'"
            nodes.append(None)
            errors.append({"type": "NOT_FOUND", "path": ["nodes", place], "message": message})
            continue
        fields = wanted.get("PullRequest" if issue.pull else "Issue", [])
        nodes.append({name: _FIELDS[name](call, repo, issue) for name in fields})
    return Answer(200, {"data": {"nodes": nodes}} | ({"errors": errors} if errors else {}))


def _may_read(call: Call, repo: Repository, issue: Issue) -> bool:
    if not call.identity.sees(repo):
        return False
    try:
        call.identity.require("pull-requests" if issue.pull else "issues", repo, "read")
    except ApiError:
        return False
    return True


def _refused(message: str) -> Answer:
    return Answer(200, {"errors": [{"message": message}]})


ROUTES: dict[tuple[str, str], Handler] = {("POST", "/graphql"): query}
