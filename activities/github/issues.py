"""Issues and their comments."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from activities.github.client import PER_PAGE, Answer, GitHubClient

_MAX_COMMENT_PAGES = 5
"""Of an approval issue; what lies beyond, a webhook has to tell of."""
_EDITS = """\
query($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Issue { id lastEditedAt }
    ... on PullRequest { id lastEditedAt }
  }
}
"""


class Issues:
    """The part of the REST API under `/issues`."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    def open_page(self, repository: str, page: int) -> Answer:
        """Read a page of open issues and pull requests, oldest first."""
        return self._client.reread(
            f"/repos/{repository}/issues",
            state="open",
            sort="created",
            direction="asc",
            per_page=PER_PAGE,
            page=page,
        )

    def newest(self, repository: str, *, max_pages: int) -> list[dict[str, Any]]:
        """Read the newest issues of any state, newest first."""
        pages = self._client.pages(
            f"/repos/{repository}/issues",
            max_pages=max_pages,
            state="all",
            sort="created",
            direction="desc",
        )
        return [issue for page in pages for issue in page.data]

    def opened_by(
        self, repository: str, login: str, *, since: datetime, max_pages: int
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield pages of what a login opened, pull requests too, newest first.

        Args:
            repository: as `owner/name`.
            login: whose.
            since: what was opened, and not touched, before is left out.
            max_pages: no more are read.
        """
        pages = self._client.pages(
            f"/repos/{repository}/issues",
            max_pages=max_pages,
            state="all",
            creator=login,
            since=_utc(since),
            sort="created",
            direction="desc",
        )
        for page in pages:
            yield page.data

    def never_edited(self, repository: str, nodes: Sequence[str]) -> set[str]:
        """Tell which of these issues and pull requests have the text that they were opened with.

        REST does not say: there, `updated_at` moves with labels, comments and pushes as well.

        Args:
            repository: where they are, as `owner/name`.
            nodes: their global ids, at most 100.
        """
        if not nodes:
            return set()
        found = self._client.graphql(repository, _EDITS, {"ids": list(nodes)}).get("nodes") or []
        return {
            str(node["id"])
            for node in found
            if isinstance(node, dict) and node.get("lastEditedAt", "") is None
        }

    def create(
        self, repository: str, title: str, body: str, labels: tuple[str, ...]
    ) -> dict[str, Any]:
        """Create an issue."""
        asked = {"title": title, "body": body, "labels": list(labels)}
        path = f"/repos/{repository}/issues"
        created: dict[str, Any] = self._client.request("POST", path, body=asked).data
        return created

    def read(self, repository: str, number: int) -> dict[str, Any]:
        """Read one issue."""
        found: dict[str, Any] = self._client.get(f"/repos/{repository}/issues/{number}").data
        return found

    def comment(self, repository: str, number: int, body: str) -> dict[str, Any]:
        """Comment on an issue or pull request."""
        path = f"/repos/{repository}/issues/{number}/comments"
        created: dict[str, Any] = self._client.request("POST", path, body={"body": body}).data
        return created

    def edit(self, repository: str, number: int, *, body: str, state: str) -> None:
        """Set an issue's text and state; doing so again changes nothing."""
        asked = {"body": body, "state": state}
        self._client.request("PATCH", f"/repos/{repository}/issues/{number}", body=asked)

    def close(self, repository: str, number: int, state_reason: str = "completed") -> None:
        """Close an issue; `state_reason` in GitHub's words."""
        path = f"/repos/{repository}/issues/{number}"
        asked = {"state": "closed", "state_reason": state_reason}
        self._client.request("PATCH", path, body=asked)

    def open_by(self, repository: str, login: str, *, max_pages: int) -> list[dict[str, Any]]:
        """Read open issues of a login, what was touched last first; unchanged lists cost nothing.

        Args:
            repository: as `owner/name`.
            login: whose; anybody's where it is empty.
            max_pages: no more are read.
        """
        whose = {"creator": login} if login else {}
        newest = {"state": "open", "sort": "updated", "direction": "desc"}
        return self._reread(f"/repos/{repository}/issues", max_pages, **newest, **whose)

    def open_pull(
        self, repository: str, *, title: str, body: str, head: str, base: str, draft: bool
    ) -> dict[str, Any]:
        """Open a pull request."""
        asked = {"title": title, "body": body, "head": head, "base": base, "draft": draft}
        path = f"/repos/{repository}/pulls"
        created: dict[str, Any] = self._client.request("POST", path, body=asked).data
        return created

    def edit_pull(self, repository: str, number: int, *, title: str, body: str) -> None:
        """Set a pull request's title and text; doing so again changes nothing."""
        path = f"/repos/{repository}/pulls/{number}"
        self._client.request("PATCH", path, body={"title": title, "body": body})

    def label(self, repository: str, number: int, labels: tuple[str, ...]) -> None:
        """Add labels to an issue or pull request; those that it has already stay."""
        path = f"/repos/{repository}/issues/{number}/labels"
        self._client.request("POST", path, body={"labels": list(labels)})

    def pulls_of(self, repository: str, head: str) -> list[dict[str, Any]]:
        """Read the pull requests of a branch, of any state, newest first."""
        owner = repository.partition("/")[0]
        path = f"/repos/{repository}/pulls"
        found = self._client.get(path, head=f"{owner}:{head}", state="all", per_page=PER_PAGE)
        pulls: list[dict[str, Any]] = found.data
        return pulls

    def changed_paths(self, repository: str, number: int) -> list[str]:
        """List the files that a pull request changes; GitHub tells at most 3,000."""
        pages = self._client.pages(f"/repos/{repository}/pulls/{number}/files", max_pages=30)
        return [str(one["filename"]) for page in pages for one in page.data]

    def comments(
        self, repository: str, number: int, *, since: datetime | None = None, max_pages: int
    ) -> list[dict[str, Any]]:
        """Read an issue's comments that were touched since an instant, oldest first."""
        touched = {"since": _utc(since)} if since else {}
        pages = self._client.pages(
            f"/repos/{repository}/issues/{number}/comments", max_pages=max_pages, **touched
        )
        return [comment for page in pages for comment in page.data]

    def reread_comments(
        self, repository: str, number: int, *, since: datetime
    ) -> list[dict[str, Any]]:
        """Read an issue's comments again and again, oldest first; unchanged ones cost nothing.

        Args:
            repository: as `owner/name`.
            number: of the issue.
            since: what was not touched after is left out; the same each time.
        """
        path = f"/repos/{repository}/issues/{number}/comments"
        return self._reread(path, _MAX_COMMENT_PAGES, since=_utc(since))

    def read_comment(self, repository: str, comment_id: int) -> dict[str, Any]:
        """Read one comment.

        Raises:
            NotFoundError: it was deleted.
        """
        path = f"/repos/{repository}/issues/comments/{comment_id}"
        found: dict[str, Any] = self._client.get(path).data
        return found

    def _reread(self, path: str, max_pages: int, **parameters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, max_pages + 1):
            answer = self._client.reread(path, per_page=PER_PAGE, page=page, **parameters)
            found += answer.data
            if not answer.has_next:
                break
        return found


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
