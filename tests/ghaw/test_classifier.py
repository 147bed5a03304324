"""Every way in which a gh-aw run can end, from its artifacts to what Podium makes of it."""

from typing import Any

import pytest

from contracts.runs import OutcomeStatus as Status
from tests.ghaw.leavings import (
    CLEAN,
    COMMENT,
    DONE,
    JOBS,
    THREAT,
    Left,
    collected,
    info,
    output,
    packed,
    usual,
)

DENIED = {"pre_activation": "success", "activation": "skipped", "agent": "skipped"}
BLOCKED = JOBS | {"detection": "failure", "safe_outputs": "skipped"}
NO_TOOL = {"type": "missing_tool", "tool": "browser", "reason": "the page needs one"}
NO_DATA = {"type": "missing_data", "data_type": "the log", "reason": "it was not there"}
LOG = 'thinking…\nTHREAT_DETECTION_RESULT:{"prompt_injection":%s,"secret_leak":false,"malicious_patch":false,"reasons":[]}\n'


def detection(held: Any, name: str = "detection_result.json") -> bytes:
    return packed({name: held})


ROWS: dict[str, tuple[Left, str, str, Status, bool, str]] = {
    "done": (Left(), "success", "done", Status.SUCCESS, False, ""),
    "nothing to do": (
        Left(usual({"type": "noop", "message": "all issues have labels"})),
        "success", "nothing-to-do", Status.SKIPPED, False, "all issues have labels",
    ),
    "could not": (
        Left(usual(NO_TOOL)),
        "success", "incomplete", Status.FAILURE, False, "missing_tool: browser: the page needs one",
    ),
    "could not for want of data": (
        Left(usual(NO_DATA)),
        "success", "incomplete", Status.FAILURE, False, "missing_data: the log: it was not there",
    ),
    "could do some": (
        Left(usual(COMMENT, {"type": "report_incomplete", "reason": "half of it"})),
        "success", "incomplete", Status.PARTIAL, False, "half of it",
    ),
    "denied": (Left({}, DENIED), "success", "denied", Status.FAILURE, True, "`bots:`"),
    "denied in a called workflow": (
        Left({}, {f"call / {name}": ended for name, ended in DENIED.items()}),
        "success", "denied", Status.FAILURE, True, "`bots:`",
    ),
    "silent": (
        Left(usual(changes={"agent": packed({"agent_output.json": output()})})),
        "success", "silent", Status.NO_RESULT, False, "said nothing",
    ),
    "no output at all": (
        Left(usual(changes={"agent": None})),
        "success", "silent", Status.NO_RESULT, False, "left no agent output",
    ),
    "outputs dropped": (
        Left(usual(changes={"agent": packed({"agent_output.json": output(
            COMMENT, errors=("Line 3: Too many items of type 'create_issue'.",))})})),
        "success", "outputs-dropped", Status.PARTIAL, False, "Too many items",
    ),
    "a comment without a target": (
        Left(usual(changes={"safe-outputs-items": packed({"safe-output-items.jsonl": ""})})),
        "success", "outputs-dropped", Status.PARTIAL, False, "target: triggering",
    ),
    "a threat, only warned of": (
        Left(usual(changes={"detection": detection(THREAT)})),
        "success", "threat-found", Status.FAILURE, True, "prompt injection",
    ),
    "a threat, by an older log": (
        Left(usual(changes={"detection": detection(LOG % "true", "detection.log")})),
        "success", "threat-found", Status.FAILURE, True, "prompt injection",
    ),
    "no threat, by an older log": (
        Left(usual(changes={"detection": detection(LOG % "false", "detection.log")})),
        "success", "done", Status.SUCCESS, False, "",
    ),
    "verdicts that contradict each other": (
        Left(usual(changes={"detection": detection(LOG % "true" + LOG % "false", "detection.log")})),
        "success", "detector-failed", Status.FAILURE, False, "no verdict",
    ),
    "a verdict in words": (
        Left(usual(changes={"detection": detection(CLEAN | {"secret_leak": "false"})})),
        "success", "detector-failed", Status.FAILURE, False, "no verdict",
    ),
    "a verdict that is not there": (
        Left(usual(changes={"detection": None})),
        "success", "detector-failed", Status.FAILURE, False, "no verdict",
    ),
    "no detection wanted": (
        Left(usual(changes={"detection": None}), JOBS | {"detection": "skipped"}),
        "success", "done", Status.SUCCESS, False, "",
    ),
    "blocked": (
        Left(usual(changes={"detection": detection(THREAT)}), BLOCKED),
        "failure", "blocked-by-detection", Status.FAILURE, True, "prompt injection",
    ),
    "blocked, and shown green": (
        Left(usual(changes={"detection": detection(THREAT)}), BLOCKED),
        "success", "blocked-by-detection", Status.FAILURE, True, "prompt injection",
    ),
    "a detector that broke": (
        Left(usual(changes={"detection": None}), BLOCKED),
        "failure", "detector-failed", Status.FAILURE, False, "itself failed",
    ),
    "staged": (
        Left(usual(changes={
            "usage": None,
            "activation": packed({"aw_info.json": info(staged=True)}),
            "safe-outputs-items": packed({"safe-output-items.jsonl": ""}),
        })),
        "success", "staged", Status.SKIPPED, True, "preview",
    ),
    "outputs that failed": (
        Left(
            usual(changes={"safe-outputs-items": packed({
                "safe-output-items.jsonl": "", "safe-output-errors.json": '{"add_comment":"403"}'})}),
            JOBS | {"safe_outputs": "failure"},
        ),
        "failure", "failed", Status.FAILURE, False, "403",
    ),
    "an agent that failed": (
        Left({}, JOBS | {"agent": "failure"}),
        "failure", "failed", Status.FAILURE, False, "in agent",
    ),
    "displaced": (Left({}, {}), "cancelled", "displaced", Status.FAILURE, False, "concurrency"),
    "cancelled at work": (
        Left({}, JOBS | {"agent": "cancelled"}),
        "cancelled", "failed", Status.CANCELLED, False, "cancelled",
    ),
    "another dispatch's": (
        Left(usual(changes={"usage": packed({"aw_info.json": info(context={"dispatch_id": "pd-2"})})})),
        "success", "unreadable", Status.INVALID_RESULT, False, "not of this",
    ),
    "another run's": (
        Left(usual(changes={"usage": packed({"aw_info.json": info(run_id=41)})})),
        "success", "unreadable", Status.INVALID_RESULT, False, "not of 42",
    ),
}  # fmt: skip
"""What was left, the run's conclusion; meaning, status, finality, and words of the reason."""


