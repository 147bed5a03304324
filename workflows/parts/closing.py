"""How an orchestration closes in Temporal, by how it ended."""

import asyncio

from temporalio.exceptions import ApplicationError

from contracts import errors
from contracts.orchestration import BadInputError
from contracts.report import COMPLETES, OrchestrationReport, OrchestrationStatus


def refuse(error: BadInputError) -> ApplicationError:
    """Fail at once on an input that does not decode: retrying would loop for ever."""
    problems = [str(problem) for problem in error.problems]
    return ApplicationError(
        f"bad input: {'; '.join(problems)}", *problems, type=errors.BAD_INPUT, non_retryable=True
    )


def close(report: OrchestrationReport, *, brief: bool) -> OrchestrationReport:
    """Return the report, or raise with it, so that Temporal shows the right status.

    Args:
        report: the final one; the query `report` answers all of it.
        brief: close with what a parent needs only.

    Raises:
        asyncio.CancelledError: the orchestration was cancelled.
        ApplicationError: `OrchestrationFailed`, with the report in its details.
    """
    told = report.brief() if brief else report
    if report.status in COMPLETES:
        return told
    if report.status is OrchestrationStatus.CANCELLED:
        raise asyncio.CancelledError(report.reason)
    raise ApplicationError(
        f"{report.status.value}: {report.reason}",
        told,
        type=errors.ORCHESTRATION_FAILED,
        non_retryable=True,
    )
