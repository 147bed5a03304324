"""`ContentCounter`: counts what one identity writes to GitHub, over all Temporal Workers.

GitHub's limits on creating content cannot be asked for, and whoever goes on against them may be
banned: so every issue, comment and pull request has leave before it is sent. It ends when nothing
of its last hour is left. Terminated by hand it forgets, and only GitHub's own answers decide.
"""

from typing import Any

from temporalio import workflow

from contracts import names
from contracts.base import plain
from contracts.content import (
    HOUR,
    MINUTE,
    USED_WITHIN,
    AskLeaves,
    ContentLimits,
    ContentState,
    ContentView,
    Leaves,
)
from workflows.parts.messages import decoded
from workflows.parts.window import Window

MOST_ASKED = 500
"""Questions that one run of the chain answers; servers refuse a run more than 2,000 updates."""


@workflow.defn(name="ContentCounter")
class ContentCounter:
    """See docs/deployment.md for what it counts."""

    @workflow.init
    def __init__(self, *arguments: Any) -> None:
        started = decoded(ContentState, arguments) or ContentState(identity="")
        self._identity = started.identity
        self._window = Window(started.leaves, workflow.now())
        self._limits = ContentLimits()
        self._asked = 0

    @workflow.run
    async def run(self, *_: Any) -> None:
        """Answer until nothing of the last hour is left."""
        while not self._is_long():
            leaves, now = self._window.leaves, workflow.now()
            over = leaves[-1].at + HOUR + USED_WITHIN - now if leaves else HOUR
            try:
                await workflow.wait_condition(
                    self._is_long, timeout=over, timeout_summary="until the last write is forgotten"
                )
            except TimeoutError:
                self._window.forget(workflow.now())
                if not self._window.leaves:
                    return
        workflow.continue_as_new(
            ContentState(identity=self._identity, leaves=tuple(self._window.leaves))
        )

    @workflow.update(name=names.UPDATE_LEAVE, description="May these writes be sent now?")
    def leave(self, *arguments: Any) -> Leaves:
        """Answer {"writes": [{"write_id", "again"?}], "limits"?}; a question that is none, nothing."""
        asked = decoded(AskLeaves, arguments)
        if asked is None:
            return Leaves()
        self._asked += 1
        self._limits = asked.limits
        now = workflow.now()
        waits = {
            write.write_id: self._window.ask(write, asked.limits, now) for write in asked.writes
        }
        self._show()
        return Leaves(waits=waits)

    @workflow.query(name=names.QUERY_STATE, description="What was written lately")
    def state(self) -> ContentView:
        """Tell what counts, and against which limits."""
        now = workflow.now()
        return ContentView(
            identity=self._identity,
            last_minute=self._window.count(MINUTE, now),
            last_hour=self._window.count(HOUR, now),
            limits=self._limits,
        )

    def _is_long(self) -> bool:
        return self._asked >= MOST_ASKED or workflow.info().is_continue_as_new_suggested()

    def _show(self) -> None:
        """Keep the run's page in the Temporal UI current; costs no event."""
        written = self._window.count(HOUR, workflow.now())
        most = self._limits.per_hour or "no limit"
        workflow.set_current_details(
            f"### {plain(self._identity)}\n\n{written} writes in an hour (limit: {most})"
        )
