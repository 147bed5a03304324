"""How activities talk to `Breaker`: permits before a dispatch, outcomes, and its state."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.service import RPCError, RPCStatusCode

from activities import executions
from activities.batches import Batches
from activities.executions import RPC_TIMEOUT, Entity
from contracts import errors, names
from contracts.circuit import (
    MAX_BATCH,
    AskPermits,
    BreakerState,
    BreakerView,
    BreakerViews,
    CircuitState,
    Permit,
    Permits,
    ReadBreakers,
    RecordOutcomes,
    ToldOutcome,
)
from contracts.runs import DispatchOrder, OutcomeStatus
from contracts.specs.breaker import BreakerSettings

_APART = timedelta(milliseconds=250)
"""Least time between two questions to one breaker. It continues as new while nothing comes in, which
many small questions would keep it from."""
_READING = 20
"""Breakers asked for their state at once."""


_Question = tuple[str, BreakerSettings, timedelta]
"""A breaker, how it is to be set, and how long its permits hold."""


class Breaking:
    """The breakers of all workers, reached through one Temporal client.

    A breaker answers one question at a time, so what is asked meanwhile goes into the next one.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._asking: Batches[_Question, str, Permit] = Batches(self._ask, MAX_BATCH, _APART)

    async def require(self, order: DispatchOrder) -> CircuitState:
        """Have leave for one dispatch, where its orchestration has breakers.

        Returns:
            The state of the circuit; closed where there is none.

        Raises:
            ApplicationError: `CircuitOpen`, final, with the `Permit` in its details.
            RPCError: Temporal, or the breaker, did not answer in time.
        """
        if order.breaker is None:
            return CircuitState.CLOSED
        permit = await self._permit(order, order.breaker)
        if not permit.granted:
            raise ApplicationError(
                permit.reason,
                breaker_of(order),
                permit,
                type=errors.CIRCUIT_OPEN,
                non_retryable=True,
                category=ApplicationErrorCategory.BENIGN,
            )
        return permit.state

    async def failed(self, order: DispatchOrder) -> None:
        """Tell that no run came of a dispatch; a breaker that is gone need not know."""
        if order.breaker is None:
            return
        outcome = ToldOutcome(
            dispatch_id=order.request.dispatch_id, status=OutcomeStatus.DISPATCH_FAILED
        )
        handle = self._client.get_workflow_handle(breaker_of(order))
        try:
            await handle.signal(
                names.SIGNAL_RECORD, RecordOutcomes(outcomes=(outcome,)), rpc_timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            activity.logger.warning("breaker not told", extra={"reason": str(error)})

    async def view(self, breaker: str) -> BreakerView | None:
        """Ask a breaker for its state; None where it has ended, or does not answer."""
        handle = self._client.get_workflow_handle(breaker)
        try:
            view: BreakerView = await handle.query(
                names.QUERY_STATE, result_type=BreakerView, rpc_timeout=RPC_TIMEOUT
            )
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                activity.logger.warning("breaker unknown", extra={"reason": str(error)})
                return None
            return BreakerView(worker=breaker, state=CircuitState.CLOSED)
        return view

    async def _permit(self, order: DispatchOrder, settings: BreakerSettings) -> Permit:
        question = (breaker_of(order), settings, order.permit_valid_for)
        return await self._asking.put(question, order.request.dispatch_id)

    async def _ask(self, question: _Question, asked: Sequence[str]) -> Sequence[Permit]:
        breaker, settings, valid_for = question
        ask = AskPermits(
            dispatch_ids=tuple(dict.fromkeys(asked)), settings=settings, valid_for=valid_for
        )
        worker = breaker.partition("/")[2].replace("/", " · ")
        summary = f"Circuit breaker of {worker}"
        entity = Entity("Breaker", breaker, BreakerState(worker=worker), summary)
        answer = await executions.ask(self._client, entity, names.UPDATE_PERMIT, ask, Permits)
        if not set(ask.dispatch_ids) <= set(answer.permits):
            raise RPCError("the breaker did not understand", RPCStatusCode.UNAVAILABLE, b"")
        return [answer.permits[dispatch_id] for dispatch_id in asked]


class BreakerActivities:
    """`podium.breakers.read`, for reports."""

    def __init__(self, breaking: Breaking) -> None:
        self._breaking = breaking

    @activity.defn(name="podium.breakers.read")
    async def read(self, ask: ReadBreakers) -> BreakerViews:
        """Ask breakers for their states; those that do not answer are left out."""
        room = asyncio.Semaphore(_READING)

        async def one(breaker: str) -> BreakerView | None:
            async with room:
                return await self._breaking.view(breaker)

        found = await asyncio.gather(*map(one, ask.breakers))
        views = zip(ask.breakers, found, strict=True)
        return BreakerViews(views={name: view for name, view in views if view is not None})


def breaker_of(order: DispatchOrder) -> str:
    """Name the breaker that an order is under; none where its orchestration has none."""
    if order.breaker is None:
        return ""
    request = order.request
    return names.breaker_id(request.repository, request.workflow, order.breaker.scope)
