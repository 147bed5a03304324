"""Router on the time-skipping server: rules, verdicts of a classifier, batches, stops."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities import sanitize
from contracts.gates import GateDecision
from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.routing import Doubt, RouterState
from contracts.runs import Item, OutcomeStatus, WorkerOutcome
from contracts.specs.router import RouterSpec
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.patience import PATIENCE
from tests.workflows.looks import look_less_often
from workflows.parts.routes import MAX_UNSURE, RoutedSource, doubted
from workflows.parts.routes import classified as classify
from workflows.parts.unsure import answered

HOSTILE = "SECRET-7f3 @octo-org/all <img src=x> `$(touch /tmp/x)` ${{ github.token }}"


def worker(name: str, **more: Any) -> dict[str, Any]:
    retry = {"maximum-attempts": 1}
    inputs = {"item": f"{name} ${{{{ item.number }}}}"}
    return {"workflow": "analyzer.yml", "inputs": inputs, "retry": retry, **more}


def spec(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "routes",
        "pattern": "router",
        "on": {"issues": {"types": ["opened"]}},
        "repository": "octo-org/widgets",
        "safe-outputs": {"create-comment": {"max": 1}},
        "routes": {
            "security": {"when": {"title": "vulnerab"}, "worker": worker("security")},
            "labelled": {"when": {"labels": ["Bug"]}, "worker": worker("labelled")},
            "body": {"when": {"body": "steps to reproduce"}, "worker": worker("body")},
            "general": {"worker": worker("general")},
        },
        "default": "general",
    }
    return base | changes


def classified(**changes: Any) -> dict[str, Any]:
    routes = {name: {"worker": worker(name)} for name in ("security", "bug", "general")}
    classifier = {"worker": worker("classify"), "threshold": 0.6}
    return spec(routes=routes, classifier=classifier, **changes)


def batch(**changes: Any) -> dict[str, Any]:
    return {"on": {"workflow_dispatch": True}, "for-each": {"source": "open-issues"}, **changes}


def issue(number: int, title: str = "Hello", **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "title": title,
        "body": None,
        "labels": [],
        "created_at": f"2020-01-01T00:{number // 60:02}:{number % 60:02}Z",
        "author_association": "NONE",
        **more,
    }


def event(number: int = 7, title: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"action": "opened", "issue": issue(number, title, **more)}


async def start(
    client: Client, data: dict[str, Any], happened: dict[str, Any] | None = None
) -> WorkflowHandle[Any, Any]:
    given = {"spec": data, "initiator": "starter"} | ({"event": happened} if happened else {})
    return await client.start_workflow(
        "Router", given, id=f"podium/routes/{uuid4()}", task_queue="podium"
    )


async def ended(handle: WorkflowHandle[Any, Any]) -> OrchestrationReport:
    try:
        return OrchestrationReport.model_validate(await handle.result())
    except WorkflowFailureError:
        return OrchestrationReport.model_validate(await handle.query("report"))


async def run(
    env: WorkflowEnvironment,
    workers_for: WorkersFor,
    github: FakeGitHub,
    data: dict[str, Any],
    happened: dict[str, Any] | None = None,
) -> OrchestrationReport:
    github.clock = env.get_current_time
    async with workers_for(env.client, github):
        return await ended(await start(env.client, data, happened))


def order(github: FakeGitHub) -> list[str]:
    return [run.inputs["item"] for run in github.started.values()]


def reasons(report: OrchestrationReport, kind: str = "routed") -> dict[str, str]:
    return {d.subject: d.reason for d in report.decisions if d.kind == kind}


def verdict(route: Any, confidence: Any, **more: Any) -> Any:
    """A classifier that says so, for every item; other workers succeed."""

    def behave(inputs: dict[str, str], before: int) -> Behaviour:
        if inputs["item"].startswith("classify"):
            outputs = {"route": route, "confidence": confidence}
            return Behaviour(seconds=5, result={"outputs": outputs}, **more)
        return Behaviour(seconds=5)

    return behave


@pytest.mark.parametrize(
    ("happened", "route", "reason"),
    [
        (event(title="A VULNERABLE thing"), "security", "rule title of route security"),
        (event(labels=[{"name": "bug"}]), "labelled", "rule labels of route labelled"),
        (event(body="Steps to reproduce:"), "body", "rule body of route body"),
        (event(), "general", "no rule holds: the default route"),
    ],
)
async def test_the_first_rule_that_holds_decides(
    skipping: WorkflowEnvironment,
    workers_for: WorkersFor,
    happened: dict[str, Any],
    route: str,
    reason: str,
) -> None:
    github = FakeGitHub()

    report = await run(skipping, workers_for, github, spec(), happened)

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert order(github) == [f"{route} 7"]
    assert reasons(report)["7"].startswith(f"{route}: {reason}")
    assert [row.route for row in report.results] == [route]
    assert [(c.field, c.values) for c in report.counts] == [("route", {route: 1})]
    assert "| Item | Route | Summary | Result |" in report.markdown
    ((number, comment),) = github.written_comments
    assert number == 7
    assert f"Routed to **{route}**: {reason}" in comment["body"]


async def test_all_rules_that_hold_decide_where_the_spec_says_all(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub()
    happened = event(title="vulnerable", labels=[{"name": "bug"}])

    report = await run(skipping, workers_for, github, spec(match="all"), happened)

    assert sorted(order(github)) == ["labelled 7", "security 7"]
    assert report.totals.items == 2
    assert report.totals.by_status == {"success": 2}
    assert len({run.dispatch_id for run in github.started.values()}) == 2
    assert len(github.written_comments) == 1, "one comment tells of both"
    assert "**security, labelled**" in github.written_comments[0][1]["body"]


async def test_what_the_last_comment_says_is_not_said_again(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Runs on one issue, day by day: another decision than the spec's last one is told."""
    github = FakeGitHub(clock=skipping.get_current_time)
    to_bug, to_all = event(labels=[{"name": "bug"}]), event()
    async with workers_for(skipping.client, github):
        reports = [
            await ended(await start(skipping.client, spec(), happened))
            for happened in (to_bug, to_bug, to_all, to_all, to_bug)
        ]
        await ended(await start(skipping.client, spec(name="another"), to_bug))

    told = [comment["body"].partition("**:")[0] for _, comment in github.written_comments]
    assert told == [f"Routed to **{route}" for route in ("labelled", "general", *["labelled"] * 2)]
    again = [list(reasons(one, "already-commented")) for one in reports]
    assert again == [[], ["#7"], [], ["#7"], []]


