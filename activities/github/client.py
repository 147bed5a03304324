"""PyGithub, made safe: one client per thread, no retries of its own, status codes kept.

PyGithub's default retries send a POST up to eleven times, its connection object mixes up the
requests of two threads, and its methods turn refusals into False. So every call here is one raw
request of a client that belongs to the calling thread; Temporal alone retries.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import requests
import urllib3
from github import Auth, Github, GithubException
from opentelemetry import trace

from activities import metrics
from activities.github.errors import (
    AmbiguousError,
    GitHubError,
    RefusedError,
    UnavailableError,
    error_of,
    graphql_data,
)
from activities.github.identities import Identities
from activities.github.kept import KeptAnswers, address_of

API_VERSION = "2022-11-28"
GRAPHQL = "/graphql"
PER_PAGE = 100
REQUEST_TIMEOUT_SECONDS = 10
"""Of the connection, and of each silence while reading; GitHub itself gives up after 10 s."""
NOT_MODIFIED = 304
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
_UNAUTHORIZED = 401
_CHUNK = 64 * 1024

T = TypeVar("T")

_tracer = trace.get_tracer("podium.github")


@dataclass(frozen=True)
class Answer:
    """One answer: 304 has no data."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    data: Any

    @property
    def etag(self) -> str:
        """The validator for the next conditional request, or nothing."""
        return self.headers.get("etag", "")

    @property
    def has_next(self) -> bool:
        """Whether `Link` tells of a next page."""
        return 'rel="next"' in self.headers.get("link", "")


