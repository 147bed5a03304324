"""An approval: the gate, and the issue that asks people."""

from typing import Any

from temporalio import workflow

from contracts.gates import OpenGate
from contracts.outputs import IssueRef, Text
from contracts.specs.pipeline import Approval
from workflows.parts import progress
from workflows.parts.gate import Decision
from workflows.parts.orchestration import Orchestration


async def ask(
    frame: Orchestration[Any], name: str, approval: Approval, evidence: list[dict[str, Any]]
) -> tuple[Decision, IssueRef | None]:
    """Open a gate and its issue, wait, and close both.

    Args:
        frame: the orchestration.
        name: of the gate.
        approval: who may answer, and for how long.
        evidence: rows of what was done so far: stage, worker, status, summary, url.

    Returns:
        The decision, and the issue where one could be written.
    """
    now = workflow.now()
    gate = OpenGate(
        gate=name,
        what=f"Stage {name}",
        approvers=approval.approvers,
        opened_at=now,
        until=now + approval.timeout,
    )
    frame.gates.open(gate)
    progress.wait_for(name)
    issue = await frame.outbox.create_issue(
        "approval", f"Approve {name}: {frame.title}", _text(frame, gate, approval, evidence)
    )
    if issue is not None:
        frame.gates.show_issue(name, issue.url)
    decision = await frame.gates.decided(name)
    progress.wait_for("")
    if issue is not None:
        await _close(frame, name, issue, decision)
    return decision, issue


def _text(
    frame: Orchestration[Any], gate: OpenGate, approval: Approval, evidence: list[dict[str, Any]]
) -> Text:
    values = {
        "what": gate.what,
        "gate": gate.gate,
        "approvers": list(gate.approvers),
        "instructions": approval.instructions,
        "until": f"{gate.until:%Y-%m-%d %H:%M} UTC",
        "evidence": evidence,
        "spec": frame.spec.name,
        "repository": frame.spec.repository,
        "workflow_id": workflow.info().workflow_id,
    }
    return Text(template="approval", values=values)


async def _close(frame: Orchestration[Any], name: str, issue: IssueRef, decision: Decision) -> None:
    values = {
        "gate": name,
        "answer": decision.how,
        "approver": decision.approver,
        "comment": decision.comment,
    }
    text = Text(template="decided", values=values)
    await frame.outbox.comment("approval", issue.number, text)
    await frame.outbox.close_issue(issue)
