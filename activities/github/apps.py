"""A GitHub App: one installation token per owner, found, kept and renewed once for all threads."""

import re
import threading
from collections.abc import Callable

from github import Auth, Github, GithubException

from activities.github.client import GitHubClient
from activities.github.errors import NotFoundError, RefusedError

_MAX_PAGES = 10
"""1,000 installations."""
_PLACE = re.compile(r"^/(?:repos/(?P<owner>[^/]+)/(?P<name>[^/?]+)|orgs/(?P<organization>[^/?]+))")


class OneRefresh(Auth.Auth):
    """An App's installation token, fetched by one thread at a time.

    PyGithub's own class lets every thread that finds the token expired fetch one.
    """

    def __init__(self, inner: Auth.AppInstallationAuth, given_up: Callable[[], None]) -> None:
        """Take PyGithub's own, and what to call when it gets no token."""
        self._inner, self._given_up = inner, given_up
        self._lock = threading.Lock()

    @property
    def token_type(self) -> str:
        """As GitHub wants it before the token."""
        return self._inner.token_type

    @property
    def token(self) -> str:
        """The token, refreshed shortly before it expires."""
        with self._lock:
            try:
                return self._inner.token
            except GithubException:
                self._given_up()
                raise


class AppIdentities:
    """An App in all its installations: which one speaks follows from what is asked for."""

    def __init__(self, app: Auth.AppAuth, api_url: str, installation: int | None = None) -> None:
        """Take the App.

        Args:
            app: signs as the App itself.
            api_url: where GitHub is.
            installation: the only one to use; None finds one for each owner.
        """
        self._app, self._api_url, self._installation = app, api_url, installation
        self._as_app = GitHubClient(app, api_url)
        self._by_owner: dict[str, OneRefresh] = {}
        self._login = ""
        self._lock = threading.Lock()

    def of(self, path: str) -> Auth.Auth:
        """Give the identity that a request is sent as.

        Raises:
            RefusedError: the App is not installed there, or the path names no owner.
            GitHubError: it cannot be found out now.
        """
        place = _PLACE.match(path)
        owner = (place["owner"] or place["organization"]).lower() if place else ""
        with self._lock:  # one look-up for all threads that come at once
            known = self._by_owner.get(owner)
            if known is None:
                found = self._installation or self._find(place, path)
                known = self._by_owner[owner] = self._auth(owner, found)
            return known

    def forget(self, auth: Auth.Auth) -> None:
        """Find the installation anew the next time; what was found meanwhile stays."""
        with self._lock:
            for owner, known in list(self._by_owner.items()):
                if known is auth:
                    del self._by_owner[owner]

    def login(self) -> str:
        """Tell the App's own login, as authors of what it writes are named; asked once."""
        with self._lock:
            if not self._login:
                self._login = f"{self._as_app.get('/app').data['slug']}[bot]"
            return self._login

    def permissions(self) -> list[dict[str, str]]:
        """Read the permissions of each installation that may be used, on the first pages."""
        wanted = self._installation
        return [
            {str(name): str(level) for name, level in one["permissions"].items()}
            for page in self._as_app.pages("/app/installations", max_pages=_MAX_PAGES)
            for one in page.data
            if wanted in (None, one["id"])
        ]

    def _find(self, place: re.Match[str] | None, path: str) -> int:
        if place is None:
            raise RefusedError(f"{path}: an App speaks for an owner, and the path names none", 403)
        try:
            return int(self._as_app.get(f"{place[0]}/installation").data["id"])
        except NotFoundError as error:
            owner = place["owner"] or place["organization"]
            raise RefusedError(
                f"the App is not installed for {owner}, or may not see {place[0]}; install it there",
                error.status,
            ) from error

    def _auth(self, owner: str, installation: int) -> OneRefresh:
        """An App that was installed anew has another installation: it is looked for again."""
        requester = Github(auth=self._app, base_url=self._api_url, retry=None).requester
        inner = self._app.get_installation_auth(installation, requester=requester)
        return OneRefresh(inner, lambda: self._forget(owner))

    def _forget(self, owner: str) -> None:
        self._by_owner.pop(owner, None)
