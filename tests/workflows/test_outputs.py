"""Labels and closings that results ask for, staged runs, and targets, on the time-skipping server."""

from collections import defaultdict
from typing import Any
from uuid import uuid4

from temporalio.testing import WorkflowEnvironment

from contracts.report import OrchestrationReport, OrchestrationStatus
from contracts.specs import WORKFLOW_TYPES
from tests.conftest import WorkersFor
from tests.fakes import WORKER_FILE, Behaviour, FakeGitHub
from tests.system.judging import decisions

WORKER = {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.number }}"}}
READS_ONLY = WORKER_FILE.replace("jobs: {}", "permissions: {contents: read}\njobs: {}")


def issue(number: int, title: str = "Broken", *labels: str) -> dict[str, Any]:
    return {
        "number": number,
        "title": title,
        "body": "",
        "labels": [{"name": one} for one in labels],
        "created_at": f"2020-01-01T00:00:{number:02}Z",
    }


def outputs_of(**by_item: dict[str, Any]) -> Any:
    """Each item's run tells these outputs, at once."""
    return lambda inputs, _: Behaviour(
        result={"outputs": by_item.get(f"i{inputs['item']}", {})}, seconds=1
    )


class Labelled(FakeGitHub):
    """Remembers the labels of issues."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.labels: defaultdict[int, list[str]] = defaultdict(list)

    def label(self, repository: str, number: int, labels: tuple[str, ...]) -> None:
        self.labels[number] += labels


def spec(outputs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "outputs",
        "pattern": "orchestrator-worker",
        "repository": "octo-org/widgets",
        "for-each": {"source": "open-issues"},
        "worker": WORKER,
        "max-parallel": 1,
        "safe-outputs": outputs,
    }
    return base | changes


async def execute(env: WorkflowEnvironment, data: dict[str, Any]) -> OrchestrationReport:
    result = await env.client.execute_workflow(
        WORKFLOW_TYPES[data["pattern"]],
        {"spec": data},
        id=f"podium/outputs/{uuid4()}",
        task_queue="podium",
    )
    return OrchestrationReport.model_validate(result)


async def run(
    env: WorkflowEnvironment, workers_for: WorkersFor, github: FakeGitHub, data: dict[str, Any]
) -> OrchestrationReport:
    github.clock = env.get_current_time
    async with workers_for(env.client, github):
        return await execute(env, data)


def reasons(report: OrchestrationReport, kind: str) -> list[str]:
    return [one.reason for one in report.decisions if one.kind == kind]


async def test_results_label_and_close_their_own_items_within_what_the_spec_allows(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Labelled(
        outputs_of(
            i1={"labels": ["bug", "owner"], "done": True},
            i2={"labels": "area-ui", "done": 1},
            i3={"labels": ["bug"], "done": True},
            i4={"labels": {"not": "labels"}, "done": True},
        ),
        open_issues=[issue(1), issue(2), issue(3), issue(4, "Keep me", "keep")],
    )
    outputs = {
        "add-labels": {"from": "outputs.labels", "allowed": ["bug", "area-*"], "max": 2},
        "close-issue": {
            "when": {"field": "outputs.done"},
            "required-title-prefix": "Broken",
            "max": 3,
        },
    }

    report = await run(skipping, workers_for, github, spec(outputs))

    assert dict(github.labels) == {1: ["bug"], 2: ["area-ui"]}
    assert github.closed_issues == [1, 3]
    assert decisions(report, "labelled") == ["#1", "#2"]
    assert decisions(report, "issue-closed") == ["#1", "#3"]
    assert decisions(report, "left-open") == ["#4"]
    assert reasons(report, "output-refused") == ["1: owner: not allowed", "over max 2, from 3 on"]


async def test_a_router_labels_what_it_routes(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Labelled(outputs_of(), open_issues=[issue(1, "crash in x"), issue(2)])
    routes = {
        "bug": {"when": {"title": "crash"}, "worker": WORKER, "labels": ["bug", "triage"]},
        "other": {"worker": WORKER},
    }
    data = spec({"add-labels": {}}, pattern="router", routes=routes, default="other")
    del data["worker"]

    report = await run(skipping, workers_for, github, data)

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert dict(github.labels) == {1: ["bug", "triage"]}


STAGED = {
    "staged": True,
    "create-issue": {"title-prefix": "[dry] "},
    "add-labels": {"from": "outputs.labels", "allowed": ["bug"]},
    "close-issue": {"when": {"field": "outputs.done"}},
}


async def test_a_staged_run_shows_everything_and_writes_nothing(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Labelled(
        outputs_of(i1={"labels": ["bug"], "done": True}),
        worker_file=READS_ONLY,
        open_issues=[issue(1)],
    )

    report = await run(skipping, workers_for, github, spec(STAGED, report={"title": "Daily"}))

    assert report.status is OrchestrationStatus.SUCCEEDED
    assert github.sent == {"1": 1}, "its worker can only read"
    assert (github.labels, github.closed_issues, github.created_issues) == ({}, [], [])
    assert [(one.output, one.place, one.title) for one in report.previews] == [
        ("add-labels", "octo-org/widgets#1", ""),
        ("close-issue", "octo-org/widgets#1", ""),
        ("create-issue", "octo-org/widgets", "[dry] Daily"),
    ]
    assert report.previews[0].text == "bug"
    assert decisions(report, "staged") == ["add-labels", "close-issue", "create-issue"]
    assert "## Staged: nothing was written" in report.markdown


async def test_a_staged_run_dispatches_nothing_that_may_write_and_asks_nobody(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Labelled(outputs_of())
    worker = {"workflow": "analyzer.yml", "inputs": {"item": "v1"}}
    approval = {"approvers": ["boss"], "timeout": "9d"}
    data = spec(
        {"staged": True, "create-issue": {}},
        pattern="pipeline",
        stages=[
            {"name": "deploy", "approval": approval, "workers": {"it": worker}, "rollback": worker},
            {"name": "after", "workers": {"it": worker}},
        ],
    )
    for key in ("worker", "for-each"):
        del data[key]

    report = await run(skipping, workers_for, github, data)

    assert report.status is OrchestrationStatus.PARTIAL
    assert report.reason == "staged; stage deploy: it: skipped"
    assert (github.sent, github.created_issues) == ({}, [])
    assert decisions(report, "staged") == ["deploy", "deploy/it", "create-issue"]
    assert '"item": "v1"' in reasons(report, "staged")[1]


async def test_an_issue_goes_only_where_the_spec_allows(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    places: list[str] = []

    class Elsewhere(Labelled):
        def create(self, repository: str, *more: Any) -> dict[str, Any]:
            places.append(repository)
            return super().create(repository, *more)

    one = {"source": "list", "items": ["x"]}
    nothing = {"for-each": one, "worker": {**WORKER, "inputs": {"item": "x"}}}
    target = "${{ inputs.where }}"
    github = Elsewhere(outputs_of())
    github.clock = skipping.get_current_time
    async with workers_for(skipping.client, github):
        for where in ("octo-org/reports", "evil-org/reports", "octo-org/../x"):
            inputs = {"where": {"type": "string", "default": where}}
            on = {"workflow_dispatch": {"inputs": inputs}}
            create = {"target-repo": target, "allowed-repos": ["octo-org/*"]}
            report = await execute(skipping, spec({"create-issue": create}, on=on, **nothing))
            refused = [] if where == "octo-org/reports" else [f"{where} is not in allowed-repos"]
            assert reasons(report, "output-refused") == refused

    assert places == ["octo-org/reports"]
