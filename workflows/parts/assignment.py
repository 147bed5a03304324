"""What a worker is asked to do: its inputs, rendered for one item and checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import workflow

from contracts import expressions
from contracts.base import clip
from contracts.circuit import LONGEST_PERMIT
from contracts.fleet import Entry, OrchestrationState
from contracts.hardening import quoted
from contracts.names import worker_name
from contracts.runs import DescribeWorker, OutcomeStatus, WorkerDescription
from contracts.specs import placing
from contracts.specs.breaker import BreakerSettings
from contracts.specs.worker import PlacedWorkerSpec, WorkerSpec
from contracts.worker import RequestError, WorkerRequest, build_request
from workflows import policies


class DispatchFailedError(Exception):
    """No run came of a dispatch, or nobody can tell which; `status` says which of the two."""

    def __init__(self, status: OutcomeStatus, reason: str, breaker: str = "") -> None:
        self.status = status
        self.reason = reason
        self.breaker = breaker
        """Workflow id of the circuit breaker that refused it; empty otherwise."""
        super().__init__(reason)


@dataclass(frozen=True)
class Assignment:
    """What a worker is asked to do, and for whom; the same for every item."""

    worker: WorkerSpec
    repository: str
    described: WorkerDescription | None
    """None where each item has its own repository, and so its own file of the worker."""
    context: Mapping[str, Any]
    """What expressions read besides the item."""
    state: OrchestrationState
    """Of the orchestration: when it began, was reset, and must end."""
    breaker: BreakerSettings | None = None
    """None where it has no circuit breakers."""
    owners: tuple[str, ...] = ()
    """In whose repositories it may run, besides its own."""
    staged: bool = False
    """Whether it is dispatched only if it cannot write."""

    @property
    def name(self) -> str:
        """The worker's name: its file without the ending."""
        return worker_name(self.worker.workflow)

    @property
    def timeout(self) -> timedelta:
        """Longest that one run may be in progress."""
        return timedelta(minutes=self.worker.timeout_minutes)

    @property
    def queue_timeout(self) -> timedelta:
        """Longest that one run may wait for a runner."""
        return timedelta(minutes=self.worker.queue_timeout_minutes)

    @property
    def environment_timeout(self) -> timedelta:
        """Longest that an environment's reviewers may hold one run."""
        return timedelta(minutes=self.worker.environment_timeout_minutes)

    @property
    def permit_valid_for(self) -> timedelta:
        """Longest that an attempt may take, from a breaker's permit to its outcome."""
        longest = self.queue_timeout + self.timeout + policies.PERMIT_MARGIN
        return min(longest, LONGEST_PERMIT)

    def place(self, entry: Entry) -> str:
        """Say in which repository it runs for an entry.

        Raises:
            DispatchFailedError: it may not run there.
        """
        if not (isinstance(self.worker, PlacedWorkerSpec) and self.worker.scattered):
            return self.repository
        try:
            return placing.place_of("worker", self.worker, self.owners, self._context(entry))
        except (placing.PlacingError, expressions.ExpressionError) as error:
            raise DispatchFailedError(OutcomeStatus.DISPATCH_FAILED, str(error)) from error

    def file_in(self, place: str, entry: Entry) -> DescribeWorker:
        """Say what is to be read of the worker where it runs for an entry.

        GitHub told the branch with the repository: asking again would be a call for each item.
        """
        told = entry.item.fields
        branch = told.get("default_branch") if told.get("full_name") == place else None
        ref = self.worker.ref or (str(branch) if branch else None)
        return DescribeWorker(repository=place, workflow=self.worker.workflow, ref=ref)

    def request(self, entry: Entry, place: str, described: WorkerDescription) -> WorkerRequest:
        """Render and check what would be sent; for an agent, text from outside is quoted.

        Raises:
            DispatchFailedError: the inputs are not what the worker declares; or it may write, and
                the run is staged.
        """
        context, agentic = self._context(entry), described.declaration.agentic
        try:
            inputs = {
                name: _rendered(expressions.to_text(value), context, agentic=agentic)
                for name, value in self.worker.inputs.items()
            }
            request = build_request(
                described.declaration,
                inputs,
                repository=place,
                ref=described.ref,
                dispatch_id=entry.dispatch_id,
                aw_context=self._aw_context(entry.dispatch_id, place),
            )
        except (RequestError, expressions.ExpressionError) as error:
            raise DispatchFailedError(OutcomeStatus.DISPATCH_FAILED, str(error)) from error
        why = described.declaration.writes if self.staged else ""
        if why:
            shown = json.dumps(request.inputs, ensure_ascii=False)
            reason = f"staged, and {request.workflow} may write: {why}; its inputs would be {shown}"
            raise DispatchFailedError(OutcomeStatus.SKIPPED, clip(reason))
        return request

    def _context(self, entry: Entry) -> dict[str, Any]:
        return {**self.context, "item": entry.item.fields, **entry.roots}

    def comment_on(self, entry: Entry) -> int | None:
        """Tell which issue's comments may carry the result, or progress; None where none may."""
        if not self.worker.result.reads_comments:
            return None
        context = self._context(entry)
        try:
            number = expressions.render(self.worker.result.comment_on, context)
        except expressions.ExpressionError:
            return None
        return int(number) if number.isdecimal() else None

    def _aw_context(self, dispatch_id: str, place: str) -> str:
        """Flat JSON, as gh-aw workers read and echo it."""
        info = workflow.info()
        return json.dumps(
            {
                "run_id": info.first_execution_run_id,
                "repo": place,
                "workflow_id": info.workflow_id,
                "dispatch_id": dispatch_id,
            }
        )


def _rendered(template: str, context: Mapping[str, Any], *, agentic: bool) -> str:
    if agentic:
        return expressions.render(template, context, quoted).strip("\n")
    return expressions.render(template, context)
