"""What people see of a running orchestration, and how its end is judged."""

import json
from collections.abc import Sequence
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from contracts import names
from contracts.base import plain
from contracts.fleet import Entry, OrchestrationState
from contracts.gates import OpenGate
from contracts.report import OrchestrationReport, OrchestrationStatus, Progress
from contracts.runs import WAITING, OutcomeStatus
from contracts.specs.common import Spec
from workflows.parts.tally import Tally
from workflows.parts.work import Work

MAX_SHOWN = 50
"""Running workers in the answer of the query `status`."""
_MAX_GATES = 5
"""Gates that the page of a run shows."""


def run_context(spec: Spec, state: OrchestrationState) -> dict[str, Any]:
    """What `${{ run.* }}` reads; all of it stays the same through continue-as-new."""
    return {
        "run": {
            "name": spec.name,
            "date": state.started_at.strftime("%Y-%m-%d"),
            "id": workflow.info().first_execution_run_id,
            "repository": spec.repository,
        }
    }


def publish(spec: Spec, status: OrchestrationStatus) -> None:
    """Set the search attributes by which lists in the Temporal UI are filtered."""
    values = {
        names.ATTRIBUTE_PATTERN: spec.pattern,
        names.ATTRIBUTE_SPEC: spec.name,
        names.ATTRIBUTE_REPOSITORY: spec.repository,
        names.ATTRIBUTE_STATUS: status.value,
    }
    workflow.upsert_search_attributes(
        [SearchAttributeKey.for_keyword(key).value_set(value) for key, value in values.items()]
    )


def wait_for(what: str) -> None:
    """Set the search attribute by which people find what waits for them; empty for nothing."""
    key = SearchAttributeKey.for_keyword(names.ATTRIBUTE_WAITING_FOR)
    workflow.upsert_search_attributes([key.value_set(what) if what else key.value_unset()])


def show(
    title: str,
    tally: Tally,
    work: Work,
    status: OrchestrationStatus,
    report: OrchestrationReport | None,
    gates: Sequence[OpenGate],
) -> None:
    """Set the current details, which the Temporal UI shows on the run's page."""
    by_status = tally.state.totals.by_status
    counts = ", ".join(f"{n} {status}" for status, n in by_status.items()) or "none yet"
    lines = [
        f"### {plain(title)}",
        f"**{status.value}** · {work.in_flight} running · {work.queued} queued",
        f"Finished {sum(by_status.values())} of {tally.state.totals.items} items: {counts}",
    ]
    if rounds := tally.state.rounds:
        best = next((f"{one.score:g}" for one in rounds if one.best), "none yet")
        lines.append(f"Draft {len(rounds)} · best score {best}")
    if report is not None and report.reason:
        lines.append(plain(report.reason))
    if report is not None and report.issue_url:
        lines.append(f"[Report issue]({report.issue_url})")
    if report is not None and report.pull_request_url:
        lines.append(f"[Pull request]({report.pull_request_url})")
    for gate in gates[:_MAX_GATES]:
        lines += waiting(gate)
    workflow.set_current_details("\n\n".join(lines))


def waiting(gate: OpenGate) -> list[str]:
    """Say what waits for people, and how one who sees just this page can answer."""
    who = ", ".join(f"`{one}`" for one in gate.approvers)
    many = f"{gate.quorum} of " if gate.quorum > 1 else ""
    until = f"{gate.until:%Y-%m-%d %H:%M} UTC"
    lines = [
        f"### {plain(gate.what)} waits for a decision",
        f"By {many}{who}, until {until}; silence {gate.silence}.",
    ]
    if gate.answers:
        said = (f"`{one.login}` {plain(one.choice)} ({one.established})" for one in gate.answers)
        lines.append(f"So far: {', '.join(said)}")
    if gate.issue_url:
        lines.append(f"[The approval issue]({gate.issue_url}) says more; a comment there answers.")
    if gate.verified:
        return [*lines, "Only comments on that issue count."]
    answer = {"gate": gate.gate, "approver": "YOUR GITHUB LOGIN", "comment": "WHY"}
    return [
        *lines,
        "Or here: **More Actions**, **Send a Signal**, `approve` or `reject`, and this as data:",
        f"```\n{json.dumps(answer, indent=1)}\n```",
    ]


def measure(
    status: OrchestrationStatus, tally: Tally, running: Sequence[Entry], queued: int
) -> Progress:
    """Answer the query `status`."""
    totals = tally.state.totals
    return Progress(
        status=status,
        items=totals.items,
        queued=queued,
        running=len(running),
        finished=sum(totals.by_status.values()),
        by_status=totals.by_status,
        in_flight=tuple(_shown(entry) for entry in running[:MAX_SHOWN]),
        iteration=len(tally.state.rounds),
        best_score=next((one.score for one in tally.state.rounds if one.best), None),
    )


def verdict(
    spec: Spec,
    tally: Tally,
    *,
    stopped: str,
    timed_out: bool,
    refused: bool = False,
    spent: bool = False,
) -> tuple[OrchestrationStatus, str]:
    """Judge the whole by the spec's success criteria."""
    rate = tally.success_rate()
    share = "nothing was to do" if rate is None else f"{rate:.0%} of the items succeeded"
    if timed_out:
        return OrchestrationStatus.TIMED_OUT, f"{stopped}; {share}"
    if stopped:
        enough = spent and tally.meets(spec.success)
        status = OrchestrationStatus.PARTIAL if enough else OrchestrationStatus.FAILED
        return status, f"{stopped}; {share}"
    if not tally.meets(spec.success):
        wanted = f"{spec.success.min_success_rate:.0%}"
        return OrchestrationStatus.FAILED, f"{share}, min-success-rate is {wanted}"
    if not tally.flawless():
        return OrchestrationStatus.PARTIAL, share
    skipped = tally.state.totals.by_status.get(OutcomeStatus.SKIPPED, 0)
    if refused and skipped:
        tried = share if rate is not None else "nothing was tried"
        return OrchestrationStatus.PARTIAL, f"{tried}, {skipped} skipped: circuit open"
    return OrchestrationStatus.SUCCEEDED, ""


def _shown(entry: Entry) -> dict[str, Any]:
    run = entry.run
    phase = "dispatching" if run is None else "cancelling" if entry.cancelled_at else "running"
    if phase == "running" and entry.held_since and not entry.released_at:
        phase = WAITING
    shown = {
        "key": entry.item.key,
        "attempt": entry.attempt,
        "phase": phase,
        "url": run.url if run else "",
    }
    if entry.told is not None:
        shown |= {"progress": entry.told.share, "summary": plain(entry.told.summary)}
    return shown
