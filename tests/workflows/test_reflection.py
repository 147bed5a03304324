"""Reflection on the time-skipping server: scores, signals, feedback, and how it ends."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.github.errors import RefusedError
from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.conftest import WorkersFor
from tests.fakes import Behaviour, FakeGitHub
from tests.patience import PATIENCE
from tests.system.judging import decisions

SUCCEEDED, PARTIAL, FAILED = (
    OrchestrationStatus.SUCCEEDED,
    OrchestrationStatus.PARTIAL,
    OrchestrationStatus.FAILED,
)
ONCE = {"maximum-attempts": 1}
TALKING = 8
"""Seconds of a run that a test finds in flight, and says something to."""


def spec(**changes: Any) -> dict[str, Any]:
    """The generator's input is `draft|n|feedback|url|score|best`, the critic's `review|branch`."""
    fields = ("iteration", "feedback", "feedback_url", "score", "best_score")
    reads = "|".join(f"${{{{ reflection.{name} }}}}" for name in fields)
    base: dict[str, Any] = {
        "name": "pages",
        "pattern": "reflection",
        "repository": "octo-org/widgets",
        "safe-outputs": {"create-pull-request": {"max": 1, "labels": ["docs"]}},
        "generator": {"workflow": "analyzer.yml", "inputs": {"item": f"draft|{reads}"}},
        "critic": {
            "workflow": "analyzer.yml",
            "inputs": {"item": "review|${{ draft.outputs.branch }}|${{ draft.status }}"},
        },
        "pull-request": {"title": "Pages of ${{ run.name }}"},
        "deadline": "2d",
    }
    for worker in ("generator", "critic"):
        base[worker]["retry"] = ONCE
    return base | changes


@dataclass
class Studio:
    """A generator and a critic; a score is a number, an outcome, or outputs as they stand."""

    scores: Sequence[Any] = (5, 7, 9)
    feedback: Callable[[int], Any] = lambda n: f"wish {n}"
    branch: Any = "docs/${n}"
    draft: str = "success"
    seconds: float = 2
    """Few: each costs a look at the list of runs."""
    drafts: list[list[str]] = field(default_factory=list)
    reviews: list[str] = field(default_factory=list)

    def __call__(self, inputs: dict[str, str], before: int) -> Behaviour:
        kind, *asked = inputs["item"].split("|")
        return self._draft(asked) if kind == "draft" else self._review(asked)

    def _draft(self, asked: list[str]) -> Behaviour:
        self.drafts.append(asked)
        branch = self.branch
        if isinstance(branch, str):
            branch = branch.replace("${n}", asked[0])
        outputs = {"branch": branch} if branch is not None else {}
        result = {"outputs": outputs, "summary": f"draft @octo-org {asked[0]}"}
        return Behaviour(seconds=self.seconds, conclusion=self.draft, result=result)

    def _review(self, asked: list[str]) -> Behaviour:
        self.reviews.append(asked[0])
        number = len(self.reviews)
        score = self.scores[number - 1]
        if score == "failure":
            return Behaviour(seconds=self.seconds, conclusion="failure", result=None)
        outputs = {"score": score, "feedback": self.feedback(number)}
        if isinstance(score, dict):
            outputs = score
        return Behaviour(seconds=self.seconds, result={"outputs": outputs})

    def said(self, number: int) -> dict[str, str]:
        """What the generator read for one draft."""
        names = ("iteration", "feedback", "feedback_url", "score", "best_score")
        return dict(zip(names, self.drafts[number - 1], strict=True))


@dataclass
class Stage:
    """A server, its time, and one reflection on it."""

    env: WorkflowEnvironment
    workers_for: WorkersFor
    github: FakeGitHub = field(default_factory=FakeGitHub)
    kind: type[FakeGitHub] = FakeGitHub

    async def run(
        self,
        studio: Studio,
        data: dict[str, Any] | None = None,
        script: Any = None,
    ) -> OrchestrationReport:
        """Run it; `script` talks to it meanwhile."""
        if script is not None:
            studio.seconds = TALKING
        self.github = self.kind(studio, self.env.get_current_time)
        async with self.workers_for(self.env.client, self.github):
            handle = await start(self.env.client, data or spec())
            if script is not None:
                await script(handle)
            return await ended(handle)

    async def until(self, handle: WorkflowHandle[Any, Any], key: str) -> None:
        """Wait until a run is in flight."""
        async with asyncio.timeout(PATIENCE):
            while key not in (one["key"] for one in (await status(handle))["in_flight"]):
                await self.env.sleep(timedelta(seconds=1))


@pytest.fixture
def stage(skipping: WorkflowEnvironment, workers_for: WorkersFor) -> Stage:
    return Stage(skipping, workers_for)


async def start(client: Client, data: dict[str, Any]) -> WorkflowHandle[Any, Any]:
    return await client.start_workflow(
        "Reflection", {"spec": data}, id=f"podium/pages/{uuid4()}", task_queue="podium"
    )


async def status(handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await handle.query("status")
    return found


async def ended(handle: WorkflowHandle[Any, Any]) -> OrchestrationReport:
    try:
        return OrchestrationReport.model_validate(await handle.result())
    except WorkflowFailureError:
        return OrchestrationReport.model_validate(await handle.query("report"))


def scores(report: OrchestrationReport) -> list[float | None]:
    return [one.score for one in report.rounds]


def best(report: OrchestrationReport) -> int | None:
    return next((one.iteration for one in report.rounds if one.best), None)


@pytest.mark.covers("T6")
async def test_scores_rise_over_the_threshold_and_one_pull_request_tells_of_all_rounds(
    stage: Stage,
) -> None:
    studio = Studio()
    report = await stage.run(studio)

    assert (report.status, scores(report), best(report)) == (SUCCEEDED, [5, 7, 9], 3)
    assert studio.said(1) == {
        "iteration": "1", "feedback": "", "feedback_url": "", "score": "", "best_score": "",
    }  # fmt: skip
    assert studio.said(3) == {
        "iteration": "3", "feedback": "wish 2", "feedback_url": "", "score": "7.0",
        "best_score": "7.0",
    }  # fmt: skip
    assert studio.reviews == ["docs/1", "docs/2", "docs/3"]
    (pull,) = stage.github.opened_pulls
    assert (pull["head"], pull["base"], pull["labels"]) == ("docs/3", "main", ("docs",))
    assert pull["title"] == "Pages of pages"
    for number, score in enumerate((5, 7, 9), 1):
        this = " (this one)" if number == 3 else ""
        assert f"| {number}{this} | {score} | [run](https" in pull["body"]
    assert "`@octo-org`" in pull["body"]
    assert report.pull_request_url == pull["html_url"]
    assert "## Rounds" in report.markdown
    assert len(decisions(report, "scored")) == 3


async def test_it_ends_as_soon_as_the_threshold_is_reached(stage: Stage) -> None:
    studio = Studio(scores=(8,))
    report = await stage.run(studio)

    assert (report.status, scores(report)) == (SUCCEEDED, [8])
    assert len(studio.drafts) == 1


@pytest.mark.parametrize(
    ("given", "chosen"), [((6, 5, 4), 1), ((4, 6, 6), 2), ((6, 7, 3), 2), ((0, 0, 0), 1)]
)
async def test_a_later_worse_or_equal_draft_never_wins(
    stage: Stage, given: tuple[int, ...], chosen: int
) -> None:
    wanted = spec(**{"pull-request": {"below-threshold": True}})
    report = await stage.run(Studio(scores=given), wanted)

    assert (report.status, best(report)) == (PARTIAL, chosen)
    (pull,) = stage.github.opened_pulls
    assert pull["head"] == f"docs/{chosen}"
    assert "8 was asked for" in pull["body"]


async def test_under_the_threshold_it_fails_says_so_and_opens_nothing(stage: Stage) -> None:
    report = await stage.run(Studio(scores=(5, 7.5, 7)))

    assert report.status is FAILED
    assert report.reason == "the best score, 7.5 of draft 2, is under the threshold 8"
    assert stage.github.opened_pulls == []
    assert report.pull_request_url == ""


async def test_nothing_needs_to_succeed_where_the_spec_says_so(stage: Stage) -> None:
    report = await stage.run(Studio(scores=(5, 5, 5)), spec(success={"min-success-rate": 0}))

    assert report.status is PARTIAL
    assert stage.github.opened_pulls == []


@pytest.mark.parametrize(
    "garbage", ["9", True, None, -1, 10.5, 10**40, [9], {}, {"score": {"x": 9}}, "failure"]
)
async def test_a_score_that_is_none_is_a_failed_review_and_the_best_so_far_decides(
    stage: Stage, garbage: Any
) -> None:
    studio = Studio(scores=(6, garbage, 9))
    report = await stage.run(studio)

    assert (report.status, scores(report), best(report)) == (FAILED, [6, None], 1)
    assert len(studio.drafts) == 2
    assert report.rounds[1].reason
    assert "6 of draft 1" in report.reason


async def test_without_any_draft_it_says_why(stage: Stage) -> None:
    report = await stage.run(Studio(draft="failure"))

    assert report.status is FAILED
    assert report.reason.startswith("no draft has a score; draft: failure")
    assert len(report.rounds) == 1
    assert stage.github.opened_pulls == []


async def test_a_failed_worker_is_tried_again_first(stage: Stage) -> None:
    calls: list[str] = []

    def behave(inputs: dict[str, str], before: int) -> Behaviour:
        calls.append(inputs["item"])
        outputs = {"branch": "b", "score": 9}
        return Behaviour(
            5, conclusion="success" if before else "failure", result={"outputs": outputs}
        )

    data = spec()
    for worker in ("generator", "critic"):
        data[worker] = {**data[worker], "retry": {"maximum-attempts": 2}}
    stage.github = FakeGitHub(behave, stage.env.get_current_time)
    async with stage.workers_for(stage.env.client, stage.github):
        report = await ended(await start(stage.env.client, data))

    assert report.status is SUCCEEDED
    assert calls[0] == calls[1] != calls[2] == calls[3]
    assert len({run.dispatch_id for run in stage.github.started.values()}) == 4


async def test_large_feedback_goes_by_reference_and_peoples_words_by_value(stage: Stage) -> None:
    studio = Studio(scores=(5, 9), feedback=lambda n: "x" * (19_999 if n == 9 else 20_000))

    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, "review 1")
        await handle.signal("critique", {"feedback": "more examples", "reviewer": "ann"})

    report = await stage.run(studio, script=script)

    said = studio.said(2)
    assert said["feedback"] == "more examples"
    assert said["feedback_url"] == report.rounds[0].review_url != ""
    begun = [one.reason for one in report.decisions if one.kind == "round-begun"]
    assert begun[1] == f"13 characters by value, the review by reference: {said['feedback_url']}"


@pytest.mark.parametrize("moment", ["draft 1", "review 1"])
async def test_a_persons_feedback_is_added_to_the_next_drafts(stage: Stage, moment: str) -> None:
    studio = Studio(scores=(5, 9))

    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, moment)
        for _ in range(2):  # a signal may be delivered twice
            await handle.signal("critique", {"feedback": " thread safety ", "reviewer": "ann"})

    report = await stage.run(studio, script=script)

    assert studio.said(1)["feedback"] == ""
    assert studio.said(2)["feedback"] == "wish 1\n\nthread safety"
    assert report.rounds[0].people == ("thread safety",)
    assert "thread safety" in stage.github.opened_pulls[0]["body"]


@pytest.mark.parametrize("critics", [3, "failure", "garbage"])
async def test_a_persons_score_replaces_the_critics(stage: Stage, critics: Any) -> None:
    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, "review 1")
        await handle.signal("critique", {"score": 9.5, "feedback": "", "reviewer": "ann"})

    report = await stage.run(Studio(scores=(critics,)), script=script)

    assert (report.status, scores(report)) == (SUCCEEDED, [9.5])
    assert report.rounds[0].scored_by == "ann"


async def test_a_score_while_the_next_draft_is_written_is_of_the_one_before(stage: Stage) -> None:
    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, "draft 2")
        assert (await status(handle))["iteration"] == 2
        assert (await status(handle))["best_score"] == 5
        await handle.signal("critique", {"score": 10, "reviewer": "ann"})

    report = await stage.run(Studio(), script=script)

    assert (report.status, scores(report)) == (SUCCEEDED, [10, None])
    assert report.reason == "ann scored draft 1 with 10"
    assert stage.github.opened_pulls[0]["head"] == "docs/1"
    now = await stage.env.get_current_time()
    assert [run.conclusion(now) for run in stage.github.started.values()][2:] == ["cancelled"]


@pytest.mark.parametrize(
    ("moment", "chosen", "runs"), [("review 1", 1, 2), ("draft 2", 1, 3), ("review 3", 2, 6)]
)
async def test_accepting_ends_it_with_the_best_or_with_the_first_draft(
    stage: Stage, moment: str, chosen: int, runs: int
) -> None:
    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, moment)
        await handle.signal("accept", {"reviewer": "ann"})

    report = await stage.run(Studio(), script=script)

    assert (report.status, report.reason) == (SUCCEEDED, f"draft {chosen} was accepted by ann")
    assert [pull["head"] for pull in stage.github.opened_pulls] == [f"docs/{chosen}"]
    assert len(stage.github.started) == runs


async def test_before_any_draft_there_is_nothing_to_accept_or_to_score(stage: Stage) -> None:
    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, "draft 1")
        await handle.signal("accept")
        await handle.signal("critique", {"score": 10, "reviewer": "ann"})

    report = await stage.run(Studio(), script=script)

    assert (report.status, scores(report)) == (SUCCEEDED, [5, 7, 9])
    assert decisions(report, "signal-refused") == ["accept", "critique"]


@pytest.mark.parametrize(
    ("moment", "sent", "known"),
    [
        ("draft 1", [], []),
        ("review 1", ["x"], [None]),
        ("draft 3", [{"reviewer": "ann"}], [5, 7, None]),
    ],
)
async def test_stopping_ends_it_with_the_best_so_far(
    stage: Stage, moment: str, sent: list[Any], known: list[Any]
) -> None:
    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, moment)
        await handle.signal("stop", *sent)

    report = await stage.run(Studio(), script=script)

    assert report.status is FAILED
    assert report.reason.startswith("stopped by ")
    assert [score for score in scores(report) if score] == [score for score in known if score]
    assert stage.github.opened_pulls == []


async def test_signals_of_no_form_are_refused_and_disturb_nothing(stage: Stage) -> None:
    wrong: list[Any] = [
        "text", 7, None, {}, {"reviewer": "ann"}, {"feedback": "x"}, {"reviewer": "", "feedback": "x"},
        {"reviewer": "ann", "score": "9"}, {"reviewer": "ann", "score": True},
        {"reviewer": "ann", "score": 11}, {"reviewer": "ann", "feedback": ["x"]},
    ]  # fmt: skip

    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, "review 1")
        for one in wrong:
            await handle.signal("critique", one)
        await handle.signal("critique")
        await handle.signal("critique", args=[{"reviewer": "ann", "feedback": "x"}, 2])
        await handle.signal("accept", "me")
        await handle.signal("accept", {"reviewer": ["me"]})

    report = await stage.run(Studio(scores=(5, 9)), script=script)

    assert (report.status, scores(report)) == (SUCCEEDED, [5, 9])
    assert len(decisions(report, "signal-refused")) == len(wrong) + 4
    assert report.rounds[0].people == ()


async def test_people_cannot_say_more_than_there_is_room_for(stage: Stage) -> None:
    studio = Studio(scores=(5, 9))

    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, "draft 1")
        for letter in "abc":
            await handle.signal("critique", {"feedback": letter * 90_000, "reviewer": "ann"})

    report = await stage.run(studio, script=script)

    assert len(studio.said(2)["feedback"]) < 20_000
    assert decisions(report, "signal-refused") == ["critique"]


@pytest.mark.parametrize(
    ("branch", "problem"),
    [
        (None, "no branch is named"),
        (7, "no branch is named"),
        ("a..b", "no branch name that git takes"),
        ("evil:main", "no branch name that git takes"),
        ("main", "is the base itself"),
    ],
)
async def test_a_branch_that_is_none_opens_nothing_and_is_told(
    stage: Stage, branch: Any, problem: str
) -> None:
    data = spec(**{"pull-request": {"base": "main"}})
    data["critic"]["inputs"] = {"item": "review|${{ draft.summary }}"}
    report = await stage.run(Studio(scores=(9,), branch=branch), data)

    assert report.status is PARTIAL
    assert "reaches the threshold 8; no pull request: outputs.branch of draft 1" in report.reason
    assert problem in report.reason
    assert stage.github.opened_pulls == []


async def test_a_branch_that_a_worse_draft_overwrote_is_not_offered(stage: Stage) -> None:
    wanted = spec(**{"pull-request": {"below-threshold": True}})
    report = await stage.run(Studio(scores=(6, 5, 6), branch="docs/page"), wanted)

    assert "docs/page holds draft 2, which is worse than draft 1" in report.reason
    assert stage.github.opened_pulls == []


async def test_a_branch_that_an_equal_draft_was_pushed_to_is_offered_with_a_warning(
    stage: Stage,
) -> None:
    wanted = spec(**{"pull-request": {"below-threshold": True}})
    await stage.run(Studio(scores=(6, 6, 6), branch="docs/page"), wanted)
    (pull,) = stage.github.opened_pulls

    assert "pushed to this branch again, for draft 2, 3" in pull["body"]


@pytest.mark.parametrize(
    ("leave", "why"),
    [(0, "pull-request: over max 0"), (1, "GitHubRefused: No commits between main and docs/1")],
    ids=["by the spec", "by GitHub"],
)
async def test_a_pull_request_that_is_refused_is_told(stage: Stage, leave: int, why: str) -> None:
    class Refusing(FakeGitHub):
        def open_pull(self, repository: str, **asked: Any) -> dict[str, Any]:
            raise RefusedError("No commits between main and docs/1", 422)

    stage.kind = Refusing
    data = spec(**{"safe-outputs": {"create-pull-request": {"max": leave}}})
    report = await stage.run(Studio(scores=(9,)), data)

    assert report.status is PARTIAL
    assert f"reaches the threshold 8; no pull request: {why}" in report.reason
    assert report.pull_request_url == ""
    refused = "output-failed" if leave else "output-refused"
    assert decisions(report, refused) == ["create-pull-request"]


async def test_labels_that_are_refused_leave_the_pull_request_open(stage: Stage) -> None:
    class Refusing(FakeGitHub):
        def label(self, repository: str, number: int, labels: tuple[str, ...]) -> None:
            raise RefusedError("no", 403)

    stage.kind = Refusing
    report = await stage.run(Studio(scores=(9,)))

    assert report.status is SUCCEEDED
    assert len(stage.github.opened_pulls) == 1


async def test_what_a_person_says_with_the_start_is_in_the_first_draft(stage: Stage) -> None:
    studio = Studio(scores=(9,))
    stage.github = FakeGitHub(studio, stage.env.get_current_time)
    async with stage.workers_for(stage.env.client, stage.github):
        handle = await stage.env.client.start_workflow(
            "Reflection",
            {"spec": spec()},
            id="podium/pages/early",
            task_queue="podium",
            start_signal="critique",
            start_signal_args=[{"reviewer": "ann", "feedback": "be short"}],
        )
        report = await ended(handle)

    assert report.status is SUCCEEDED
    assert studio.said(1)["feedback"] == "be short"


async def test_the_deadline_ends_it_in_order(stage: Stage) -> None:
    report = await stage.run(
        Studio(seconds=400), with_timeouts(100, spec(deadline="18m", **{"stall-after": "1d"}))
    )

    assert report.status is OrchestrationStatus.TIMED_OUT
    assert "the best score, 5 of draft 1, is under" in report.reason


async def test_cancelling_in_a_pause_ends_it_in_order(stage: Stage) -> None:
    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, "draft 2")
        await handle.signal("pause")
        await handle.signal("critique", {"feedback": "x", "reviewer": "ann"})
        await handle.cancel()

    report = await stage.run(Studio(), script=script)

    assert report.status is OrchestrationStatus.CANCELLED
    assert len(stage.github.started) == 3
    assert stage.github.opened_pulls == []


async def test_a_pause_holds_the_next_step_and_moves_the_deadline(stage: Stage) -> None:
    """It goes on for longer than the deadline is away, and nothing is late after it."""

    async def script(handle: WorkflowHandle[Any, Any]) -> None:
        await stage.until(handle, "draft 1")
        await handle.signal("pause")
        await stage.env.sleep(timedelta(minutes=20))
        assert len(stage.github.started) == 1
        await handle.signal("resume")

    report = await stage.run(Studio(), spec(deadline="10m"), script=script)

    assert (report.status, scores(report)) == (SUCCEEDED, [5, 7, 9])


def with_timeouts(minutes: int, data: dict[str, Any]) -> dict[str, Any]:
    for worker in ("generator", "critic"):
        data[worker] = {**data[worker], "timeout-minutes": minutes}
    return data
