"""What child orchestrations told on GitHub, read back: their health issues."""

import json
import re
from typing import Any

from pydantic import ValidationError
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.github import GitHub
from activities.github.errors import told_to_temporal
from activities.markers import Markers
from contracts import errors
from contracts.names import RESULT_BLOCK
from contracts.outputs import HealthIssue, ReadHealthIssue

_BLOCK = re.compile(rf"^```{RESULT_BLOCK}\n(.*?)\n```$", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(r"/issues/(\d{1,18})$")


class CollectedActivities:
    """`github.issue.collect`."""

    def __init__(self, github: GitHub, markers: Markers) -> None:
        self._github = github
        self._markers = markers

    @activity.defn(name="github.issue.collect")
    async def health_issue(self, ask: ReadHealthIssue) -> HealthIssue:
        """Read a child's health issue.

        Raises:
            ApplicationError: `GitHubRefused`, final: not our own issue, or one whose data is
                gone; GitHub's own errors as everywhere.
        """
        found = _NUMBER.search(ask.url)
        if found is None:
            raise _no("this is no issue")
        with told_to_temporal():
            issue = await self._github.call(
                self._github.issues.read, ask.repository, int(found.group(1))
            )
            login = await self._github.call(self._github.repositories.login)
        return self._believed(issue, login)

    def _believed(self, issue: dict[str, Any], login: str) -> HealthIssue:
        body, author = issue.get("body") or "", (issue.get("user") or {}).get("login")
        if not self._markers.write_ids(body) or (login and author != login):
            raise _no("Podium did not write it, or its mark is gone")
        blocks = _BLOCK.findall(body)
        if len(blocks) != 1:
            raise _no(f"it holds {len(blocks)} blocks of data, not one")
        try:
            return HealthIssue.model_validate(json.loads(blocks[0]))
        except (ValueError, ValidationError, RecursionError) as error:
            raise _no("its block of data cannot be read") from error


def _no(message: str) -> ApplicationError:
    return ApplicationError(message, type=errors.GITHUB_REFUSED, non_retryable=True)