class GitHubClient:
    """Raw requests to one GitHub; safe to call from any thread."""

    def __init__(
        self, identity: Auth.Auth | Identities, api_url: str = "https://api.github.com"
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self.kept = KeptAnswers()
        self._identity = identity
        self._local = threading.local()

    def login(self) -> str:
        """Tell whom GitHub names as the author of what is written.

        Raises:
            GitHubError: as `request` does.
        """
        if isinstance(self._identity, Auth.Auth):
            return str(self.get("/user").data["login"])
        return self._identity.login()

    def installations(self) -> list[dict[str, str]]:
        """Tell what an App may do in each installation that it speaks for; none for a token."""
        return [] if isinstance(self._identity, Auth.Auth) else self._identity.permissions()

    @property
    def by_owner(self) -> bool:
        """Whether who speaks depends on the owner that is spoken of."""
        return not isinstance(self._identity, Auth.Auth)

    def request(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        body: Any = None,
        etag: str = "",
        place: str = "",
    ) -> Answer:
        """Send one request, once.

        Args:
            method: of HTTP.
            path: under the API's address.
            parameters: of the query.
            body: sent as JSON.
            etag: of the answer that is known.
            place: whose identity speaks, as a path, where the request's own names no owner.

        Raises:
            GitHubError: any answer of 400 or more, or none; the subclass says what it means.
        """

        def ask(speaker: Auth.Auth) -> tuple[int, Mapping[str, str], str]:
            return self._exchange(speaker, method, path, parameters, body, etag)

        status, headers, text = self._spoken(place or path, ask)
        return Answer(status, headers, json.loads(text) if text else None)

    def get(self, path: str, *, etag: str = "", **parameters: Any) -> Answer:
        """Read one thing or one page."""
        return self.request("GET", path, parameters=parameters, etag=etag)

    def graphql(self, repository: str, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Read what only GraphQL tells of a repository; what is gone is null in it.

        Raises:
            GitHubError: as `request` does of a read.
        """
        body, place = {"query": query, "variables": dict(variables)}, f"/repos/{repository}"
        try:
            answer = self.request("POST", GRAPHQL, body=body, place=place)
        except AmbiguousError as error:  # nothing was written, so it may be asked again
            raise UnavailableError(str(error), error.status) from error
        return graphql_data(answer.data, answer.headers)

    def reread(self, path: str, *, place: str = "", **parameters: Any) -> Answer:
        """Read what is read again and again: while it is unchanged, that costs nothing.

        Not for lists of runs, whose watcher keeps its own validators, and not for what must be
        absent before something is written.

        Args:
            path: below the API's own address.
            place: a path that names whom an App speaks for, where `path` names nobody.
            parameters: of the query; `per_page` tells that it is a page.

        Raises:
            GitHubError: as `request` does.
        """
        address = address_of(path, parameters)

        def ask(speaker: Auth.Auth) -> tuple[int, Mapping[str, str], str]:
            known = self.kept.find(speaker, address)
            etag = known.etag if known else ""
            status, headers, text = self._exchange(speaker, "GET", path, parameters, None, etag)
            if status == NOT_MODIFIED and known:
                return 200, *known.unchanged(headers)
            if status == 200:
                self.kept.keep(speaker, address, headers, text, int(parameters.get("per_page", 0)))
            return status, headers, text

        status, headers, text = self._spoken(place or path, ask)
        return Answer(status, headers, json.loads(text) if text else None)

    def pages(self, path: str, *, max_pages: int, **parameters: Any) -> Iterator[Answer]:
        """Read a list page by page, at most `max_pages` of them."""
        for page in range(1, max_pages + 1):
            answer = self.get(path, page=page, per_page=PER_PAGE, **parameters)
            yield answer
            if not answer.has_next:
                return

    def redirect_of(self, path: str) -> str:
        """Read where a 302 leads, and do not follow: the token must not travel there.

        Raises:
            GitHubError: no redirect came.
        """
        answer = self.get(path)
        location = answer.headers.get("location", "")
        if answer.status not in (301, 302, 307) or not location:
            raise UnavailableError(f"GET {path}: {answer.status} and no redirect", answer.status)
        return location

    def download(self, url: str, max_bytes: int = MAX_DOWNLOAD_BYTES) -> bytes:
        """Fetch a signed link without the token.

        Raises:
            GitHubError: no such file (any more), or one larger than `max_bytes`.
        """
        try:
            with requests.get(url, timeout=REQUEST_TIMEOUT_SECONDS, stream=True) as response:
                if response.status_code != 200:
                    raise UnavailableError(f"download: {response.status_code}")
                content = b""
                for chunk in response.iter_content(_CHUNK):
                    content += chunk
                    if len(content) > max_bytes:
                        raise RefusedError(f"download is larger than {max_bytes} bytes")
                return content
        except requests.RequestException as error:
            raise UnavailableError(f"download: {type(error).__name__}") from error

    def _exchange(
        self,
        speaker: Auth.Auth,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None,
        body: Any,
        etag: str,
    ) -> tuple[int, Mapping[str, str], str]:
        """Send, trace and count; tell what is refused."""
        with _tracer.start_as_current_span(
            f"GitHub {method}", attributes={"http.request.method": method, "url.path": path}
        ) as span:
            try:
                status, headers, text = self._send(speaker, method, path, parameters, body, etag)
            except GitHubError:
                metrics.requested(method, path, 0, {})
                raise
            metrics.requested(method, path, status, headers)
            span.set_attribute("http.response.status_code", status)
            if status >= 400:
                raise error_of(method, path, status, headers, text)
            return status, headers, text

    def _send(
        self,
        speaker: Auth.Auth,
        method: str,
        path: str,
        parameters: Mapping[str, Any] | None,
        body: Any,
        etag: str,
    ) -> tuple[int, Mapping[str, str], str]:
        headers = {"If-None-Match": etag} if etag else {}
        try:
            requester = self._github(speaker).requester
            # An Enterprise Server has GraphQL beside `/api/v3`, not under it.
            target = requester.graphql_url if path == GRAPHQL else path
            return requester.requestJson(
                method, target, parameters=dict(parameters or {}), headers=headers, input=body
            )
        except GithubException as error:  # of the token's own request: nothing was sent yet
            text = json.dumps(error.data)
            raise error_of(
                "GET", f"token for {path}", error.status, error.headers or {}, text
            ) from error
        except requests.exceptions.ConnectTimeout as error:  # nothing was sent
            raise UnavailableError(f"{method} {path}: no connection in time") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            kind = UnavailableError if method == "GET" else AmbiguousError
            raise kind(f"{method} {path}: {type(error).__name__}") from error

    def _spoken(self, place: str, ask: Callable[[Auth.Auth], T]) -> T:
        """Ask as whoever speaks; an App whose token was taken back gets another, once.

        GitHub has done nothing of what it answers with 401, so that this repeats no write.
        """
        identity = self._identity
        if isinstance(identity, Auth.Auth):
            return ask(identity)
        speaker = identity.of(place)
        try:
            return ask(speaker)
        except RefusedError as error:
            if error.status != _UNAUTHORIZED:
                raise
        identity.forget(speaker)
        return ask(identity.of(place))

    def _github(self, auth: Auth.Auth) -> Github:
        """Give the calling thread its own object for an identity: they are no others' to use."""
        mine: dict[int, Github] = self._local.__dict__.setdefault("by_identity", {})
        if id(auth) not in mine:
            mine[id(auth)] = Github(
                auth=auth,
                base_url=self.api_url,
                retry=None,
                timeout=REQUEST_TIMEOUT_SECONDS,
                per_page=PER_PAGE,
                seconds_between_requests=None,
                seconds_between_writes=None,
                api_version=API_VERSION,
                user_agent="podium",
            )
        return mine[id(auth)]
