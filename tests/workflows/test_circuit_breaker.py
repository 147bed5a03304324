"""CircuitBreaker and its breakers, on the time-skipping server, over a fake GitHub."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from contracts import names
from contracts.circuit import BreakerView, CircuitState
from contracts.fleet import Entry, FleetState
from contracts.orchestration import BadInputError, parse_spec
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.runs import Completion, Item, OutcomeStatus, RunRef
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.patience import PATIENCE
from tests.system.judging import decisions
from workflows import policies
from workflows.parts.breakers import Breakers
from workflows.parts.flights import Flights

BREAKER = "breaker/octo-org/analyzer.yml"
LENIENT = {"min-success-rate": 0}


def task(name: str, item: str = "", **more: Any) -> dict[str, Any]:
    """A task for the fake's only worker; what it is told decides how it goes."""
    worker = {
        "workflow": "analyzer.yml",
        "inputs": {"item": item or name},
        "retry": {"maximum-attempts": 1},
    }
    return {"name": name, "worker": worker, **more}


def spec(*tasks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "guarded",
        "pattern": "circuit-breaker",
        "repository": "octo-org/widgets",
        "max-parallel": 1,
        "success": LENIENT,
        "tasks": list(tasks),
    }
    return base | changes


def bad_while(broken: list[bool]) -> FakeGitHub:
    """Fails items that begin with `bad`, as long as the list's only element says so."""

    def behave(inputs: dict[str, str], _: int) -> Behaviour:
        fails = broken[0] and inputs["item"].startswith("bad")
        return Behaviour(seconds=3, conclusion="failure" if fails else "success")

    return FakeGitHub(behave)


async def execute(
    client: Client, data: dict[str, Any], workflow_type: str = "CircuitBreaker"
) -> OrchestrationReport:
    """Run to the end; the query tells the report of one that failed too."""
    handle = await client.start_workflow(
        workflow_type, {"spec": data}, id=f"podium/guarded/{uuid4()}", task_queue="podium"
    )
    with contextlib.suppress(WorkflowFailureError):
        await handle.result()
    report: OrchestrationReport = await handle.query(
        names.QUERY_REPORT, result_type=OrchestrationReport
    )
    return report


async def state(client: Client, breaker: str = BREAKER) -> BreakerView:
    view: BreakerView = await client.get_workflow_handle(breaker).query(
        names.QUERY_STATE, result_type=BreakerView
    )
    return view


def statuses(report: OrchestrationReport) -> dict[str, str]:
    return {row.key: row.status.value for row in report.results}


