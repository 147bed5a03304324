"""The whole adapter in one hand, and the threads that its blocking calls run on."""

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from activities.github.actions import Actions
from activities.github.client import GitHubClient
from activities.github.code_scanning import CodeScanning
from activities.github.issues import Issues
from activities.github.repositories import Repositories
from activities.sanitize import Origins, origins

MAX_CONCURRENT_REQUESTS = 50
"""Requests in flight of one process; GitHub allows an identity 100 over all its processes."""

P = ParamSpec("P")
T = TypeVar("T")


class GitHub:
    """GitHub by area: `actions`, `issues`, `repositories`, `code_scanning`."""

    def __init__(self, client: GitHubClient) -> None:
        self.client = client
        self.actions = Actions(client)
        self.issues = Issues(client)
        self.repositories = Repositories(client)
        self.code_scanning = CodeScanning(client)
        self._threads = ThreadPoolExecutor(MAX_CONCURRENT_REQUESTS, "github")

    @property
    def pages(self) -> Origins:
        """Where its pages are, for people: the only place that links lead to."""
        return origins(self.client.api_url)

    def page(self, repository: str, number: int) -> str:
        """Name the page of an issue or pull request, where no answer of GitHub's does."""
        parts = urlsplit(self.client.api_url)
        host = parts.netloc.removeprefix("api.")
        return f"{parts.scheme}://{host}/{repository}/issues/{number}"

    async def call(self, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T:
        """Run a blocking call of the adapter beside the event loop, trace context included."""
        context = contextvars.copy_context()
        bound = functools.partial(context.run, function, *arguments, **named)
        return await asyncio.get_running_loop().run_in_executor(self._threads, bound)

    def close(self) -> None:
        """Give up the threads; calls that are under way end by their own timeouts."""
        self._threads.shutdown(wait=False, cancel_futures=True)
