"""A failure that persists: how long it has, and the open issues that tell of it.

There is no memory of its own: executions in Temporal tell how a spec's runs ended, and the open
issues on GitHub, known by their signed marks, tell what people were told.
"""

from datetime import datetime

from temporalio import activity
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

from activities.github import GitHub
from activities.github.errors import told_to_temporal
from activities.markers import Markers
from contracts import names
from contracts.escalation import (
    KIND,
    MAX_RUNS,
    MEMO_CAUSE,
    EndedRun,
    Escalations,
    FindEscalations,
    OpenEscalation,
    ReadStreak,
    Streak,
    spec_mark,
)

_MAX_PAGES = 3
_MAX_SEEN = 200
"""Executions looked at: children, and runs that nobody judged, are among them."""


class EscalationActivities:
    """`podium.escalation.streak` and `github.escalation.find`."""

    def __init__(self, github: GitHub, markers: Markers, client: Client) -> None:
        self._github, self._markers, self._client = github, markers, client

    @activity.defn(name="podium.escalation.streak")
    async def streak(self, ask: ReadStreak) -> Streak:
        """Tell which runs of a spec ended with a cause since the spec last succeeded."""
        query = (
            f"{names.ATTRIBUTE_SPEC} = '{ask.spec}' "
            f"AND {names.ATTRIBUTE_REPOSITORY} = '{ask.repository}' "
            "AND ExecutionStatus IN ('Completed', 'Failed')"
        )
        ended = [one async for one in self._client.list_workflows(query, limit=_MAX_SEEN)]
        ended.sort(key=_ended_at, reverse=True)
        runs: list[EndedRun] = []
        for one in ended:
            if one.status is WorkflowExecutionStatus.COMPLETED:
                break
            if await one.memo_value(MEMO_CAUSE, None) == ask.cause:
                runs.append(EndedRun(workflow_id=one.id, ended_at=_ended_at(one)))
        return Streak(runs=tuple(runs[:MAX_RUNS]))

    @activity.defn(name="github.escalation.find")
    async def find(self, ask: FindEscalations) -> Escalations:
        """Find the open escalation issues of a spec: our own, with our mark.

        An outsider cannot sign a mark; one who copies it into an issue of their own is not us.
        """
        github = self._github
        with told_to_temporal():
            login = await github.call(github.repositories.login)
            seen = await github.call(
                github.issues.open_by, ask.repository, login, max_pages=_MAX_PAGES
            )
        mark = spec_mark(ask.repository, ask.spec)
        found = [
            OpenEscalation(
                number=int(one["number"]), url=one.get("html_url") or "", write_id=write_id
            )
            for one in seen
            if not login or (one.get("user") or {}).get("login") == login
            for write_id in self._markers.write_ids(one.get("body") or "", KIND)
            if write_id.startswith(mark)
        ]
        return Escalations(issues=tuple(sorted(found, key=lambda one: one.number)))


def _ended_at(execution: WorkflowExecution) -> datetime:
    return execution.close_time or execution.start_time
