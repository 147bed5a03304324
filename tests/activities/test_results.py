"""Results: which are found, which are believed, and what each is worth."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

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

    async def call(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    def artifacts(self, *_: Any) -> list[dict[str, Any]]:
        if self.content is None:
            return []
        return [{"id": 3, "name": "podium-result", "expired": False, "digest": self.digest}]

    def artifact_zip(self, *_: Any) -> bytes:
        assert self.content is not None
        return self.content

    def comments(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return self.listed


def packed(text: str, name: str = "result.json") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr(name, text)
    return content.getvalue()


async def collect(store: Store, asked: CollectOrder, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    monkeypatch.setattr("activities.results._ARTIFACT_LOOKS", (0.0, 0.0))
    github: Any = store
    return await ResultActivities(github).collect(asked)


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


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {"n": 1}
    for _ in range(depth - 1):
        value = {"n": 1, "in": value}
    return value


async def through_temporal(verdict: Verdict) -> Verdict:
    """Bring a verdict to the workflow as Temporal does."""
    sent = await pydantic_data_converter.encode([verdict])
    received: list[Verdict] = await pydantic_data_converter.decode(sent, [Verdict])
    return received[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps(RESULT | {"metrics": {"x": float("inf")}}), "not finite"),
        (json.dumps(RESULT | {"metrics": {"x": float("nan")}}), "not finite"),
        (json.dumps(RESULT).replace('"n": 1', '"n": 1, "m": 1e999'), "not finite"),
        (json.dumps(RESULT | {"metrics": {"x": 10**400}}), "not finite"),
        (json.dumps(RESULT | {"outputs": nested(64)}), "nested deeper than 64"),
        (json.dumps(RESULT | {"outputs": nested(220)}), "nested deeper than 64"),
        (json.dumps(RESULT | {"protocol": nested(220)}), "nested deeper than 64"),
    ],
)
@pytest.mark.parametrize("conclusion", ["success", "failure"])
async def test_what_a_workflow_could_not_read_is_an_invalid_result(
    text: str, reason: str, conclusion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdict = await collect(Store(packed(text)), order(conclusion=conclusion), monkeypatch)

    assert await through_temporal(verdict) == verdict
    if conclusion == "failure":
        assert (verdict.status, verdict.outputs) == (OutcomeStatus.FAILURE, {})
    else:
        assert verdict.status is OutcomeStatus.INVALID_RESULT
        assert reason in verdict.reason


async def test_the_deepest_result_that_is_taken_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = await collect(result(outputs=nested(63)), order(), monkeypatch)

    assert verdict.outputs == nested(63)
    assert await through_temporal(verdict) == verdict


async def test_an_emoji_that_was_cut_in_half_costs_no_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    half = {"n": 1, "title": "party \ud83c", "\udf89": ["\ud83c\udf89"]}

    verdict = await collect(result(outputs=half, summary="\ud83c"), order(), monkeypatch)

    assert verdict.outputs == {"n": 1, "title": "party \ufffd", "\ufffd": ["\U0001f389"]}
    assert (verdict.status, verdict.summary) == (OutcomeStatus.SUCCESS, "\ufffd")
    assert await through_temporal(verdict) == verdict


async def test_half_an_emoji_in_a_comment_costs_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    body = block().replace("fine", "\ud83c")

    verdict = await collect(
        Store(comments=[comment(body)]), order(channels=("comment",)), monkeypatch
    )

    assert (verdict.status, verdict.summary) == (OutcomeStatus.SUCCESS, "\ufffd")


async def test_whatever_goes_wrong_in_judging_is_told_in_a_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = {"properties": {"n": {"$ref": "#/nowhere"}}}  # jsonschema raises an error of its own

    verdict = await collect(result(), order(result_schema=broken), monkeypatch)

    assert verdict.status is OutcomeStatus.INVALID_RESULT
    assert "nowhere" in verdict.reason

    failed = order(result_schema=broken, conclusion="cancelled")
    assert (await collect(result(), failed, monkeypatch)).status is OutcomeStatus.CANCELLED


async def test_long_texts_are_cut_and_the_result_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    wordy = result(
        worker="w" * 300,
        summary="s" * 1_500,
        errors=[{"message": "m" * 1_500, "code": "c" * 150}] * 25,
    )

    verdict = await collect(wordy, order(max_bytes=65_536), monkeypatch)

    assert verdict.status is OutcomeStatus.SUCCESS
    assert (len(verdict.summary), verdict.summary[-1]) == (1_000, "…")
    assert len(verdict.errors) == 20
    assert (len(verdict.errors[0].message), len(verdict.errors[0].code)) == (1_000, 100)


def encrypted(whole: bytes) -> bytes:
    """Set the flag of encryption in both headers."""
    content = bytearray(whole)
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def of_unknown_compression(whole: bytes) -> bytes:
    content = bytearray(whole)
    content[8] = content[content.index(b"PK\x01\x02") + 10] = 99
    return bytes(content)


def garbled(whole: bytes) -> bytes:
    start = 30 + len("result.json")
    return whole[:start] + b"\xff" * 20 + whole[start + 20 :]


def truncated(whole: bytes) -> bytes:
    """Take content out, so that the member ends before its compressed data does."""
    central = whole.index(b"PK\x01\x02")
    cut = whole[: 30 + len("result.json")] + whole[central:]
    end = cut.index(b"PK\x05\x06")
    offset = cut.index(b"PK\x01\x02").to_bytes(4, "little")
    return cut[: end + 16] + offset + cut[end + 20 :]


@pytest.mark.parametrize("spoilt", [encrypted, of_unknown_compression, garbled, truncated])
async def test_a_zip_that_cannot_be_read_is_an_invalid_result(
    spoilt: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = spoilt(packed(json.dumps(RESULT) + " " * 2_000))

    verdict = await collect(Store(content), order(), monkeypatch)

    assert verdict.status is OutcomeStatus.INVALID_RESULT
    assert "no JSON" in verdict.reason
