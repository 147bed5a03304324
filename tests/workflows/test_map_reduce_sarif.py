"""SARIF in MapReduce, on the time-skipping server: uploads, budgets, stops, what goes wrong."""

from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.activities.sarif_samples import log, run
from tests.conftest import WorkersFor
from tests.fake_sarif import SHA, SarifGitHub, findings
from tests.fakes import Behaviour
from tests.workflows.test_map_reduce import execute, spec

HOME = "octo-org/widgets"


def behave(inputs: dict[str, str], before: int) -> Behaviour:
    place = {"commit_sha": SHA, "ref": "refs/heads/main", "item": inputs["item"]}
    return Behaviour(seconds=5, result={"outputs": place})


def audit(items: list[str], most: int | None = 50, **changes: Any) -> dict[str, Any]:
    """An audit of repositories, each an item."""
    leave = {} if most is None else {"create-code-scanning-alert": {"max": most}}
    owner = changes.pop("belongs", "octo-org/${{ item.value }}")
    reduce = {"alerts": {"reducer": "sarif", "repository": owner}}
    more = {"safe-outputs": leave, "success": {"min-success-rate": 0}}
    return spec(reduce, items, **more | changes)


async def start(env: WorkflowEnvironment, data: dict[str, Any]) -> WorkflowHandle[Any, Any]:
    return await env.client.start_workflow(
        "MapReduce",
        {"spec": data, "initiator": "starter"},
        id=f"podium/test/{uuid4()}",
        task_queue="podium",
    )


