"""What a run failed of, in words that are the same each time."""

from datetime import UTC, datetime

import pytest

from contracts.report import Metrics, OrchestrationReport, OrchestrationStatus
from contracts.runs import OutcomeStatus, WorkerOutcome
from workflows.parts.escalating import cause_of


def report(*failed: tuple[str, OutcomeStatus], reason: str = "") -> OrchestrationReport:
    rows = tuple(
        WorkerOutcome(key=str(n), worker=worker, status=status, run_id=n)
        for n, (worker, status) in enumerate(failed, 1)
    )
    return OrchestrationReport(
        spec="s",
        pattern="p",
        repository="o/r",
        workflow_id="w",
        status=OrchestrationStatus.FAILED,
        reason=reason,
        results=rows,
        metrics=Metrics(started_at=datetime.now(UTC)),
    )


FAILURE, TIMED_OUT, GOOD = OutcomeStatus.FAILURE, OutcomeStatus.TIMED_OUT, OutcomeStatus.SUCCESS


@pytest.mark.parametrize(
    ("failed", "cause"),
    [
        ([("a", FAILURE), ("b", GOOD), ("b", GOOD)], "a: failure"),
        ([("a", FAILURE), ("a", TIMED_OUT), ("a", TIMED_OUT)], "a: timed-out"),
        ([("b", FAILURE), ("a", FAILURE)], "a: failure"),
    ],
)
def test_the_cause_is_what_most_items_failed_of(
    failed: list[tuple[str, OutcomeStatus]], cause: str
) -> None:
    assert cause_of(report(*failed, reason="50% of the items")) == cause
    assert cause_of(report(*failed[::-1], reason="51%")) == cause


def test_without_failed_items_the_cause_is_the_reason_without_its_numbers() -> None:
    one, other = (report(reason=f"no file `a.yml` at run {n}") for n in (123, 7))

    assert cause_of(one) == cause_of(other) == "failed: no file a.yml at run N"
    assert cause_of(report()) == "failed"
