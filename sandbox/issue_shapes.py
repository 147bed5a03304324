"""Issues, comments, labels and reactions in the shape of GitHub's description."""

from collections import Counter
from typing import Any
from urllib.parse import quote

from sandbox.model import Comment, Issue, Label, PullReview, Reaction, Repository
from sandbox.shapes import Shapes
from sandbox.wire import iso, iso_or_none, node_id

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")


class IssueShapes:
    """Builds the bodies of everything under `/issues`."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def issue(self, repository: Repository, issue: Issue) -> dict[str, Any]:
        """An `issue`; with `pull_request` when it is one."""
        repo_url = self._shapes.repo_url(repository)
        url = f"{repo_url}/issues/{issue.number}"
        kind = "pull" if issue.pull else "issues"
        html = f"{self._shapes.html_url(repository)}/{kind}/{issue.number}"
        people = [self._shapes.user(login) for login in issue.assignees]
        closer = self._shapes.user(issue.closed_by) if issue.closed_by else None
        body: dict[str, Any] = {
            "url": url,
            "repository_url": repo_url,
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "timeline_url": f"{url}/timeline",
            "html_url": html,
            "id": issue.id,
            "node_id": issue_node_id(issue),
            "number": issue.number,
            "title": issue.title,
            "user": self._shapes.user(issue.login),
            "labels": [self.label(repository, repository.labels[n.lower()]) for n in issue.labels],
            "state": issue.state,
            "state_reason": issue.state_reason,
            "locked": False,
            "active_lock_reason": None,
            "assignee": people[0] if people else None,
            "assignees": people,
            "milestone": None,
            "comments": len(issue.comments),
            "created_at": iso(issue.created_at),
            "updated_at": iso(issue.updated_at),
            "closed_at": iso_or_none(issue.closed_at),
            "closed_by": closer,
            "author_association": issue.association,
            "body": issue.body,
            "reactions": _rollup(issue.reactions, f"{url}/reactions"),
            "performed_via_github_app": None,
        }
        return body | _pull_part(repo_url, html, issue)

    def comment(self, repository: Repository, comment: Comment) -> dict[str, Any]:
        """An `issue-comment`."""
        repo_url = self._shapes.repo_url(repository)
        url = f"{repo_url}/issues/comments/{comment.id}"
        pull = repository.issues[comment.issue].pull
        page = f"{self._shapes.html_url(repository)}/{'pull' if pull else 'issues'}/{comment.issue}"
        return {
            "url": url,
            "html_url": f"{page}#issuecomment-{comment.id}",
            "issue_url": f"{repo_url}/issues/{comment.issue}",
            "id": comment.id,
            "node_id": node_id("IssueComment", comment.id),
            "user": self._shapes.user(comment.login),
            "created_at": iso(comment.created_at),
            "updated_at": iso(comment.updated_at),
            "body": comment.body,
            "author_association": comment.association,
            "reactions": _rollup(comment.reactions, f"{url}/reactions"),
            "performed_via_github_app": None,
        }

    def label(self, repository: Repository, label: Label) -> dict[str, Any]:
        """A `label`."""
        return {
            "id": label.id,
            "node_id": node_id("Label", label.id),
            "url": f"{self._shapes.repo_url(repository)}/labels/{quote(label.name)}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description,
            "archived_at": None,
            "archived_by": None,
        }

    def review(self, repository: Repository, issue: Issue, review: PullReview) -> dict[str, Any]:
        """A `pull-request-review`."""
        pull_url = f"{self._shapes.repo_url(repository)}/pulls/{issue.number}"
        page = f"{self._shapes.html_url(repository)}/pull/{issue.number}"
        html = f"{page}#pullrequestreview-{review.id}"
        return {
            "id": review.id,
            "node_id": node_id("PullRequestReview", review.id),
            "user": self._shapes.user(review.login),
            "body": review.body,
            "state": review.state,
            "html_url": html,
            "pull_request_url": pull_url,
            "author_association": review.association,
            "_links": {"html": {"href": html}, "pull_request": {"href": pull_url}},
            "submitted_at": iso(review.submitted_at),
            "commit_id": issue.pull.head_sha or None if issue.pull else None,
        }

    def reaction(self, reaction: Reaction) -> dict[str, Any]:
        """A `reaction`."""
        return {
            "id": reaction.id,
            "node_id": node_id("Reaction", reaction.id),
            "user": self._shapes.user(reaction.login),
            "content": reaction.content,
            "created_at": iso(reaction.created_at),
        }


def issue_node_id(issue: Issue) -> str:
    """The global id of an issue or pull request."""
    return node_id("PullRequest" if issue.pull else "Issue", issue.id)


def _pull_part(repo_url: str, html: str, issue: Issue) -> dict[str, Any]:
    if issue.pull is None:
        return {}
    return {
        "draft": issue.pull.draft,
        "pull_request": {
            "url": f"{repo_url}/pulls/{issue.number}",
            "html_url": html,
            "diff_url": f"{html}.diff",
            "patch_url": f"{html}.patch",
            "merged_at": iso_or_none(issue.pull.merged_at),
        },
    }


def _rollup(reactions: list[Reaction], url: str) -> dict[str, Any]:
    counts = Counter(reaction.content for reaction in reactions)
    return {"url": url, "total_count": len(reactions)} | {c: counts[c] for c in CONTENTS}
