"""Pull requests: issues with a head and a base."""

from typing import Any

from sandbox.branches import changes_of
from sandbox.gate import Call, Handler
from sandbox.issues import create_issue, edit_issue, get_issue
from sandbox.model import Issue, PullRequest
from sandbox.rest.issues import sort_issues
from sandbox.rest.paging import page_of
from sandbox.wire import Answer, ApiError, invalid_field, iso_or_none, not_found


def create(call: Call) -> Answer:
    """`POST .../pulls`."""
    repo, fields, hub = call.repository, call.fields(), call.hub
    call.identity.require("pull-requests", repo)
    branches = hub.branches(repo)
    head = str(fields.get("head") or "").rpartition(":")[2]
    base = str(fields.get("base") or "")
    for name, value in (("head", head), ("base", base)):
        if value not in branches:
            raise invalid_field("PullRequest", name)
    if _open_pull(call, head, base):
        raise _refused(f"A pull request already exists for {repo.owner}:{head}.")
    if branches[head] == branches[base]:
        raise _refused(f"No commits between {base} and {head}")
    pull = PullRequest(head, base, branches[head], branches[base], bool(fields.get("draft")))
    known = {name: fields.get(name) for name in ("title", "body")}
    issue = create_issue(hub, repo, call.login, known, pull)
    return Answer(201, _body(call, issue))


def _refused(message: str) -> ApiError:
    entry = {"resource": "PullRequest", "code": "custom", "message": message}
    return ApiError(422, "Validation Failed", [entry])


def _open_pull(call: Call, head: str, base: str) -> bool:
    return any(
        issue.pull and issue.state == "open" and (issue.pull.head, issue.pull.base) == (head, base)
        for issue in call.repository.issues.values()
    )


def list_pulls(call: Call) -> Answer:
    """`GET .../pulls`, newest first; `head` as `owner:branch`."""
    query = call.query
    chosen = [
        issue
        for issue in call.repository.issues.values()
        if issue.pull and _asked(query, issue.pull, issue)
    ]
    ordered = sort_issues(chosen, query.get("sort", "created"), query.get("direction"))
    page, headers = page_of(call, ordered)
    return Answer(200, [_body(call, issue) for issue in page], headers)


def _asked(query: dict[str, str], pull: PullRequest, issue: Issue) -> bool:
    head = query.get("head", "").rpartition(":")[2]
    return (
        query.get("state", "open") in {"all", issue.state}
        and head in {"", pull.head}
        and query.get("base", pull.base) == pull.base
    )


def _pull(call: Call) -> Issue:
    issue = get_issue(call.repository, call.params["number"])
    if issue.pull is None:
        raise not_found()
    return issue


def get(call: Call) -> Answer:
    """`GET .../pulls/{number}`."""
    return Answer(200, _body(call, _pull(call)))


def edit(call: Call) -> Answer:
    """`PATCH .../pulls/{number}`: title, body, state."""
    issue = _pull(call)
    call.identity.require("pull-requests", call.repository)
    fields = {n: v for n, v in call.fields().items() if n in {"title", "body", "state"}}
    edit_issue(call.hub, call.repository, call.login, issue, fields)
    return get(call)


def list_files(call: Call) -> Answer:
    """`GET .../pulls/{number}/files`."""
    issue, repo = _pull(call), call.repository
    head = issue.pull.head if issue.pull else ""
    page, headers = page_of(call, changes_of(call.hub, repo, head))
    shapes, bodies = call.hub.shapes, []
    for change in page:
        html = f"{shapes.html_url(repo)}/blob/{head}/{change.path}"
        bodies.append(
            {
                "sha": change.sha,
                "filename": change.path,
                "status": change.status,
                "additions": change.additions,
                "deletions": change.deletions,
                "changes": change.additions + change.deletions,
                "blob_url": html,
                "raw_url": html.replace("/blob/", "/raw/"),
                "contents_url": f"{shapes.repo_url(repo)}/contents/{change.path}?ref={head}",
            }
        )
    return Answer(200, bodies, headers)