@pytest.mark.parametrize("name", ROWS)
async def test_a_run_is_worth_what_it_left(name: str) -> None:
    left, conclusion, meaning, status, final, words = ROWS[name]

    verdict = await collected(left, conclusion)

    assert (verdict.meaning, verdict.status, verdict.final) == (meaning, status, final)
    assert words in verdict.reason
    used = status in (Status.SUCCESS, Status.PARTIAL)
    assert bool(verdict.outputs) == used, "outputs of a run that is not trusted feed nothing"


@pytest.mark.parametrize(
    ("reason", "row"),
    [
        ("threat_detected", "a threat, only warned of"),
        ("agent_failure", "a verdict that is not there"),
        ("parse_error", "verdicts that contradict each other"),
        ("parse_error", "a verdict in words"),
    ],
)
async def test_a_green_detector_with_a_reason_feeds_nothing(reason: str, row: str) -> None:
    """gh-aw keeps `detection_reason` in the job, where no API shows it; what it left tells the same."""
    left, conclusion, *_ = ROWS[row]
    assert left.jobs_ended["detection"] == "success", reason
    assert left.jobs_ended["safe_outputs"] == "success", "its outputs were applied"

    verdict = await collected(left, conclusion)

    assert verdict.status is Status.FAILURE
    assert not verdict.outputs
    expected = "threat-found" if reason == "threat_detected" else "detector-failed"
    assert verdict.meaning == expected


async def test_what_was_asked_for_and_done_is_told_with_its_cost() -> None:
    verdict = await collected(Left())

    assert verdict.outputs == {
        "items": [COMMENT],
        "executed": [{"type": "add_comment", "url": DONE["url"]}],
    }
    assert verdict.summary == "1 add_comment"
    assert verdict.result_url == DONE["url"]
    assert verdict.metrics == {"input_tokens": 1200, "output_tokens": 80, "ai_credits": 0.5}


async def test_a_threat_is_passed_on_only_where_the_spec_says_warn() -> None:
    left = Left(usual(changes={"detection": detection(THREAT)}))

    verdict = await collected(left, threat_detection="warn")

    assert (verdict.meaning, verdict.status) == ("done", Status.SUCCESS)


@pytest.mark.parametrize("text", ["{", "[]", "null", "[" * 100_000, '"x"'])
async def test_broken_files_are_named(text: str) -> None:
    verdict = await collected(Left(usual(changes={"agent": packed({"agent_output.json": text})})))

    assert verdict.status is Status.INVALID_RESULT
    assert "agent_output.json" in verdict.reason


async def test_a_validated_answer_comes_before_what_the_agent_said() -> None:
    schema = {"type": "object", "required": ["score"], "properties": {"score": {"type": "number"}}}
    agent = packed({"agent_output.json": output(COMMENT), "structured-output.json": {"score": 3}})
    left = Left(usual(changes={"agent-output-fallback": packed({"agent_output.json": output(COMMENT)}), "agent": agent}))  # fmt: skip

    verdict = await collected(left, result_schema=schema)
    broken = await collected(left, result_schema=schema | {"required": ["grade"]})

    assert verdict.outputs == {"score": 3}
    assert broken.status is Status.INVALID_RESULT
    assert "'grade' is a required property" in broken.reason
