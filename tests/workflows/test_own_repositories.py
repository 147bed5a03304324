"""A worker in the repository that its item names: everything about a run is asked there."""

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.github import NotFoundError
from activities.github.actions import Dispatched, Run, RunsPage
from contracts.fleet import Entry, FleetState
from contracts.runs import Item
from contracts.watch import CompletedRuns
from tests.conftest import WorkersFor
from tests.fakes import WORKER_FILE, Behaviour, FakeGitHub, FakeRun
from tests.workflows.test_orchestrator_worker import execute, spec
from workflows.parts import flights
from workflows.parts.breakers import Breakers

UNKNOWN = WORKER_FILE.replace(" [${{ inputs.dispatch_id }}]", "")
"""Its runs cannot be told apart."""
_TOGETHER = 5.0
"""Seconds that a first dispatch waits for the other repository's, at most."""


@dataclass
class Organization(FakeGitHub):
    """Many repositories, each with runs of its own, which no other one shows."""

    asked: Counter[str] = field(default_factory=Counter)
    """Requests by repository."""
    where: dict[int, str] = field(default_factory=dict)
    branches: set[str] = field(default_factory=set)
    """Refs at which workers' files were read."""
    beside: int = 0
    """The most runs of one repository that were under way at once."""
    per_call: int = 0
    """The most pages of a list that were read in one activity."""

    async def call(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        before = self.requests
        answer = await super().call(function, *arguments, **named)
        if getattr(function, "__name__", "") == "_pages":
            self.per_call = max(self.per_call, self.requests - before)
        return answer

    def dispatch(
        self, repository: str, workflow: str, ref: str, inputs: dict[str, str]
    ) -> Dispatched:
        self.asked[repository] += 1
        answer = super().dispatch(repository, workflow, ref, inputs)
        assert answer.run_id is not None
        self.where[answer.run_id] = repository
        there = [run for run in self._of(repository) if run.status(self.now) != "completed"]
        self.beside = max(self.beside, len(there))
        return answer

    def run(self, repository: str, run_id: int) -> Run:
        self._ask(repository, run_id)
        return super().run(repository, run_id)

    def cancel(self, repository: str, run_id: int, *, force: bool = False) -> bool:
        self._ask(repository, run_id)
        return super().cancel(repository, run_id, force=force)

    def artifacts(self, repository: str, run_id: int, name: str) -> list[dict[str, Any]]:
        self._ask(repository, run_id)
        return super().artifacts(repository, run_id, name)

    def artifact_zip(self, repository: str, artifact_id: int, max_bytes: int) -> bytes:
        self._ask(repository, artifact_id)
        return super().artifact_zip(repository, artifact_id, max_bytes)

    def runs(self, repository: str, **more: Any) -> RunsPage:
        self.asked[repository] += 1
        everybody, self.started = self.started, {r.run_id: r for r in self._of(repository)}
        try:
            return super().runs(repository, **more)
        finally:
            self.started = everybody

    def text(self, repository: str, path: str, ref: str) -> str:
        self.asked[repository] += 1
        self.branches.add(ref)
        return super().text(repository, path, ref)

    def get(self, repository: str) -> dict[str, Any]:
        self.asked[repository] += 1
        return super().get(repository)

    def _of(self, repository: str) -> list[FakeRun]:
        return [run for i, run in self.started.items() if self.where.get(i) == repository]

    def _ask(self, repository: str, run_id: int) -> None:
        self.asked[repository] += 1
        if self.where.get(run_id) != repository:
            raise NotFoundError(f"run {run_id} is not of {repository}", 404)


def listed(*places: str, **more: Any) -> dict[str, Any]:
    items = [{"full_name": place, **more} for place in places]
    return {"for-each": {"source": "list", "items": items}}


def worker(**more: Any) -> dict[str, Any]:
    name = "${{ item.full_name }}"
    base = {"workflow": "analyzer.yml", "repository": name, "owners": ["octo-org"]}
    return {"worker": {**base, "inputs": {"item": name}, **more}}


async def test_a_run_is_read_cancelled_retried_and_collected_where_it_is(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """One succeeds, one fails once, one hangs past its limit, and two may not be started at all."""

    def behave(inputs: dict[str, str], before: int) -> Behaviour:
        if inputs["item"].endswith("/hangs"):
            return Behaviour(seconds=9_000)
        failed = inputs["item"].endswith("/fails") and not before
        return Behaviour(seconds=3, conclusion="failure" if failed else "success")

    github = Organization(behave, skipping.get_current_time)
    places = ("octo-org/fine", "octo-org/fails", "octo-org/hangs", "other-org/x", "octo-org/..")
    again = {"maximum-attempts": 2, "initial-interval": "1s"}
    limits: dict[str, Any] = {"timeout-minutes": 0.3, "retry": again}
    once = {"success": {"min-success-rate": 0}, "breaker": "disabled"}
    async with workers_for(skipping.client, github):
        report = await execute(skipping, spec(**listed(*places), **worker(**limits), **once))

    assert report.totals.by_status == {"success": 2, "timed-out": 1, "dispatch-failed": 2}
    assert Counter(github.where.values()) == {places[0]: 1, places[1]: 2, places[2]: 2}
    assert set(github.asked) == set(places[:3]), "nothing was asked of the spec's own repository"
    stuck = [run for run in github.started.values() if run.inputs["item"] == places[2]]
    assert all(run.cancelled for run in stuck)
    reasons = " ".join(one.reason for one in report.results)
    assert "worker.repository: other-org/x belongs to none of octo-org" in reasons
    assert "'octo-org/..' is no repository" in reasons


async def test_runs_that_cannot_be_told_apart_wait_for_each_other_in_each_repository(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    github = Organization(lambda *_: Behaviour(seconds=5), skipping.get_current_time)
    github.worker_file = UNKNOWN
    places = ["octo-org/a", "octo-org/b", "octo-org/a", "octo-org/b"]
    begun = {place: asyncio.Event() for place in places}
    sending: Counter[str] = Counter()
    most: Counter[str] = Counter()

    async def slowly(function: Any, /, *given: Any, **named: Any) -> Any:
        is_post = "in_time" in function.__qualname__
        if is_post:
            sending[given[0]] += 1
            most[given[0]] = max(most[given[0]], sending[given[0]])
            most["all"] = max(most["all"], sending.total())
            begun[given[0]].set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TOGETHER):
                    await asyncio.gather(*(one.wait() for one in begun.values()))
            await asyncio.sleep(0.2)
            sending[given[0]] -= 1
        return await Organization.call(github, function, *given, **named)

    github.call = slowly  # type: ignore[method-assign]
    async with workers_for(skipping.client, github):
        report = await execute(skipping, spec(**listed(*places), **worker()))

    assert report.totals.by_status == {"success": 4}
    assert most == {"octo-org/a": 1, "octo-org/b": 1, "all": 2}


@pytest.mark.parametrize(("scattered", "silent"), [(True, True), (False, False)])
def test_news_of_one_watcher_do_not_hide_the_silence_of_the_others(
    monkeypatch: pytest.MonkeyPatch, *, scattered: bool, silent: bool
) -> None:
    """Runs in many repositories are registered again at a steady pace, whoever has news meanwhile."""
    began, now = (datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (1, 2))
    monkeypatch.setattr("temporalio.workflow.now", lambda: now)
    state = FleetState(last_news_at=began, silences=3)
    part: Any = SimpleNamespace(scattered=scattered, call=lambda *_: None)
    aloft = flights.Flights(part, part, journal=part, clock=part, state=state, breakers=part)

    aloft.runs_completed(CompletedRuns(completions=()))

    assert (state.last_news_at == began) is silent
    assert state.silences == 0


async def test_a_look_is_one_request_so_that_the_queue_s_limit_is_one_of_requests(
    skipping: WorkflowEnvironment, workers_for: WorkersFor
) -> None:
    """A run behind 350 newer ones: three pages are read, and then itself."""
    github = Organization(lambda *_: Behaviour(seconds=3), skipping.get_current_time)
    post = github.dispatch

    def among_many(*given: Any) -> Any:
        answer = post(*given)
        for number in range(2_000, 2_350):
            github.where[number] = given[0]
            github.started[number] = FakeRun(number, "", {}, Behaviour(), github.now)
        return answer

    github.dispatch = among_many  # type: ignore[assignment, method-assign]
    async with workers_for(skipping.client, github):
        report = await execute(skipping, spec(**listed("octo-org/busy"), **worker()))

    assert report.totals.by_status == {"success": 1}
    assert github.asked["octo-org/busy"] > 8
    assert github.per_call == 1


def test_breakers_of_thousands_of_repositories_are_bounded_and_the_open_ones_stay() -> None:
    journal: Any = SimpleNamespace(decide=lambda *_: None)
    known: dict[str, int] = {f"breaker/octo-org/r{number}/a.yml": 0 for number in range(200)}
    breakers = Breakers(known, journal)
    entry = Entry(item=Item(key="x"), sequence=0)

    for number in range(150, 400):
        breakers.refused(entry, f"breaker/octo-org/r{number}/a.yml", "open")

    shown = breakers.shown()
    assert len(known) == len(shown) == 200
    assert set(known.values()) == {1}
    assert shown["octo-org/r349/a.yml"]["id"] == "breaker/octo-org/r349/a.yml"