async def test_what_no_rule_matches_is_skipped_and_told_where_there_is_no_default(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub()
    routes = {"security": spec()["routes"]["security"]}

    report = await run(skipping, workers_for, github, spec(routes=routes, default=None), event())

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert report.totals.by_status == {"skipped": 1}
    assert reasons(report, "not-routed") == {"7": "no rule holds, and there is no default route"}
    assert order(github) == []
    assert github.written_comments == []


@pytest.mark.parametrize(
    ("behave", "route", "reason"),
    [
        (verdict("security", 0.9), "security", "confidence 0.9 of the classifier"),
        (verdict("bug", 0.599), "general", "confidence 0.599 of the classifier, below 0.6"),
        (verdict("bug", 1, conclusion="failure"), "general", "the classifier ended failure"),
    ],
)
async def test_a_classifiers_verdict_decides_when_it_is_sure(
    skipping: WorkflowEnvironment, workers_for: WorkersFor, behave: Any, route: str, reason: str
) -> None:
    github = FakeGitHub(behave)

    report = await run(skipping, workers_for, github, classified(), event())

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert order(github) == ["classify 7", f"{route} 7"]
    assert reasons(report)["7"].startswith(f"{route}: {reason}")
    assert report.totals.items == 1
    assert report.totals.by_status == {"success": 1}
    assert report.totals.dispatches == 2


def outcome(status: str = "success", **outputs: Any) -> WorkerOutcome:
    return WorkerOutcome(key="7", worker="c", status=OutcomeStatus(status), outputs=outputs)


ROUTER = RouterSpec.model_validate(classified())
ITEM = Item(key="7")


@pytest.mark.parametrize(
    ("told", "routes"),
    [
        (outcome(route="bug", confidence=0.6), {"bug": "confidence 0.6 of the classifier"}),
        (outcome(route="bug", confidence=1), {"bug": "confidence 1 of the classifier"}),
        (outcome("partial", route="bug", confidence=1), {"bug": "confidence 1 of the classifier"}),
        (outcome(route="nonsense", confidence=1), "named no route that is known"),
        (outcome(route=["bug"], confidence=1), "named no route that is known"),
        (outcome(confidence=1), "named no route that is known"),
        (outcome(route="bug"), "told no confidence"),
        (outcome(route="bug", confidence="0.9"), "told no confidence"),
        (outcome(route="bug", confidence=True), "told no confidence"),
        (outcome(route="bug", confidence=7), "not from 0 to 1"),
        (outcome(route="bug", confidence=float("nan")), "not from 0 to 1"),
        (outcome("skipped", route="bug", confidence=1), "ended skipped"),
        (outcome("timed-out"), "ended timed-out"),
    ],
)
def test_a_verdict_counts_only_when_it_is_whole(
    told: WorkerOutcome, routes: dict[str, str] | str
) -> None:
    assert ROUTER.classifier is not None

    decided = classify(ITEM, told, ROUTER.classifier, ROUTER)

    if isinstance(routes, dict):
        assert decided.routes == routes
    else:
        assert list(decided.routes) == ["general"]
        assert routes in decided.routes["general"]


@given(
    st.sampled_from(OutcomeStatus),
    st.one_of(st.sampled_from([*ROUTER.routes, f"security {HOSTILE}"]), st.none(), st.integers()),
    st.one_of(st.floats(), st.booleans(), st.text(), st.none(), st.lists(st.integers())),
)
def test_whatever_a_classifier_says_the_item_goes_to_a_route_and_nothing_is_quoted(
    status: OutcomeStatus, route: Any, confidence: Any
) -> None:
    assert ROUTER.classifier is not None
    told = outcome(status, route=route, confidence=confidence)

    decided = classify(ITEM, told, ROUTER.classifier, ROUTER)

    assert set(decided.routes) <= set(ROUTER.routes)
    assert len(decided.routes) == 1
    assert "SECRET-7f3" not in str(decided.routes)


async def test_a_failed_classifier_without_a_default_skips_the_item(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(verdict("bug", 1, conclusion="failure"))

    report = await run(skipping, workers_for, github, classified(default=None), event())

    assert report.totals.by_status == {"skipped": 1}
    assert reasons(report, "not-routed") == {
        "7": "the classifier ended failure, and there is no default route"
    }


async def test_hostile_text_is_quoted_nowhere(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """Rules read it; neither comment nor decisions repeat a word of it."""
    github = FakeGitHub()
    happened = event(title=f"vulnerable {HOSTILE}", body=HOSTILE, user={"login": "x"})

    report = await run(skipping, workers_for, github, spec(), happened)

    told = github.written_comments[0][1]["body"] + json.dumps(
        [decision.model_dump(mode="json") for decision in report.decisions]
    )
    assert "SECRET-7f3" not in told
    assert "@octo-org" not in told
    assert sanitize.inline(HOSTILE) != HOSTILE, "the test would be vacuous"


async def test_a_batch_is_routed_item_by_item_and_read_only_as_far_as_rules_need(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(lambda inputs, before: Behaviour(seconds=30))
    kinds: list[dict[str, Any]] = [
        {"title": "vulnerable"},
        {"labels": [{"name": "BUG"}]},
        {"body": "Steps to reproduce"},
        {},
    ]
    github.open_issues = [issue(n, **{"title": "x", **kinds[n % 4]}) for n in range(1, 33)]
    outputs = {"create-comment": {"max": 5}}
    data = spec(**batch(**{"safe-outputs": outputs, "max-parallel": 4}))

    report = await run(skipping, workers_for, github, data)

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert github.peak == 4
    assert Counter(one.partition(" ")[0] for one in order(github)) == dict.fromkeys(
        ("security", "labelled", "body", "general"), 8
    )
    assert report.counts[0].values == dict.fromkeys(("security", "labelled", "body", "general"), 8)
    assert [number for number, _ in github.written_comments] == [1, 2, 3, 4, 5]
    assert reasons(report, "output-refused") == {"create-comment": "route: over max 5, from 6 on"}


async def test_a_batch_is_classified_within_one_window(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(verdict("bug", 0.8))
    github.open_issues = [issue(n) for n in range(1, 16)]
    data = classified(**batch(**{"max-parallel": 3}))

    report = await run(skipping, workers_for, github, data)

    assert report.totals.by_status == {"success": 15}
    assert github.peak == 3
    assert Counter(order(github)) == Counter(
        f"{step} {n}" for n in range(1, 16) for step in ("classify", "bug")
    )
    assert order(github).index("bug 1") < order(github).index("classify 10"), "first in, first out"


@pytest.mark.parametrize("data", [spec(**batch()), classified(**batch())])
async def test_cancelling_gives_every_item_that_is_known_its_outcome(
    skipping: WorkflowEnvironment, workers_for: WorkersFor, data: dict[str, Any]
) -> None:
    """Runs in flight are cancelled; what was decided, classified or only read is told as left."""
    github = FakeGitHub(lambda inputs, before: Behaviour(seconds=7_200), skipping.get_current_time)
    github.open_issues = [issue(n) for n in range(1, 26)]
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, data | {"max-parallel": 5, "deadline": "9h"})
        async with asyncio.timeout(PATIENCE):
            while len(github.started) < 5:
                await skipping.sleep(timedelta(seconds=5))
        await handle.signal("pause")
        await handle.signal("resume")
        await handle.cancel()
        report = await ended(handle)

    assert report.status is OrchestrationStatus.CANCELLED
    assert report.totals.items == 25
    assert report.totals.by_status == {"cancelled": 5, "not-dispatched": 20}
    assert len(github.started) == 5


async def test_an_issue_that_is_gone_is_skipped_and_stops_no_other(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub()
    github.open_issues = [issue(n) for n in range(1, 4)]
    github.gone.add(2)

    report = await run(skipping, workers_for, github, spec(**batch()))

    assert report.totals.by_status == {"success": 2, "skipped": 1}
    assert reasons(report, "not-routed") == {"2": "there is no such issue any more"}


async def test_without_an_event_nothing_is_read_or_started(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub()
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, spec())
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()

    assert "event: missing" in str(failed.value.cause)
    assert github.requests == 0


def asking(**approval: Any) -> dict[str, Any]:
    """A batch whose classifier asks people about what it is not sure of."""
    data = classified(**batch(**{"safe-outputs": {"create-comment": {"max": 9}}}))
    data["classifier"]["approval"] = {"approvers": ["boss"], **approval}
    return data


def doubtful(*unsure: int) -> Any:
    """A classifier that is sure of `bug`, but for some items."""

    def behave(inputs: dict[str, str], before: int) -> Behaviour:
        step, _, number = inputs["item"].partition(" ")
        if step != "classify":
            return Behaviour(seconds=5)
        sure = 0.25 if int(number) in unsure else 0.9
        return Behaviour(seconds=5, result={"outputs": {"route": "bug", "confidence": sure}})

    return behave


async def until_asked(env: WorkflowEnvironment, handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while not (gates := await handle.query("gates")) or not gates[0]["issue_number"]:
            await env.sleep(timedelta(seconds=5))
    found: dict[str, Any] = gates[0]
    return found


async def test_people_decide_about_a_group_of_items_while_the_others_go_on(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(doubtful(2, 3, 5), skipping.get_current_time)
    github.open_issues = [issue(n) for n in range(1, 7)]
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, asking(choices=["security"]))
        gate = await until_asked(skipping, handle)
        async with asyncio.timeout(PATIENCE):
            while len(github.written_comments) < 3:
                await skipping.sleep(timedelta(seconds=5))
        await skipping.sleep(timedelta(hours=1))
        shown, before = github.created_issues[0]["body"], sorted(order(github))
        status = await handle.query("status")
        await handle.signal("approve", {"approver": "boss"})
        report = await ended(handle)

    assert sorted(gate["items"]) == ["2", "3", "5"], "one gate for all of them"
    assert shown.count("| bug | ") == 3
    assert r"0\.25" in shown
    assert [one for one in before if not one.startswith("classify")] == ["bug 1", "bug 4", "bug 6"]
    assert (status["waiting_for"], status["queued"]) == ("routing-1", 3)
    assert report.totals.by_status == {"success": 6}
    assert reasons(report)["3"] == (
        "bug: confidence 0.25 of the classifier, below 0.6; approved by boss"
    )
    told = {number: one["body"] for number, one in github.written_comments}
    assert "approved by boss" in told[5]
    assert github.closed_issues == [1], "the approval issue is closed"


async def test_an_item_that_nobody_answers_about_takes_the_default_route_after_a_pause(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(doubtful(7), skipping.get_current_time)
    data = asking(timeout="2h")
    del data["for-each"]
    async with workers_for(skipping.client, github):
        await look_less_often(skipping.client)
        handle = await start(skipping.client, data, event(7))
        await until_asked(skipping, handle)
        await handle.signal("pause")
        await skipping.sleep(timedelta(hours=3))
        assert (await handle.query("gates"))[0]["gate"] == "routing-1", "its time stood still"
        await handle.signal("resume")
        report = await ended(handle)

    assert report.totals.by_status == {"success": 1}
    assert order(github) == ["classify 7", "general 7"]
    assert "nobody answered in time: the default route" in reasons(report)["7"]


async def test_a_cancelled_run_leaves_what_people_were_asked_about(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = FakeGitHub(doubtful(1, 2), skipping.get_current_time)
    github.open_issues = [issue(n) for n in range(1, 4)]
    async with workers_for(skipping.client, github):
        handle = await start(skipping.client, asking())
        await until_asked(skipping, handle)
        async with asyncio.timeout(PATIENCE):
            while not (await handle.query("status"))["finished"]:
                await skipping.sleep(timedelta(seconds=5))
        await handle.cancel()
        report = await ended(handle)

    assert report.status is OrchestrationStatus.CANCELLED
    assert report.totals.by_status == {"success": 1, "not-dispatched": 2}
    assert [one.kind for one in report.decisions if one.subject == "routing-1"][
        -1
    ] == "gate-stopped"
    assert github.closed_issues == [1], "the approval issue is closed"


@pytest.mark.parametrize(
    ("decision", "default", "routes", "reason"),
    [
        (
            GateDecision(how="approved", choice="approve", approver="boss"),
            "general",
            ["bug"],
            "boss",
        ),
        (GateDecision(how="approved", choice="approve"), "general", ["bug"], "by silence"),
        (GateDecision(how="approved", choice="security", approver="b"), None, ["security"], "by b"),
        (
            GateDecision(how="rejected", approver="boss", comment=HOSTILE),
            "general",
            ["general"],
            "boss",
        ),
        (GateDecision(how="timed-out"), "general", ["general"], "nobody answered in time"),
        (GateDecision(how="rejected", approver="boss"), None, [], "there is no default route"),
    ],
)
def test_an_answer_about_a_group_decides_about_each_item(
    decision: GateDecision, default: str | None, routes: list[str], reason: str
) -> None:
    doubt = Doubt(item=ITEM, route="bug", reason="not sure", confidence=0.2)

    decided = answered(doubt, decision, default)

    assert list(decided.routes) == routes
    said = decided.reason or next(iter(decided.routes.values()))
    assert reason in said
    assert said.startswith("not sure")
    assert "SECRET-7f3" not in said


@pytest.mark.parametrize(
    ("told", "proposed"),
    [
        (outcome(route="bug", confidence=0.59), "bug"),
        (outcome(route="bug", confidence=0.6), None),
        (outcome(route="nonsense", confidence=0.1), None),
        (outcome("failure", route="bug", confidence=0.1), None),
        (outcome(route="bug"), None),
    ],
)
def test_people_are_asked_only_where_the_classifier_proposes_something(
    told: WorkerOutcome, proposed: str | None
) -> None:
    assert ROUTER.classifier is not None

    doubt = doubted(ITEM, told, ROUTER.classifier, ROUTER)

    assert (doubt.route if doubt else None) == proposed


def test_a_choice_is_a_route() -> None:
    with pytest.raises(ValidationError, match=r"approval.choices: later is none of the routes"):
        RouterSpec.model_validate(asking(choices=["bug", "later"]))


def test_no_more_is_classified_while_too_many_items_wait_for_people() -> None:
    """All of them are carried through continue-as-new."""
    doubt = Doubt(item=ITEM, route="bug", reason="not sure", confidence=0.2)
    items: Any = SimpleNamespace(more=True, waiting=0)
    for waiting, more in ((MAX_UNSURE - 1, True), (MAX_UNSURE, False)):
        state = RouterState(unsure=[doubt] * (waiting - 100), asked=[doubt] * 100)
        desk: Any = SimpleNamespace(state=state)
        source = RoutedSource(items, ROUTER, {}, desk)
        assert source.more is more
        assert source.waiting == waiting
