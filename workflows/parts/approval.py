"""An approval: the gate, and the issue that asks people."""

from collections.abc import Iterable
from typing import Any

from temporalio import workflow

from contracts.events import sender_of
from contracts.gates import GateDecision, GateState
from contracts.outputs import IssueRef, Text
from contracts.specs.gates import Approval
from workflows.parts import ballot, progress
from workflows.parts.orchestration import Orchestration


async def ask(
    frame: Orchestration[Any],
    name: str,
    approval: Approval,
    evidence: list[dict[str, Any]],
    *,
    what: str = "",
    items: Iterable[str] = (),
) -> tuple[GateDecision | None, IssueRef | None]:
    """Open a gate and its issue, wait, and close both; go on where the chain's last run was.

    Args:
        frame: the orchestration.
        name: of the gate; one that is open already is waited for.
        approval: who may answer, and for how long.
        evidence: rows of what was done so far: stage, worker, status, summary, url.
        what: is asked about; the stage of that name where left out.
        items: keys of the items that it is for, where it is for a group.

    Returns:
        The decision, or None when it is time to continue as new; and the issue where one could be
        written.
    """
    gate = frame.gates.state(name)
    if gate is None:
        gate = ballot.opened(
            name,
            what or f"Stage {name}",
            approval,
            workflow.now(),
            initiator=sender_of(frame.context["event"]),
            items=items,
        )
        frame.gates.open(gate)
        progress.wait_for(name)
        made = await frame.outbox.create_issue(
            "approval", f"Approve {name}: {frame.title}", _text(frame, gate, evidence)
        )
        if made is not None:
            gate.issue_number, gate.issue_url = made.number, made.url
    issue = IssueRef(number=gate.issue_number, url=gate.issue_url) if gate.issue_number else None
    decision = await _decided(frame, gate, issue)
    if decision is None:
        return None, issue
    progress.wait_for("")
    if issue is not None:
        await _close(frame, name, issue, decision)
    return decision, issue


async def _decided(
    frame: Orchestration[Any], gate: GateState, issue: IssueRef | None
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


def _text(frame: Orchestration[Any], gate: GateState, evidence: list[dict[str, Any]]) -> Text:
    values = {
        "what": gate.what,
        "gate": gate.gate,
        "approvers": list(gate.approval.approvers),
        "instructions": gate.approval.instructions,
        "until": f"{gate.until:%Y-%m-%d %H:%M} UTC",
        "evidence": evidence,
        "spec": frame.spec.name,
        "repository": frame.spec.repository,
        "workflow_id": workflow.info().workflow_id,
    }
    return Text(template="approval", values=values)


async def _close(
    frame: Orchestration[Any], name: str, issue: IssueRef, decision: GateDecision
) -> None:
    values = {
        "gate": name,
        "answer": decision.how,
        "approver": decision.approver,
        "comment": decision.comment,
    }
    text = Text(template="decided", values=values)
    await frame.outbox.comment("approval", issue.number, text)
    await frame.outbox.close_issue(issue)