def list_reviews(call: Call) -> Answer:
    """`GET .../pulls/{number}/reviews`, oldest first."""
    issue, repo = _pull(call), call.repository
    reviews = issue.pull.reviews if issue.pull else []
    page, headers = page_of(call, sorted(reviews, key=lambda review: review.submitted_at))
    return Answer(200, [call.hub.issue_shapes.review(repo, issue, one) for one in page], headers)


_SHARED = (
    *("html_url", "number", "state", "locked", "title", "user", "body", "labels", "milestone"),
    *("created_at", "updated_at", "closed_at", "assignee", "assignees", "author_association"),
    *("comments", "active_lock_reason", "comments_url"),
)
"""What a pull request says in the words of its issue."""


def _body(call: Call, issue: Issue) -> dict[str, Any]:
    repo, pull = call.repository, issue.pull
    if pull is None:
        raise not_found()
    shapes, as_issue = call.hub.shapes, call.hub.issue_shapes.issue(repo, issue)
    url = f"{shapes.repo_url(repo)}/pulls/{issue.number}"
    head_sha = repo.branches.get(pull.head, pull.head_sha)
    files = changes_of(call.hub, repo, pull.head)
    links = {
        "diff_url": f"{as_issue['html_url']}.diff",
        "patch_url": f"{as_issue['html_url']}.patch",
        "issue_url": as_issue["url"],
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{shapes.repo_url(repo)}/pulls/comments{{/number}}",
        "statuses_url": f"{shapes.repo_url(repo)}/statuses/{head_sha}",
    }
    return (
        {name: as_issue[name] for name in _SHARED}
        | links
        | _merging(pull)
        | {
            "url": url,
            "id": issue.id,
            "node_id": as_issue["node_id"],
            "draft": pull.draft,
            "requested_reviewers": [],
            "requested_teams": [],
            "review_comments": 0,
            "maintainer_can_modify": False,
            "commits": 1,
            "additions": sum(change.additions for change in files),
            "deletions": sum(change.deletions for change in files),
            "changed_files": len(files),
            **pull.figures,
            "head": _side(call, pull.head, head_sha),
            "base": _side(call, pull.base, pull.base_sha),
            "_links": _links(url, as_issue, links),
        }
    )


_MERGEABLE = {True: "clean", False: "dirty", None: "unknown"}


def _merging(pull: PullRequest) -> dict[str, Any]:
    return {
        "merged_at": iso_or_none(pull.merged_at),
        "merged": pull.merged_at is not None,
        "merged_by": None,
        "merge_commit_sha": None,
        "mergeable": pull.mergeable,
        "mergeable_state": _MERGEABLE[pull.mergeable],
        "auto_merge": None,
    }


def _side(call: Call, branch: str, sha: str) -> dict[str, Any]:
    repo = call.repository
    return {
        "label": f"{repo.owner}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": call.hub.shapes.user(repo.owner),
        "repo": call.hub.shapes.repository(repo),
    }


def _links(url: str, issue: dict[str, Any], links: dict[str, str]) -> dict[str, Any]:
    found = {
        "self": url,
        "html": issue["html_url"],
        "issue": issue["url"],
        "comments": issue["comments_url"],
        "review_comments": links["review_comments_url"],
        "review_comment": links["review_comment_url"],
        "commits": links["commits_url"],
        "statuses": links["statuses_url"],
    }
    return {name: {"href": value} for name, value in found.items()}


_P = "/repos/{owner}/{repo}/pulls"
ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", _P): create,
    ("GET", _P): list_pulls,
    ("GET", f"{_P}/{{number:int}}"): get,
    ("PATCH", f"{_P}/{{number:int}}"): edit,
    ("GET", f"{_P}/{{number:int}}/files"): list_files,
    ("GET", f"{_P}/{{number:int}}/reviews"): list_reviews,
}