@pytest.mark.covers("T7")
async def test_a_circuit_opens_skips_probes_and_heals(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    broken = [True]
    github = bad_while(broken)
    github.clock = skipping.get_current_time
    six = [task(f"t{n}", f"bad {n}", advice=f"look at t{n}") for n in range(6)]

    async with workers_for(skipping.client, github):
        first = await execute(skipping.client, spec(*six))
        dispatched = len(github.started)
        await skipping.sleep(timedelta(minutes=5))
        probed = await execute(skipping.client, spec(*six))
        after_probe = len(github.started)
        broken[0] = False
        await skipping.sleep(timedelta(minutes=10))
        healed = await execute(skipping.client, spec(*six))
        view = await state(skipping.client)

    assert dispatched == 3
    assert statuses(first) == dict.fromkeys(["t0", "t1", "t2"], "failure") | dict.fromkeys(
        ["t3", "t4", "t5"], "skipped"
    )
    skipped = next(row for row in first.results if row.key == "t3")
    assert skipped.reason.startswith("circuit open until ")
    assert decisions(first, "circuit-open") == ["t3", "t4", "t5"]
    assert first.metrics.success_rate == 0, "skipped tasks are left out"
    shown = first.breakers["analyzer.yml"]
    assert (shown["id"], shown["state"], shown["refused"]) == (BREAKER, "open", 3)
    assert first.recommendations == tuple(
        f"t{n} ({'failure' if n < 3 else 'skipped'}): look at t{n}" for n in range(6)
    )
    assert after_probe == dispatched + 1, "one probe, and its failure opens it again"
    assert probed.breakers["analyzer.yml"]["cool_down_seconds"] == 600
    assert healed.status is OrchestrationStatus.SUCCEEDED
    assert healed.recommendations == ()
    assert view.state is CircuitState.CLOSED
    assert [change.state.value for change in view.changes] == [
        "open", "open", "half-open", "closed",
    ]  # fmt: skip


async def test_outcomes_that_nobody_waits_for_are_gathered(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    def behave(inputs: dict[str, str], _: int) -> Behaviour:
        return Behaviour(seconds=30 + int(inputs["item"]) * 0.3)

    github = FakeGitHub(behave)
    github.clock = skipping.get_current_time
    tasks = [task(f"t{n}", str(n)) for n in range(20)]

    async with workers_for(skipping.client, github):
        handle = await skipping.client.start_workflow(
            "CircuitBreaker",
            {"spec": spec(*tasks, **{"max-parallel": 20})},
            id=f"podium/guarded/{uuid4()}",
            task_queue="podium",
        )
        await handle.result()
        view = await state(skipping.client)
        sent = await signals_sent(handle)

    assert (view.state, view.outstanding) == (CircuitState.CLOSED, 0), "all were told"
    apart = [later - earlier for earlier, later in pairwise(sent)]
    assert 3 <= len(sent) < len(tasks)
    assert all(one >= policies.TELL_BREAKER_EVERY for one in apart[:-1]), "the last at the end"


async def signals_sent(handle: WorkflowHandle[Any, Any]) -> Sequence[datetime]:
    """When a workflow told its breaker of outcomes: the time of the task that decided it."""
    sent: list[datetime] = []
    task: datetime | None = None
    async for event in handle.fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
            task = event.event_time.ToDatetime()
        told = event.signal_external_workflow_execution_initiated_event_attributes
        if told.signal_name == names.SIGNAL_RECORD and task is not None:
            sent.append(task)
    return sent


async def test_a_failure_that_the_chain_s_next_run_tells_holds_no_dispatch_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While an orchestration drains, dispatches that are out must come to their end."""

    async def met(condition: Callable[[], bool], **_: Any) -> None:
        assert condition()

    monkeypatch.setattr("temporalio.workflow.wait_condition", met)
    part: Any = SimpleNamespace(call=lambda *_: None)
    breakers = Breakers({}, part)
    fleet = Flights(part, part, journal=part, clock=part, state=FleetState(), breakers=breakers)
    run = RunRef(
        repository="octo-org/widgets", workflow="analyzer.yml", run_id=1, breaker=BREAKER,
        dispatch_id="pd-1", dispatched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    ended = Completion(run_id=1, dispatch_id="pd-1", conclusion="failure")
    entry = Entry(item=Item(key="x"), sequence=0, run=run, completion=ended, dispatch_id="pd-1")

    fleet.parking = True
    assert await fleet.landed(entry) == ended
    await breakers.told("analyzer.yml")


async def test_other_workers_go_on_and_a_required_task_decides(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """The breaker is the worker's own; here all tasks share it, so only the order helps."""
    github = bad_while([True])
    github.clock = skipping.get_current_time
    tasks = [task("fine"), *(task(f"t{n}", f"bad {n}") for n in range(3)), task("last")]

    async with workers_for(skipping.client, github):
        optional = await execute(skipping.client, spec(*tasks))
        tasks[-1]["required"] = True
        required = await execute(skipping.client, spec(*tasks))

    assert statuses(optional)["fine"] == "success"
    assert statuses(optional)["last"] == "skipped"
    assert optional.status is OrchestrationStatus.PARTIAL
    assert required.status is OrchestrationStatus.FAILED
    assert required.reason == "required: last skipped"


async def test_an_attempt_that_is_refused_leaves_the_failure_before_it(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = bad_while([True])
    github.clock = skipping.get_current_time
    patient = task("t", "bad")
    patient["worker"]["retry"] = {"maximum-attempts": 5, "initial-interval": "1s"}

    async with workers_for(skipping.client, github):
        report = await execute(skipping.client, spec(patient))

    (row,) = report.results
    assert len(github.started) == 3
    assert row.status is OutcomeStatus.FAILURE
    assert "not tried again: circuit open until" in row.reason
    assert row.attempts == 3


async def test_a_refused_dispatch_counts_and_a_disabled_breaker_does_not_exist(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    from activities.github import RefusedError

    class Refusing(FakeGitHub):
        def dispatch(self, *arguments: Any) -> Any:
            self.requests += 1
            self.sent["any"] += 1
            raise RefusedError("422", 422)

    github = Refusing(clock=skipping.get_current_time)
    listed = {
        "name": "listed",
        "pattern": "orchestrator-worker",
        "repository": "octo-org/widgets",
        "max-parallel": 1,
        "success": LENIENT,
        "for-each": {"source": "list", "items": ["a", "b", "c", "d"]},
        "worker": {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.value }}"}},
    }

    async def run(data: dict[str, Any]) -> OrchestrationReport:
        report: OrchestrationReport = await skipping.client.execute_workflow(
            "OrchestratorWorker",
            {"spec": data},
            id=f"podium/listed/{uuid4()}",
            task_queue="podium",
            result_type=OrchestrationReport,
        )
        return report

    async with workers_for(skipping.client, github):
        guarded = await run(listed)
        sent = github.sent["any"]
        unguarded = await run(listed | {"breaker": "disabled"})

    assert sent == 3
    assert guarded.totals.by_status == {"dispatch-failed": 3, "skipped": 1}
    assert github.sent["any"] - sent == 4
    assert unguarded.breakers == {}


async def test_nothing_that_is_sent_to_a_breaker_wedges_it(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    client = skipping.client
    async with workers_for(client, FakeGitHub(), cached=0):
        handle = await client.start_workflow("Breaker", "nonsense", id=BREAKER, task_queue="podium")
        for signal in ("record", "force-open", "force-close", "reset", "unheard-of"):
            payloads: list[list[Any]] = [
                [],
                ["text"],
                [{"outcomes": 7}],
                [None],
                [{"for": "soon"}],
                [1, 2],
            ]
            for payload in payloads:
                await handle.signal(signal, args=payload)
        questions: list[list[Any]] = [[], ["text"], [{"dispatch_ids": []}], [1, 2]]
        for payload in questions:
            answer = await handle.execute_update("permit", args=payload)
            assert answer == {"permits": {}}
        await handle.signal("force-open", {"reason": "incident 7", "for": "1h"})
        forced = await state(client)
        denied = await handle.execute_update(
            "permit", {"dispatch_ids": ["pd-1"], "valid_for": "PT1H"}
        )
        await handle.signal("force-close")
        granted = await handle.execute_update(
            "permit", {"dispatch_ids": ["pd-1"], "valid_for": "PT1H"}
        )
        await handle.signal("record", {"outcomes": [{"dispatch_id": "pd-1", "status": "success"}]})
        async with asyncio.timeout(PATIENCE):
            await handle.result()  # nothing to remember: it ends by itself
        ended = await state(client)

    assert (forced.state, forced.forced) == (CircuitState.OPEN, False)
    assert forced.changes[-1].reason == "by hand: incident 7"
    assert denied["permits"]["pd-1"]["granted"] is False
    assert granted["permits"]["pd-1"] == {
        "granted": True, "state": "closed", "reason": "", "retry_at": None,
    }  # fmt: skip
    assert ended.state is CircuitState.CLOSED


async def test_a_stage_that_is_refused_has_failed_and_its_rollback_is_not_refused(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    client, github = skipping.client, FakeGitHub(clock=skipping.get_current_time)
    worker = task("deploy")["worker"]
    undo = worker | {"inputs": {"item": "undo"}}
    data = {
        "name": "deploy",
        "pattern": "pipeline",
        "repository": "octo-org/widgets",
        "stages": [{"name": "staging", "workers": {"deploy": worker}, "rollback": undo}],
    }

    async with workers_for(client, github):
        breaker = await client.start_workflow("Breaker", {}, id=BREAKER, task_queue="podium")
        await breaker.signal("force-open")
        report = await execute(client, data, "Pipeline")

    assert report.status is OrchestrationStatus.FAILED
    assert report.reason == "stage staging: deploy: skipped"
    assert [run.inputs["item"] for run in github.started.values()] == ["undo"]


async def test_each_repository_may_have_a_breaker_of_its_own(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(clock=skipping.get_current_time)

    async with workers_for(skipping.client, github):
        report = await execute(skipping.client, spec(task("t"), breaker={"scope": "repository"}))

    assert report.breakers["analyzer.yml"]["id"] == "breaker/octo-org/widgets/analyzer.yml"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tasks": []}, "tasks"),
        ({"tasks": [task("twice"), task("twice")]}, "tasks.1.name: twice is there twice"),
        ({"tasks": [task("t", "${{ item.x }}")]}, "tasks.0.worker.inputs.item: "),
        ({"breaker": "disabled"}, "breaker: this pattern is about it"),
        ({"breaker": {"cool-down": "2h"}}, "max-cool-down: must not be shorter"),
        ({"breaker": {"failure-treshold": 2}}, "did you mean failure-threshold?"),
    ],
)
def test_bad_specs_are_refused_with_the_place(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInputError, match=said.replace("?", r"\?")):
        parse_spec(spec(task("t"), **changes))
