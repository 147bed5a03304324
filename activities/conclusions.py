"""What GitHub's conclusions of a run mean."""

from contracts.runs import OutcomeStatus

GREEN = ("success", "neutral")
"""Conclusions of runs that published what they had to; what that was worth is another question."""

_CONCLUSIONS = {
    "cancelled": (OutcomeStatus.CANCELLED, "the run was cancelled"),
    "timed_out": (OutcomeStatus.TIMED_OUT, "a job of the run reached its own timeout"),
    "skipped": (OutcomeStatus.SKIPPED, "every job of the run was skipped"),
    "action_required": (OutcomeStatus.FAILURE, "the run waits for a person on GitHub"),
    "startup_failure": (OutcomeStatus.FAILURE, "GitHub could not start the workflow file"),
    "stale": (OutcomeStatus.FAILURE, "GitHub gave the run up as stale"),
    "failure": (OutcomeStatus.FAILURE, "the run failed"),
}


def of_conclusion(conclusion: str | None) -> tuple[OutcomeStatus, str]:
    """Say what a run that is not green ended as, and in words."""
    unknown = (OutcomeStatus.FAILURE, f"conclusion {conclusion}")
    return _CONCLUSIONS.get(conclusion or "", unknown)
