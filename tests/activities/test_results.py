"""Results: which are found, which are believed, and what each is worth."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities import channels
from activities.results import ResultActivities
from contracts.runs import CollectOrder, OutcomeStatus, RunRef, Verdict

NOW = datetime.now(UTC).replace(microsecond=0)
RUN = RunRef(
    repository="o/r",
    workflow="w.yml",
    run_id=9,
    dispatch_id="pd-1",
    url="https://github.test/o/r/actions/runs/9",
    dispatched_at=NOW,
)
RESULT: dict[str, Any] = {
    "protocol": "podium/v1",
    "dispatch_id": "pd-1",
    "worker": "w",
    "run_id": 9,
    "run_attempt": 1,
    "status": "success",
    "summary": "fine",
    "outputs": {"n": 1},
}
SCHEMA = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


def order(**changes: Any) -> CollectOrder:
    base: dict[str, Any] = {
        "run": RUN,
        "conclusion": "success",
        "channels": ("artifact",),
        "result_schema": SCHEMA,
        "max_bytes": 4_096,
        "comment_on": 5,
        "author": "github-actions[bot]",
    }
    return CollectOrder(**{**base, **changes})


def block(**changes: Any) -> str:
    return f"```json podium-result\n{json.dumps(RESULT | changes)}\n```"


def comment(body: str, **changes: Any) -> dict[str, Any]:
    at = NOW.isoformat()
    base = {
        "body": body,
        "user": {"login": "github-actions[bot]", "type": "Bot"},
        "created_at": at,
        "updated_at": at,
        "html_url": "https://github.test/c",
    }
    return base | changes


class Store:
    """A GitHub with one artifact or some comments."""

    def __init__(
        self, content: bytes | None = None, comments: Any = (), digest: Any = None
    ) -> None:
        self.content, self.listed, self.digest = content, list(comments), digest
        self.actions = self.issues = self
        self.clock = self.shown_at = 0.0

    async def call(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    def artifacts(self, *_: Any) -> list[dict[str, Any]]:
        if self.content is None or self.clock < self.shown_at:
            return []
        return [{"id": 3, "name": "podium-result", "expired": False, "digest": self.digest}]

    def artifact_zip(self, *_: Any) -> bytes:
        assert self.content is not None
        return self.content

    def comments(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return self.listed if self.clock >= self.shown_at else []


def packed(text: str, name: str = "result.json") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr(name, text)
    return content.getvalue()


async def collect(store: Store, asked: CollectOrder, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    return (await collected(store, asked, monkeypatch))[0]


async def collected(
    store: Store, asked: CollectOrder, monkeypatch: pytest.MonkeyPatch
) -> tuple[Verdict, float]:
    """Collect a result; also the seconds that were slept, by a clock that nobody waits for."""

    async def sleep(seconds: float) -> None:
        store.clock += seconds

    monkeypatch.setattr("activities.results.asyncio.sleep", sleep)
    github: Any = store
    return await ResultActivities(github).collect(asked), store.clock


def result(**changes: Any) -> Store:
    return Store(packed(json.dumps(RESULT | changes)))


async def test_a_valid_artifact_is_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = await collect(result(), order(), monkeypatch)

    assert (verdict.status, verdict.outputs, verdict.channel) == (
        OutcomeStatus.SUCCESS,
        {"n": 1},
        "artifact",
    )
    assert verdict.result_url == f"{RUN.url}/artifacts/3"


@pytest.mark.parametrize("store", [result(), Store(comments=[comment(block())])])
async def test_a_result_that_shows_ten_seconds_late_costs_no_second_run(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.shown_at = 10.0

    verdict, _ = await collected(store, order(channels=("artifact", "comment")), monkeypatch)

    assert (verdict.status, verdict.outputs) == (OutcomeStatus.SUCCESS, {"n": 1})


@pytest.mark.parametrize(
    ("changes", "status", "waited"),
    [
        ({}, OutcomeStatus.NO_RESULT, 12),
        ({"channels": ("artifact", "conclusion")}, OutcomeStatus.SUCCESS, 3),
        ({"channels": ("conclusion",)}, OutcomeStatus.SUCCESS, 0),
        ({"conclusion": "failure"}, OutcomeStatus.FAILURE, 0),
    ],
)
async def test_only_what_would_be_done_again_is_looked_for_longer(
    changes: dict[str, Any],
    status: OutcomeStatus,
    waited: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verdict, slept = await collected(Store(), order(**changes), monkeypatch)

    assert (verdict.status, slept) == (status, waited)


@pytest.mark.parametrize(
    ("store", "status", "reason"),
    [
        (Store(), OutcomeStatus.NO_RESULT, "published no result"),
        (Store(b"no zip"), OutcomeStatus.INVALID_RESULT, "no JSON"),
        (Store(packed("{}", "other.json")), OutcomeStatus.INVALID_RESULT, "no JSON"),
        (Store(packed("[1]")), OutcomeStatus.INVALID_RESULT, "no JSON object"),
        (Store(packed("[" * 100_000)), OutcomeStatus.INVALID_RESULT, "bytes, the limit is"),
        (Store(packed(" " * 9_999_999)), OutcomeStatus.INVALID_RESULT, "bytes, the limit is"),
        (Store(packed("{}"), digest="sha256:0"), OutcomeStatus.INVALID_RESULT, "no JSON"),
        (result(protocol="podium/v9"), OutcomeStatus.UNKNOWN_PROTOCOL, "known: podium/v1"),
        (result(run_id=8), OutcomeStatus.INVALID_RESULT, "is of run 8"),
        (result(run_attempt=2), OutcomeStatus.INVALID_RESULT, "attempt 2"),
        (result(dispatch_id="pd-2"), OutcomeStatus.INVALID_RESULT, "is of dispatch pd-2"),
        (result(outputs={}), OutcomeStatus.INVALID_RESULT, "'n' is a required property"),
        (result(outputs={"n": "1"}), OutcomeStatus.INVALID_RESULT, "outputs.n"),
        (result(status="great"), OutcomeStatus.INVALID_RESULT, "breaks the contract: status"),
        (result(status="failure", summary="broke"), OutcomeStatus.FAILURE, "broke"),
        (result(status="skipped"), OutcomeStatus.SKIPPED, "fine"),
        (result(status="partial"), OutcomeStatus.PARTIAL, "fine"),
    ],
)
async def test_a_green_run_is_worth_what_its_result_is(
    store: Store, status: OutcomeStatus, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = await collect(store, order(), monkeypatch)

    assert verdict.status is status
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("conclusion", "status"),
    [
        ("failure", OutcomeStatus.FAILURE),
        ("startup_failure", OutcomeStatus.FAILURE),
        ("action_required", OutcomeStatus.FAILURE),
        ("stale", OutcomeStatus.FAILURE),
        (None, OutcomeStatus.FAILURE),
        ("cancelled", OutcomeStatus.CANCELLED),
        ("timed_out", OutcomeStatus.TIMED_OUT),
        ("skipped", OutcomeStatus.SKIPPED),
        ("neutral", OutcomeStatus.SUCCESS),
    ],
)
async def test_every_conclusion_is_mapped(
    conclusion: str | None, status: OutcomeStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = await collect(result(), order(conclusion=conclusion), monkeypatch)

    assert verdict.status is status


async def test_a_failed_run_keeps_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    told = result(status="failure", summary="disk full", errors=[{"message": "no space"}])

    verdict = await collect(told, order(conclusion="failure"), monkeypatch)

    assert verdict.status is OutcomeStatus.FAILURE
    assert "disk full" in verdict.reason
    assert verdict.errors[0].message == "no space"


async def test_a_failed_run_may_lack_the_outputs_of_a_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = result(status="failure", summary="The file is gone.", outputs={})
    verdict = await collect(store, order(conclusion="failure"), monkeypatch)

    assert verdict.status is OutcomeStatus.FAILURE
    assert verdict.reason == "the run failed: The file is gone."
    assert verdict.outputs == {}


async def test_the_conclusion_alone_is_enough_where_the_spec_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = order(channels=("artifact", "conclusion"))

    assert (await collect(Store(), asked, monkeypatch)).status is OutcomeStatus.SUCCESS


async def test_a_comment_of_the_run_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(comments=[comment("Status: fine\n\n" + block())])

    verdict = await collect(store, order(channels=("comment",)), monkeypatch)

    assert (verdict.status, verdict.channel) == (OutcomeStatus.SUCCESS, "comment")


@pytest.mark.parametrize(
    "fake",
    [
        comment(block(), user={"login": "mallory", "type": "User"}),
        comment(block(), user={"login": "github-actions[bot]", "type": "User"}),
        comment(block(), user={"login": "dependabot[bot]", "type": "Bot"}),
        comment(block(), updated_at=(NOW + timedelta(seconds=9)).isoformat()),
        comment(block(run_id=8)),
        comment(block(run_attempt=2)),
        comment(block() + "\n\n" + block(status="failure")),
        comment(
            block(),
            created_at=(NOW - timedelta(hours=1)).isoformat(),
            updated_at=(NOW - timedelta(hours=1)).isoformat(),
        ),
        comment("```json podium-result\nnot json\n```"),
        comment("quoted:\n\n````\n" + block() + "\n````"),
    ],
)
async def test_a_comment_that_does_not_count_is_no_result(
    fake: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = await collect(Store(comments=[fake]), order(channels=("comment",)), monkeypatch)

    assert verdict.status is OutcomeStatus.NO_RESULT


def test_fences_that_never_close_take_linear_time() -> None:
    body = "```json podium-result\n" * 200_000

    assert list(channels.result_blocks(body)) == []


async def test_what_was_told_on_the_way_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(comments=[comment(block()), comment(block(progress=0.4, summary="not yet"))])

    verdict = await collect(store, order(channels=("comment",)), monkeypatch)

    assert (verdict.status, verdict.summary) == (OutcomeStatus.SUCCESS, "fine")


@pytest.mark.parametrize(
    ("comments", "share", "summary"),
    [
        ([], None, ""),
        ([block()], None, ""),
        ([block(progress=1)], None, ""),
        ([block(progress=0.2, summary="a fifth")], 0.2, "a fifth"),
        ([block(progress=0.2), block(progress=0.4, summary="more")], 0.4, "more"),
        ([block(progress=0.2, run_id=8)], None, ""),
        ([block(progress=0.2, status="great")], None, ""),
        ([block(progress=0.2, outputs={"n": "no integer"})], 0.2, "fine"),
        ([block(progress=True)], None, ""),
        ([block(progress=-1)], None, ""),
    ],
)
async def test_progress_is_what_the_running_worker_told_last(
    comments: list[str], share: float | None, summary: str
) -> None:
    github: Any = Store(comments=[comment(body) for body in comments])

    told = await ResultActivities(github).progress(order(conclusion=None, result_schema=None))

    assert (told.share, told.summary) == (share, summary)
