"""Dispatches whose run ended before they had an answer: to retry them is to wait in vain."""

from temporalio import workflow

from contracts import names
from contracts.fleet import Entry
from contracts.runs import Completion, RunRef
from contracts.specs.breaker import BreakerSettings
from contracts.worker import WorkerRequest

_PATCH = "answered-by-news"


class Answered:
    """Which dispatches are over because their runs are."""

    def __init__(self) -> None:
        self._ids: set[str] = set()

    def __contains__(self, dispatch_id: str) -> bool:
        return dispatch_id in self._ids

    def hear(self, dispatch_id: str) -> None:
        """News of the end came while the dispatch was under way."""
        if workflow.patched(_PATCH):
            self._ids.add(dispatch_id)

    def forget(self, dispatch_id: str) -> None:
        """The attempt has its verdict."""
        self._ids.discard(dispatch_id)

    def run(
        self,
        entry: Entry,
        news: Completion,
        request: WorkerRequest,
        settings: BreakerSettings | None,
    ) -> RunRef:
        """Make the reference of a run that only its watcher told of.

        The breaker that let it begin waits for its outcome, for it may have been a probe.
        """
        breaker = ""
        if settings is not None and entry.dispatch_id in self._ids:
            breaker = names.breaker_id(request.repository, request.workflow, settings.scope)
        return RunRef(
            repository=request.repository,
            workflow=request.workflow,
            run_id=news.run_id,
            run_attempt=news.run_attempt,
            dispatch_id=entry.dispatch_id,
            url=news.url,
            dispatched_at=entry.first_dispatched_at or workflow.now(),
            adopted=True,
            breaker=breaker,
            probing=bool(breaker),
        )