async def test_findings_go_to_their_repositories_and_all_of_them_home(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = SarifGitHub(behave, skipping.get_current_time, pending=3)
    async with workers_for(skipping.client, github):
        report = await execute(skipping, audit(["a", "b", "widgets"]))

    told = report.reductions["alerts"]
    own, home = github.uploads[:3], github.uploads[3]
    assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
    assert {one.repository for one in own} == {"octo-org/a", "octo-org/b", HOME}
    assert {(one.commit_sha, one.ref) for one in own} == {(SHA, "refs/heads/main")}
    assert home.repository == HOME
    assert [one["automationDetails"]["id"] for one in home.document["runs"]] == [
        "octo-org/a/scan/",
        "octo-org/b/scan/",
    ], "the home repository has its own findings already"
    assert told["uploads"] == {"processed": 4}
    assert (told["findings"], told["by_severity"]["medium"]) == (3, 3)
    assert told["consolidated"][0]["runs"] == 2


async def test_findings_are_read_where_the_worker_ran(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """For the upload to their repository, and once more for the one at home."""
    read: list[tuple[str, str]] = []

    class Scattered(SarifGitHub):
        def artifacts(self, repository: str, run_id: int, name: str) -> list[dict[str, Any]]:
            read.append((name, repository))
            return super().artifacts(repository, run_id, name)

    github = Scattered(behave, skipping.get_current_time)
    name = "octo-org/${{ item.value }}"
    inputs = {"item": "${{ item.value }}"}
    worker = {"workflow": "analyzer.yml", "repository": name, "owners": ["octo-org"]}
    async with workers_for(skipping.client, github):
        report = await execute(skipping, audit(["a", "b"], worker={**worker, "inputs": inputs}))

    assert report.status is OrchestrationStatus.SUCCEEDED, report.reason
    places = sorted(repository for kind, repository in read if kind == "sarif")
    assert places == ["octo-org/a", "octo-org/a", "octo-org/b", "octo-org/b"]


async def test_no_more_is_uploaded_than_the_spec_gives_leave_for(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = SarifGitHub(behave, skipping.get_current_time)
    async with workers_for(skipping.client, github):
        report = await execute(skipping, audit(["a", "b", "c"], most=2))

    told = report.reductions["alerts"]
    assert len(github.uploads) == 2
    assert told["uploads"] == {"processed": 2, "refused": 2}
    assert told["findings"] == 3, "counted all the same"
    assert report.status is OrchestrationStatus.PARTIAL
    assert [one.kind for one in report.decisions].count("output-refused") == 1


async def test_findings_go_only_to_repositories_that_are_allowed(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = SarifGitHub(behave, skipping.get_current_time)
    alert = {"max": 9, "allowed-repos": ["octo-org/a*"]}
    leave: dict[str, Any] = {"safe-outputs": {"create-code-scanning-alert": alert}}
    async with workers_for(skipping.client, github):
        report = await execute(skipping, audit(["a", "b"], **leave))

    refused = [one.reason for one in report.decisions if one.kind == "output-refused"]
    assert {one.repository for one in github.uploads} == {"octo-org/a", HOME}
    assert len(refused) == 1
    assert refused[0].endswith("octo-org/b is not in allowed-repos")
    assert report.reductions["alerts"]["findings"] == 2, "counted all the same"


async def test_a_staged_run_uploads_nothing_and_says_what_it_would(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = SarifGitHub(behave, skipping.get_current_time)
    github.worker_file = github.worker_file.replace("jobs: {}", "permissions: {}\njobs: {}")
    outputs = {"staged": True, "create-code-scanning-alert": {"max": 9}}
    leave: dict[str, Any] = {"safe-outputs": outputs}
    async with workers_for(skipping.client, github):
        report = await execute(skipping, audit(["a", "b"], **leave))

    assert github.uploads == []
    assert {one.place for one in report.previews} == {"octo-org/a", "octo-org/b"}
    assert report.reductions["alerts"]["findings"] == 2


async def test_without_leave_findings_are_only_counted(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = SarifGitHub(behave, skipping.get_current_time)
    async with workers_for(skipping.client, github):
        report = await execute(skipping, audit(["a", "b"], most=None))

    told = report.reductions["alerts"]
    assert github.uploads == []
    assert told["findings"] == 2
    assert "is not declared" in told["notes"][0]["text"]
    assert report.status is OrchestrationStatus.SUCCEEDED


async def test_what_cannot_be_uploaded_is_told_and_the_rest_goes_on(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    def publish(item: str) -> dict[str, str]:
        broken = {"x__sarif": "{"}
        return {"gone": {}, "broken": {**findings(item), **broken}}.get(item, findings(item))

    def odd(inputs: dict[str, str], before: int) -> Behaviour:
        if inputs["item"] == "fails":
            return Behaviour(conclusion="failure")
        if inputs["item"] == "nowhere":
            return Behaviour(result={"outputs": {}})
        return behave(inputs, before)

    archived = frozenset({"octo-org/old"})
    github = SarifGitHub(odd, skipping.get_current_time, publish=publish, archived=archived)
    once = {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.value }}"}}
    worker: dict[str, Any] = {"worker": {**once, "retry": {"maximum-attempts": 1}}}
    async with workers_for(skipping.client, github):
        report = await execute(
            skipping, audit(["gone", "broken", "old", "nowhere", "fails", "fine"], **worker)
        )

    told = report.reductions["alerts"]
    said = {one["key"].partition(":")[2]: one["text"] for one in told["problems"]}
    assert {one.repository for one in github.uploads} == {"octo-org/broken", "octo-org/fine", HOME}
    assert "published no artifact" in said["gone"]
    assert "no JSON" in said["broken"]
    assert "archived" in said["old"]
    assert "no commit_sha" in said["nowhere"]
    assert "fails" not in said, "its failure is a row of the report"
    assert told["uploads"] == {"processed": 3}
    assert len(github.uploads[-1].document["runs"]) == 4


async def test_items_about_one_repository_do_not_replace_each_other(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = SarifGitHub(behave, skipping.get_current_time)
    async with workers_for(skipping.client, github):
        await execute(skipping, audit(["a", "b"], belongs="octo-org/one"))

    own = [one for one in github.uploads if one.repository == "octo-org/one"]
    ids = [one.document["runs"][0]["automationDetails"]["id"] for one in own]
    assert sorted(ids) == ["scan/1-a/", "scan/2-b/"]


async def test_many_runs_of_one_worker_fill_several_files(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    def publish(item: str) -> dict[str, str]:
        return {"results__sarif": log(*(run(name=f"tool{n}") for n in range(25)))}

    github = SarifGitHub(behave, skipping.get_current_time, publish=publish)
    async with workers_for(skipping.client, github):
        report = await execute(skipping, audit(["a", "b"]))

    runs = [(one.repository, len(one.document["runs"])) for one in github.uploads]
    assert sorted(runs[:4]) == [
        *(("octo-org/a", 5), ("octo-org/a", 20), ("octo-org/b", 5), ("octo-org/b", 20)),
    ]
    assert runs[4:] == [(HOME, 20), (HOME, 20), (HOME, 10)]
    assert report.reductions["alerts"]["runs"] == 50


async def test_an_upload_that_is_never_processed_is_not_waited_for_for_ever(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = SarifGitHub(behave, skipping.get_current_time, pending=10_000)
    async with workers_for(skipping.client, github):
        report = await execute(skipping, audit(["widgets"]))

    told = report.reductions["alerts"]
    assert told["uploads"] == {"pending": 1}
    assert "not waited for any longer" in told["problems"][0]["text"]
    assert report.status is OrchestrationStatus.PARTIAL


async def test_a_cancellation_while_uploads_are_followed_ends_in_order(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = SarifGitHub(behave, skipping.get_current_time, pending=10_000)
    async with workers_for(skipping.client, github):
        handle = await start(skipping, audit(["a", "b"]))
        while not github.asked:
            await skipping.sleep(1)
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        report = OrchestrationReport.model_validate(await handle.query("report"))

    told = report.reductions["alerts"]
    assert report.status is OrchestrationStatus.CANCELLED
    assert {one.repository for one in github.uploads} == {"octo-org/a", "octo-org/b"}
    assert "stopped before all was read and uploaded" in told["problems"][-1]["text"]


async def test_nothing_is_uploaded_while_paused(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = SarifGitHub(behave, skipping.get_current_time)
    async with workers_for(skipping.client, github):
        handle = await start(skipping, audit(["a"]))
        while not github.started:
            await skipping.sleep(1)
        await handle.signal("pause")
        await skipping.sleep(600)
        assert github.uploads == []
        await handle.signal("resume")
        report = OrchestrationReport.model_validate(await handle.result())

    assert report.reductions["alerts"]["uploads"] == {"processed": 2}
