"""Repositories, accounts, commits and files in the shape of GitHub's description."""

from typing import Any
from urllib.parse import quote

from sandbox.identities import account_id, account_type
from sandbox.model import Repository, WorkflowEntry
from sandbox.trees import blob_sha
from sandbox.wire import iso, node_id

_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}
_ALL_RIGHTS = {"admin": True, "maintain": True, "push": True, "triage": True, "pull": True}


class Shapes:
    """Builds bodies; every link in them leads back to this server."""

    def __init__(self, api_url: str) -> None:
        self.api_url = api_url
        # Both are in every run of a list; nobody may change what these hold.
        self._users: dict[str, dict[str, Any]] = {}
        self._repositories: dict[int, dict[str, Any]] = {}

    def repo_url(self, repository: Repository) -> str:
        """The API link of a repository."""
        return f"{self.api_url}/repos/{repository.full_name}"

    def html_url(self, repository: Repository) -> str:
        """The page of a repository."""
        return f"{self.api_url}/{repository.full_name}"

    def user(self, login: str) -> dict[str, Any]:
        """A `simple-user`."""
        known = self._users.get(login)
        if known is None:
            known = self._users[login] = self._user(login)
        return known

    def _user(self, login: str) -> dict[str, Any]:
        url = f"{self.api_url}/users/{quote(login)}"
        number = account_id(login)
        return {
            "login": login,
            "id": number,
            "node_id": node_id("User", number),
            "avatar_url": f"{self.api_url}/avatars/u/{number}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.api_url}/{quote(login)}",
            "type": account_type(login),
            "site_admin": False,
        } | {name: url + rest for name, rest in _USER_LINKS.items()}

    def account(self, login: str) -> dict[str, Any]:
        """A `public-user`, as `GET /user` gives."""
        return self.user(login) | {
            "name": login,
            "company": None,
            "blog": "",
            "location": None,
            "email": None,
            "hireable": None,
            "bio": None,
            "public_repos": 0,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": iso(0),
            "updated_at": iso(0),
        }

    def minimal_repository(self, repository: Repository) -> dict[str, Any]:
        """A `minimal-repository`."""
        known = self._repositories.get(repository.id)
        if known is None or known["fork"] != repository.fork:
            known = self._repositories[repository.id] = self._minimal(repository)
        return known

    def _minimal(self, repository: Repository) -> dict[str, Any]:
        url = self.repo_url(repository)
        return {
            "id": repository.id,
            "node_id": node_id("Repository", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "owner": self.user(repository.owner),
            "private": False,
            "html_url": self.html_url(repository),
            "description": None,
            "fork": repository.fork,
            "url": url,
        } | {name: url + rest for name, rest in _REPOSITORY_LINKS.items()}

    def repository(self, repository: Repository) -> dict[str, Any]:
        """A `full-repository`."""
        html, created = self.html_url(repository), iso(repository.created_at)
        open_issues = sum(issue.state == "open" for issue in repository.issues.values())
        counts = ("forks", "forks_count", "stargazers_count", "watchers", "watchers_count")
        return (
            self.minimal_repository(repository)
            | dict.fromkeys(counts, 0)
            | {
                "git_url": f"{html}.git",
                "ssh_url": f"{html}.git",
                "clone_url": f"{html}.git",
                "svn_url": html,
                "mirror_url": None,
                "homepage": None,
                "language": None,
                "size": 1,
                "default_branch": repository.default_branch,
                "open_issues": open_issues,
                "open_issues_count": open_issues,
                "has_issues": True,
                "has_projects": False,
                "has_wiki": False,
                "has_pages": False,
                "has_discussions": False,
                "archived": repository.archived,
                "disabled": False,
                "topics": repository.topics,
                "visibility": "public",
                "pushed_at": created,
                "created_at": created,
                "updated_at": created,
                "subscribers_count": 0,
                "network_count": 0,
                "license": None,
                "permissions": dict(_ALL_RIGHTS),
            }
        )

    def workflow(self, repository: Repository, entry: WorkflowEntry, name: str) -> dict[str, Any]:
        """A `workflow`."""
        html = self.html_url(repository)
        return {
            "id": entry.id,
            "node_id": node_id("Workflow", entry.id),
            "name": name,
            "path": entry.path,
            "state": entry.state,
            "created_at": iso(entry.created_at),
            "updated_at": iso(entry.created_at),
            "url": f"{self.repo_url(repository)}/actions/workflows/{entry.id}",
            "html_url": f"{html}/blob/{repository.default_branch}/{entry.path}",
            "badge_url": f"{html}/workflows/{quote(name)}/badge.svg",
        }

    def commit(self, repository: Repository, sha: str) -> dict[str, Any]:
        """A `commit`."""
        url, person = self.repo_url(repository), self.user(repository.owner)
        stamp = {
            "name": repository.owner,
            "email": f"{repository.owner}@localhost",
            "date": iso(repository.created_at),
        }
        return {
            "url": f"{url}/commits/{sha}",
            "sha": sha,
            "node_id": node_id("Commit", int(sha[:8], 16)),
            "html_url": f"{self.html_url(repository)}/commit/{sha}",
            "comments_url": f"{url}/commits/{sha}/comments",
            "commit": {
                "url": f"{url}/git/commits/{sha}",
                "author": stamp,
                "committer": stamp,
                "message": "Snapshot",
                "comment_count": 0,
                "tree": {"sha": sha, "url": f"{url}/git/trees/{sha}"},
            },
            "author": person,
            "committer": person,
            "parents": [],
        }

    def git_ref(self, repository: Repository, ref: str, sha: str) -> dict[str, Any]:
        """A `git-ref`."""
        url = self.repo_url(repository)
        return {
            "ref": ref,
            "node_id": node_id("Ref", int(sha[:8], 16)),
            "url": f"{url}/git/{ref}",
            "object": {"type": "commit", "sha": sha, "url": f"{url}/git/commits/{sha}"},
        }

    def branch(self, repository: Repository, name: str, sha: str) -> dict[str, Any]:
        """A `branch-with-protection`."""
        url = self.repo_url(repository)
        return {
            "name": name,
            "commit": self.commit(repository, sha),
            "_links": {"self": f"{url}/branches/{name}", "html": self.html_url(repository)},
            "protected": False,
            "protection": {},
            "protection_url": f"{url}/branches/{name}/protection",
        }

    def file_entry(
        self, repository: Repository, path: str, ref: str, content: bytes | None
    ) -> dict[str, Any]:
        """An entry of a directory list; a folder when `content` is None."""
        data = content or b""
        sha, is_file = blob_sha(data), content is not None
        url = f"{self.repo_url(repository)}/contents/{quote(path)}?ref={quote(ref)}"
        git = f"{self.repo_url(repository)}/git/{'blobs' if is_file else 'trees'}/{sha}"
        kind = "blob" if is_file else "tree"
        html = f"{self.html_url(repository)}/{kind}/{quote(ref)}/{quote(path)}"
        return {
            "name": path.rsplit("/", 1)[-1],
            "path": path,
            "sha": sha,
            "size": len(data),
            "url": url,
            "html_url": html,
            "git_url": git,
            "download_url": html.replace("/blob/", "/raw/") if is_file else None,
            "type": "file" if is_file else "dir",
            "_links": {"self": url, "git": git, "html": html},
        }

    def tree_entry(
        self, repository: Repository, path: str, content: bytes | None
    ) -> dict[str, Any]:
        """An entry of a `git-tree`; a folder when `content` is None."""
        sha, url = blob_sha(content or path.encode()), self.repo_url(repository)
        if content is None:
            link = f"{url}/git/trees/{sha}"
            return {"path": path, "mode": "040000", "type": "tree", "sha": sha, "url": link}
        link = f"{url}/git/blobs/{sha}"
        blob = {"path": path, "mode": "100644", "type": "blob", "sha": sha, "url": link}
        return {**blob, "size": len(content)}
