"""Results that would wedge their reader: each becomes a verdict that every workflow can decode."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from contracts.runs import OutcomeStatus, Verdict
from tests.activities.test_results import (
    RESULT,
    Store,
    block,
    collect,
    comment,
    order,
    packed,
    result,
)


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


async def test_a_line_end_that_json_does_not_know_costs_no_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = block().replace("fine", "a\u2028b\u0085c")

    verdict = await collect(
        Store(comments=[comment(body)]), order(channels=("comment",)), monkeypatch
    )

    assert (verdict.status, verdict.summary) == (OutcomeStatus.SUCCESS, "a\u2028b\u0085c")


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
