"""The entity `Breaker` on the time-skipping server, against the same plain model as its circuit."""

import contextlib
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from activities import executions
from activities.executions import Entity
from contracts import names
from contracts.circuit import AskPermits, BreakerState, BreakerView, Permits
from contracts.specs.breaker import BreakerSettings
from tests.conftest import WorkersFor, binary
from tests.fakes import FakeGitHub
from tests.standing_still import again, listening_runtime
from tests.workflows.test_circuit import NUMBERS, STEPS, VALID_SECONDS, Plain
from workflows.plugin import podium_plugin

UNIT = 60
"""A second of the model's: what the test itself takes is far less, and decides nothing."""
Steps = Sequence[tuple[Any, ...]]
OPENS_AND_HEALS: Steps = [
    ("run", "pd-0", "failure"),
    ("run", "pd-1", "timed-out"),
    ("ask", "pd-2"),  # open: refused
    ("wait", 5),
    ("ask", "pd-2"),  # the probe, and nobody beside it
    ("ask", "pd-3"),
    ("record", "pd-2", "failure"),
    ("wait", 5),
    ("ask", "pd-3"),  # the cool-down has doubled
    ("wait", 5),
    ("run", "pd-3", "success"),
    ("ask", "pd-4"),  # half-open
    ("ask", "pd-5"),
    ("record", "pd-4", "success"),
]
QUICK = BreakerSettings(
    failure_threshold=2,
    cool_down=timedelta(seconds=5),
    cool_down_coefficient=2,
    max_cool_down=timedelta(seconds=60),
    success_threshold=2,
    half_open_permits=1,
    counts=("failure", "timeout"),
)


class Asked:
    """One breaker, as dispatches and outcomes meet it."""

    def __init__(self, env: WorkflowEnvironment, numbers: BreakerSettings) -> None:
        self._client = env.client
        slow = {name: getattr(numbers, name) * UNIT for name in ("cool_down", "max_cool_down")}
        self._settings = numbers.model_copy(update=slow)
        self._id = f"breaker/octo-org/{uuid4().hex[:8]}.yml"

    async def ask(self, name: str) -> bool:
        """Ask for a permit; the breaker is started where it has ended, at rest."""
        entity = Entity("Breaker", self._id, BreakerState(worker="w.yml"), "test")
        valid = timedelta(seconds=VALID_SECONDS * UNIT)
        ask = AskPermits(dispatch_ids=(name,), settings=self._settings, valid_for=valid)
        answer = await executions.ask(self._client, entity, names.UPDATE_PERMIT, ask, Permits)
        return answer.permits[name].granted

    async def record(self, name: str, status: str) -> None:
        """Tell an outcome; a breaker that has ended remembered nothing that it could be of."""
        handle = self._client.get_workflow_handle(self._id)
        outcomes = {"outcomes": [{"dispatch_id": name, "status": status}]}
        with contextlib.suppress(RPCError):
            await handle.signal(names.SIGNAL_RECORD, outcomes)

    async def state(self) -> str:
        """Read where it stands; one that was never asked is closed."""
        handle = self._client.get_workflow_handle(self._id)
        try:
            view = await handle.query(names.QUERY_STATE, result_type=BreakerView)
        except RPCError:
            return "closed"
        return str(view.state.value)


@pytest.mark.covers("E1")
@settings(
    max_examples=5,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example(QUICK, OPENS_AND_HEALS)
@given(NUMBERS, STEPS.filter(lambda steps: len(steps) >= 10).map(lambda steps: steps[:20]))
def test_the_entity_does_what_the_plain_model_says(
    workers_for: WorkersFor, numbers: BreakerSettings, steps: Steps
) -> None:
    seen = again(lambda: compared(workers_for, numbers, steps))

    if steps is OPENS_AND_HEALS:
        assert [phase for phase, _ in groupby(seen)] == ["closed", "open", "half-open", "closed"]


async def compared(
    workers_for: WorkersFor, numbers: BreakerSettings, steps: Steps
) -> Sequence[str]:
    """Take the steps with both, on a server of their own; tell the phases that they agreed on."""
    started = WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=binary("temporal-test-server"),
        plugins=[podium_plugin()],
        runtime=listening_runtime(),
    )
    async with await started as env, workers_for(env.client, FakeGitHub()):
        real, plain, now, seen = Asked(env, numbers), Plain(numbers), 0, []
        for step in steps:
            if step[0] == "wait":
                now += step[1]
                await env.sleep(timedelta(seconds=step[1] * UNIT))
            if step[0] in ("ask", "run"):
                assert await real.ask(step[1]) == plain.ask(step[1], now)
            if step[0] in ("record", "run"):
                await real.record(step[1], step[2])
                plain.record(step[1], step[2], now)
            assert await real.state() == plain.phase
            seen.append(plain.phase)
    return seen
