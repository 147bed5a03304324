"""An approval: the gate, and the issue that asks people, is kept current, and tells the outcome."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from temporalio import workflow

from contracts.gates import GateDecision, GateState
from contracts.outputs import IssueRef, Text
from contracts.specs.gates import Approval
from workflows.parts import ballot, progress

if TYPE_CHECKING:  # which can ask, too
    from workflows.parts.orchestration import Orchestration

Evidence = list[dict[str, Any]]


async def ask(
    frame: "Orchestration[Any]",
    name: str,
    approval: Approval,
    evidence: Evidence,
    *,
    what: str = "",
    then: str = "",
    items: Iterable[str] = (),
) -> tuple[GateDecision | None, IssueRef | None]:
    """Open a gate and its issue, wait, and close both; go on where the chain's last run was.

    Args:
        frame: the orchestration.
        name: of the gate; one that is open already is waited for.
        approval: who may answer, and for how long.
        evidence: rows of what was done so far (stage or item, worker, status, summary, url), of what
            is proposed (item, route, confidence, url, run_url), or would be written (output, max,
            asked).
        what: is asked about; the stage of that name where left out.
        then: what follows from an approval; that it begins, where left out.
        items: keys of the items that it is for, where it is for a group.

    Returns:
        The decision, or None when it is time to continue as new; and the issue where one could be
        written.
    """
    gate = frame.gates.state(name) or frame.gates.unheard(name)
    if gate is None:
        gate = ballot.opened(
            name,
            what or f"Stage {name}",
            approval,
            workflow.now(),
            initiator=frame.given.initiator,
            items=items,
        )
        gate.then = then
        frame.gates.open(gate)
        progress.wait_for(frame.gates.waiting_for)
        made = await frame.outbox.create_issue(
            "approval", f"Approve {name}: {frame.title}", _text(frame, gate, evidence)
        )
        if made is not None:
            gate.issue_number, gate.issue_url = made.number, made.url
            frame.show()
    issue = IssueRef(number=gate.issue_number, url=gate.issue_url) if gate.issue_number else None
    decision = await _watched(frame, gate, issue, evidence)
    if decision is None:
        return None, issue
    progress.wait_for(frame.gates.waiting_for)
    if issue is not None:
        await _close(frame, gate, issue, decision, evidence)
    return decision, issue


async def withdraw(frame: "Orchestration[Any]", gate: GateState, decision: GateDecision) -> None:
    """Close the issue of a gate whose end nobody waited for."""
    if gate.issue_number is not None:
        issue = IssueRef(number=gate.issue_number, url=gate.issue_url)
        await frame.comments.release(issue.number)
        await _tell(frame, gate, issue, decision)
        await frame.outbox.close_issue(issue)


async def _watched(
    frame: "Orchestration[Any]", gate: GateState, issue: IssueRef | None, evidence: Evidence
) -> GateDecision | None:
    """Wait for the decision, while comments on the issue are answers and it shows what was said."""
    if issue is None or gate.at_once or not workflow.patched("comment-answers"):
        return await _decided(frame, gate, issue)
    frame.comments.watch()
    ended = asyncio.Event()
    keeping = asyncio.create_task(_keep_current(frame, gate, issue, evidence, ended))
    decision = await _decided(frame, gate, issue)
    ended.set()
    await keeping
    if decision is None:
        await frame.comments.settle()
    else:
        await frame.comments.release(issue.number)
    return decision


async def _keep_current(
    frame: "Orchestration[Any]",
    gate: GateState,
    issue: IssueRef,
    evidence: Evidence,
    ended: asyncio.Event,
) -> None:
    """Show on the issue what was said so far; several answers at once are one edit."""
    shown = _standing(gate)
    while not ended.is_set():
        known = shown
        await workflow.wait_condition(lambda: ended.is_set() or _standing(gate) != known)  # noqa: B023
        shown = _standing(gate)
        if shown != known and frame.gates.state(gate.gate) is not None:
            await frame.outbox.revise("approval", issue, _text(frame, gate, evidence))


def _standing(gate: GateState) -> tuple[object, ...]:
    """What of a gate its issue shows, and may change."""
    return gate.until, gate.escalated, sum(len(one.said) for one in gate.ballots.values())


async def _decided(
    frame: "Orchestration[Any]", gate: GateState, issue: IssueRef | None
) -> GateDecision | None:
    """Wait for the decision; meanwhile remind people, and ask those that it is escalated to."""
    while True:
        news = await frame.gates.news(gate.gate)
        if not isinstance(news, str):
            return news
        if issue is not None:
            values = {
                "gate": gate.gate,
                "news": news,
                "approvers": list(ballot.approvers(gate)),
                "until": f"{gate.until:%Y-%m-%d %H:%M} UTC",
            }
            await frame.outbox.comment(
                "approval", issue.number, Text(template="reminder", values=values)
            )


def _text(
    frame: "Orchestration[Any]", gate: GateState, evidence: Evidence, outcome: str = ""
) -> Text:
    shown = ballot.shown(gate)
    values = {
        "outcome": outcome,
        "what": gate.what,
        "gate": gate.gate,
        "then": gate.then or f"{gate.what} begins",
        "approvers": list(shown.approvers),
        "quorum": shown.quorum,
        "choices": list(gate.approval.choices),
        "comment_required": shown.comment_required,
        "verified": shown.verified,
        "initiator": gate.initiator,
        "items": list(gate.items),
        "silence": shown.silence,
        "answers": [
            {**one.model_dump(mode="json"), "at": f"{one.at:%Y-%m-%d %H:%M} UTC"}
            for one in shown.answers
        ],
        "instructions": gate.approval.instructions,
        "until": f"{gate.until:%Y-%m-%d %H:%M} UTC",
        "evidence": evidence,
        "spec": frame.spec.name,
        "repository": frame.spec.repository,
        "workflow_id": workflow.info().workflow_id,
    }
    return Text(template="approval", values=values)


async def _close(
    frame: "Orchestration[Any]",
    gate: GateState,
    issue: IssueRef,
    decision: GateDecision,
    evidence: Evidence,
) -> None:
    """Tell the outcome: in a comment, which people are notified of, and in the issue, closed."""
    await _tell(frame, gate, issue, decision)
    if not gate.at_once and workflow.patched("comment-answers"):
        told = f"{decision.how} {decision.reason.removeprefix(decision.how).strip()}".strip()
        outcome = _text(frame, gate, evidence, f"{told[:1].upper()}{told[1:]}.")
        if await frame.outbox.revise("approval", issue, outcome, "closed"):
            return
    await frame.outbox.close_issue(issue)


async def _tell(
    frame: "Orchestration[Any]", gate: GateState, issue: IssueRef, decision: GateDecision
) -> None:
    values = {
        "gate": gate.gate,
        "answer": decision.how,
        "approver": decision.approver,
        "comment": decision.comment,
    }
    text = Text(template="decided", values=values)
    await frame.outbox.comment("approval", issue.number, text)
