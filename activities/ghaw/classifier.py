"""What a gh-aw run was worth: a green one proves little.

GitHub shows a run as successful whose agent was not let in, had nothing to do, gave up, was only
staged, or was found to carry a threat after its outputs had been applied.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from activities.conclusions import GREEN, of_conclusion
from activities.ghaw.evidence import Evidence
from contracts.runs import OutcomeStatus


class Meaning(StrEnum):
    """What became of a run, in one word."""

    DONE = "done"
    NOTHING_TO_DO = "nothing-to-do"
    INCOMPLETE = "incomplete"
    DENIED = "denied"
    BLOCKED = "blocked-by-detection"
    THREAT_FOUND = "threat-found"
    DETECTOR_FAILED = "detector-failed"
    STAGED = "staged"
    OUTPUTS_DROPPED = "outputs-dropped"
    DISPLACED = "displaced"
    SILENT = "silent"
    UNREADABLE = "unreadable"
    FAILED = "failed"


@dataclass(frozen=True)
class Judgement:
    """A meaning, and what follows from it."""

    meaning: Meaning
    status: OutcomeStatus
    reason: str = ""
    final: bool = False
    """Another attempt would end alike."""


_UNABLE = ("missing_tool", "missing_data", "report_incomplete")
_SAYS_NOTHING = ("noop", *_UNABLE)


def classify(found: Evidence, conclusion: str | None, *, enforce: bool) -> Judgement:
    """Judge a run by its conclusion, jobs and artifacts.

    Args:
        found: what it left.
        conclusion: of the run.
        enforce: a threat, or a verdict that cannot be read, makes the run a failure.
    """
    if conclusion == "cancelled" and not found.jobs:
        return Judgement(
            Meaning.DISPLACED,
            OutcomeStatus.FAILURE,
            "displaced by another run of its concurrency group before any job began: give the "
            "workflow a concurrency group of its own per item, or lower max-parallel",
        )
    blocked = _blocked(found)
    if blocked is not None:
        return blocked
    if conclusion not in GREEN:
        return _failed(found, conclusion)
    return _not_let_in(found) or _staged(found) or _threat(found, enforce) or _said(found)


def _blocked(found: Evidence) -> Judgement | None:
    """The detection job failed, and so nothing was applied."""
    if found.job("detection") != "failure":
        return None
    verdict = found.detection
    if verdict is not None and verdict.threats:
        reason = f"threat detection blocked it: {_named(verdict.threats, verdict.reasons)}"
        return Judgement(Meaning.BLOCKED, OutcomeStatus.FAILURE, reason, final=True)
    reason = "threat detection itself failed, so nothing was applied"
    return Judgement(Meaning.DETECTOR_FAILED, OutcomeStatus.FAILURE, reason)


def _failed(found: Evidence, conclusion: str | None) -> Judgement:
    status, reason = of_conclusion(conclusion)
    if found.job("safe_outputs") == "failure":
        told = f": {found.output_errors}" if found.output_errors else ""
        reason = f"its outputs could not all be carried out{told}"
    elif red := [name for name, ended in found.jobs.items() if ended in ("failure", "timed_out")]:
        reason = f"{reason} in {', '.join(red[:3])}"
    return Judgement(Meaning.FAILED, status, reason)


def _not_let_in(found: Evidence) -> Judgement | None:
    known = {"pre_activation", "activation", "agent"} & found.jobs.keys()
    if not known or found.job("agent") not in ("", "skipped"):
        return None
    return Judgement(
        Meaning.DENIED,
        OutcomeStatus.FAILURE,
        "its own gate let no agent run: the role of who dispatched it, skip-if, stop-after or a "
        "rate limit; an App needs `bots:` with its login, or `roles: all`, under `on:`",
        final=True,
    )


def _staged(found: Evidence) -> Judgement | None:
    if not found.staged:
        return None
    reason = "staged: a preview only, nothing was carried out"
    return Judgement(Meaning.STAGED, OutcomeStatus.SKIPPED, reason, final=True)


def _threat(found: Evidence, enforce: bool) -> Judgement | None:  # noqa: FBT001 - one of a chain
    if not enforce or found.job("detection") in ("", "skipped"):
        return None
    verdict = found.detection
    if verdict is None:
        return Judgement(
            Meaning.DETECTOR_FAILED,
            OutcomeStatus.FAILURE,
            "threat detection left no verdict that can be read; its output is not used",
        )
    if not verdict.threats:
        return None
    return Judgement(
        Meaning.THREAT_FOUND,
        OutcomeStatus.FAILURE,
        f"threat detection found {_named(verdict.threats, verdict.reasons)}; gh-aw only warned and "
        "applied its outputs, Podium does not use them",
        final=True,
    )


def _said(found: Evidence) -> Judgement:
    """Judge what the agent said, where nothing speaks against it."""
    if found.items is None:
        return _without_output(found)
    kinds = [str(one.get("type") or "") for one in found.items]
    real = [kind for kind in kinds if kind not in _SAYS_NOTHING]
    useful = bool(real) or found.structured is not None
    told = _gave_up(found, useful=useful)
    if told is not None:
        return told
    if useful:
        return _carried_out(found, real)
    if "noop" in kinds:
        reason = next((str(one.get("message") or "") for one in found.items), "")
        return Judgement(Meaning.NOTHING_TO_DO, OutcomeStatus.SKIPPED, f"nothing to do: {reason}")
    return Judgement(Meaning.SILENT, OutcomeStatus.NO_RESULT, "the agent ended and said nothing")


def _without_output(found: Evidence) -> Judgement:
    if found.structured is not None:
        return Judgement(Meaning.DONE, OutcomeStatus.SUCCESS)
    if found.problems:
        reason = "; ".join(found.problems[:3])
        return Judgement(Meaning.UNREADABLE, OutcomeStatus.INVALID_RESULT, reason)
    reason = "the run is green and left no agent output"
    return Judgement(Meaning.SILENT, OutcomeStatus.NO_RESULT, reason)


def _gave_up(found: Evidence, *, useful: bool) -> Judgement | None:
    """Whether the agent says that it could not do it all, or gh-aw that it did not take it all."""
    status = OutcomeStatus.PARTIAL if useful else OutcomeStatus.FAILURE
    unable = [one for one in found.items or [] if one.get("type") in _UNABLE]
    if unable:
        reason = "; ".join(_inability(one) for one in unable[:3])
        return Judgement(Meaning.INCOMPLETE, status, reason)
    if found.dropped:
        reason = f"outputs were dropped: {'; '.join(found.dropped[:3])}"
        return Judgement(Meaning.OUTPUTS_DROPPED, status, reason)
    return None


def _carried_out(found: Evidence, real: list[str]) -> Judgement:
    """Compare what was asked for with the manifest of what was done."""
    done = len(found.executed) if found.executed is not None else len(real)
    if done < len(real):
        reason = (
            f"{len(real) - done} of its {len(real)} outputs were not carried out; in a dispatched "
            "workflow, outputs with `target: triggering` have no target"
        )
        return Judgement(Meaning.OUTPUTS_DROPPED, OutcomeStatus.PARTIAL, reason)
    return Judgement(Meaning.DONE, OutcomeStatus.SUCCESS)


def _inability(item: dict[str, object]) -> str:
    what = item.get("tool") or item.get("data_type") or ""
    told = item.get("reason") or item.get("message") or ""
    return ": ".join(str(part) for part in (item.get("type"), what, told) if part)


def _named(threats: Iterable[str], reasons: Iterable[str]) -> str:
    why = "; ".join(reasons)
    return ", ".join(threats).replace("_", " ") + (f" ({why})" if why else "")
