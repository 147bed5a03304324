"""Repositories, their files, and who the token is."""

import base64
import threading
from typing import Any
from urllib.parse import quote

from activities.github.client import PER_PAGE, Answer, GitHubClient
from activities.github.errors import NotFoundError, RefusedError

_MAX_INSTALLATION_PAGES = 100
"""10,000 repositories, as many as a spec may have items."""
_ROLES = {
    "admin": "admin",
    "maintain": "maintain",
    "push": "write",
    "triage": "triage",
    "pull": "read",
}
"""Role by the right that only it and higher ones have, the highest first."""


class Repositories:
    """Repositories as far as an orchestration reads them."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client
        self._login = ""
        self._lock = threading.Lock()

    def login(self) -> str:
        """Tell the token's or App's own login; asked once. Empty for a token that may not ask.

        A workflow's token may not read `/user`; what it writes is told by its marker.
        """
        with self._lock:
            if not self._login:
                try:
                    self._login = self._client.login()
                except RefusedError:
                    return ""
            return self._login

    def identity(self, repository: str) -> str:
        """Name whom GitHub holds to its limits for what is written there.

        An App is counted in each of its installations, and so is a workflow's token, which may
        not ask for its login.
        """
        login = self.login()
        if login and not self._client.by_owner:
            return login
        return f"{login or 'unnamed'}/{repository.split('/', 1)[0]}"

    def get(self, repository: str) -> dict[str, Any]:
        """Read the repository itself: default branch, permissions of the token."""
        found: dict[str, Any] = self._client.reread(f"/repos/{repository}").data
        return found

    def role_of(self, repository: str, login: str) -> str:
        """Read what somebody may do in a repository now: one of GitHub's five roles, or `none`.

        A role that an organization made itself counts as the one that it is built on.

        Raises:
            NotFoundError: there is nobody of that login.
        """
        path = f"/repos/{repository}/collaborators/{quote(login, safe='')}/permission"
        told = self._client.reread(path).data
        rights = (told.get("user") or {}).get("permissions") or {}
        held = [role for right, role in _ROLES.items() if rights.get(right)]
        return held[0] if held else str(told.get("permission") or "none")

    def is_member(self, organization: str, team: str, login: str) -> bool:
        """Read whether somebody is in a team now; an invitation alone is not enough."""
        members = f"/orgs/{organization}/teams/{quote(team, safe='')}/memberships"
        try:
            found = self._client.reread(f"{members}/{quote(login, safe='')}").data
        except NotFoundError:
            return False
        return bool(found.get("state") == "active")

    def head(self, repository: str) -> tuple[str, str]:
        """Read the newest commit of the default branch, and that branch's ref in full."""
        branch = self.get(repository)["default_branch"]
        data = self._client.get(f"/repos/{repository}/git/ref/heads/{branch}").data
        return str(data["object"]["sha"]), f"refs/heads/{branch}"

    def text(self, repository: str, path: str, ref: str) -> str:
        """Read a file at a ref.

        Raises:
            NotFoundError: no file of that name there.
        """
        data = self._client.reread(f"/repos/{repository}/contents/{path}", ref=ref).data
        if not isinstance(data, dict) or data.get("type") != "file":
            raise NotFoundError(f"{path} is no file", 404)
        return base64.b64decode(data["content"]).decode()

    def names(self, repository: str, path: str, ref: str) -> list[str]:
        """List the names in a folder; an absent folder is empty."""
        try:
            data = self._client.reread(f"/repos/{repository}/contents/{path}", ref=ref).data
        except NotFoundError:
            return []
        return [entry["name"] for entry in data] if isinstance(data, list) else []

    def files(self, repository: str) -> list[str]:
        """List the paths of all files at the head of the default branch.

        Raises:
            RefusedError: so many files that GitHub does not list them all at once.
        """
        branch = self.get(repository)["default_branch"]
        path = f"/repos/{repository}/git/trees/{branch}"
        data = self._client.reread(path, recursive=1).data
        if data.get("truncated"):
            raise RefusedError(f"{repository} has too many files to list", 422)
        return [entry["path"] for entry in data["tree"] if entry["type"] == "blob"]

    def open_pulls_page(self, repository: str, page: int) -> Answer:
        """Read a page of open pull requests, oldest first."""
        return self._client.reread(
            f"/repos/{repository}/pulls",
            state="open",
            sort="created",
            direction="asc",
            per_page=PER_PAGE,
            page=page,
        )

    def of_organization(self, organization: str, page: int) -> Answer:
        """Read a page of an organization's repositories, oldest first."""
        return self._client.reread(
            f"/orgs/{organization}/repos",
            sort="created",
            direction="asc",
            per_page=PER_PAGE,
            page=page,
        )

    def of_installation(self, place: str) -> list[dict[str, Any]]:
        """Read all repositories of an App's installation, oldest first.

        GitHub tells no order, and one that goes away while pages are read moves others to a page
        that was read already: where the totals do not agree, all pages are read once more.

        Args:
            place: a path that names the installation's owner.

        Raises:
            RefusedError: the token is none of an installation, or it sees too many.
        """
        seen: dict[int, dict[str, Any]] = {}
        for _ in range(2):
            rows, totals = self._installed(place)
            seen |= rows
            if totals == {len(rows)}:
                seen = rows
                break
        return sorted(seen.values(), key=lambda one: (one.get("created_at") or "", one["id"]))

    def _installed(self, place: str) -> tuple[dict[int, dict[str, Any]], set[int]]:
        """Read the pages once: what they list, and the totals that they tell."""
        rows: dict[int, dict[str, Any]] = {}
        totals: set[int] = set()
        for page in range(1, _MAX_INSTALLATION_PAGES + 1):
            answer = self._client.reread(
                "/installation/repositories", place=place, per_page=PER_PAGE, page=page
            )
            rows |= {int(one["id"]): one for one in answer.data["repositories"]}
            totals.add(int(answer.data["total_count"]))
            if not answer.has_next:
                return rows, totals
        raise RefusedError(f"the installation of {place} sees more than {len(rows)}", 422)
