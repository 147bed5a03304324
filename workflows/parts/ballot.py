"""The rules of a gate: what counts, what is decided, what silence does. Data in, decision out.

Nothing here knows of Temporal. Answers are collected first and decided about afterwards, so those
of one workflow task commute, and a rejection among them wins whatever came first.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from contracts.gates import Answered, Ballot, GateDecision, GateState, OpenGate
from contracts.specs.gates import NO, YES, Approval, is_login, login

_SILENCE: dict[str, Literal["rejects", "approves", "escalates"]] = {
    "reject": "rejects",
    "approve": "approves",
    "escalate": "escalates",
}
_SECOND = timedelta(seconds=1)
"""GitHub tells times in whole seconds."""


def opened(
    name: str,
    what: str,
    approval: Approval,
    now: datetime,
    *,
    initiator: str = "",
    items: Iterable[str] = (),
) -> GateState:
    """Open a gate."""
    reminders = approval.reminders
    return GateState(
        gate=name,
        what=what,
        approval=approval,
        initiator=initiator,
        items=tuple(items),
        opened_at=now,
        until=now + approval.timeout,
        remind_at=now + reminders.every if reminders else None,
    )


def approvers(gate: GateState) -> tuple[str, ...]:
    """Name who may answer now."""
    approval = gate.approval
    more = approval.escalate.approvers if gate.escalated and approval.escalate else ()
    return (*approval.approvers, *more)


def choices(approval: Approval) -> tuple[str, ...]:
    """Name what may be answered; of two that are agreed on at once, the first one wins."""
    return (NO, *approval.choices, YES)


def only_verified(gate: GateState) -> str:
    """Say why only answers count that GitHub verified; empty where claimed ones count too.

    Temporal names nobody: whoever may send a signal could speak for a whole quorum, and could be
    who started the run.
    """
    approval = gate.approval
    if approval.verified:
        return "the spec says so"
    if approval.quorum > 1:
        return "it takes a quorum"
    if not any(map(is_login, approvers(gate))):
        return "no approver is named by login"
    if not (gate.initiator or approval.allow_self_review or gate.at_once):
        return "nobody knows who started the run"
    return ""


def refusal(gate: GateState, answered: Answered, now: datetime, *, paused: bool = False) -> str:
    """Say why an answer does not count; empty where it does. Changes nothing.

    Args:
        gate: as it stands, `advance`d to now.
        answered: the answer.
        now: when it is counted, which is what the deadline is about.
        paused: whether its time stands still.
    """
    if answered.choice not in choices(gate.approval):
        return f"{answered.choice} is no choice ({', '.join(choices(gate.approval))})"
    untimely = "" if paused else _untimely(gate, answered, now)
    lacks = gate.approval.require_comment and not answered.comment.strip()
    return untimely or _unentitled(gate, answered) or ("a comment is required" if lacks else "")


def _untimely(gate: GateState, answered: Answered, now: datetime) -> str:
    if answered.at + _SECOND <= gate.opened_at:
        return "it came before the gate was opened"
    if max(now, answered.at) >= gate.until:
        return f"it came after the time of {gate.gate} was up"
    return ""


def _unentitled(gate: GateState, answered: Answered) -> str:
    voice = voice_of(gate, answered)
    why = only_verified(gate)
    if why and answered.established != "verified":
        return f"only answers verified by GitHub count, as {why}: comment on the approval issue"
    if voice is None:
        return f"{answered.login} is no approver of {gate.gate}"
    initiator = "" if gate.approval.allow_self_review else login(gate.initiator)
    if initiator and initiator in (login(answered.login), voice):
        return f"{answered.login} started it: nobody reviews what is their own"
    return ""


def voice_of(gate: GateState, answered: Answered) -> str | None:
    """Tell whose vote an answer is: an approver's own, or that of whom a delegate speaks for."""
    who, known = login(answered.login), {login(one) for one in approvers(gate)}
    if is_login(who) and who in known:
        return who
    for person, delegates in gate.approval.delegates.items():
        if login(person) in known and who in map(login, delegates):
            return login(person)
    if answered.established == "verified":
        as_group = (one for one in answered.satisfies if not is_login(one))
        if any(login(one) in known for one in as_group):
            return who
    return None


def record(gate: GateState, answered: Answered) -> bool:
    """Keep an answer that counts; False where the same voice has said the same before.

    Nothing is taken back: a voice that has rejected stays a rejection, and one that has named two
    choices supports neither. So the order of answers does not matter.
    """
    voice = voice_of(gate, answered)
    if voice is None:
        return False
    ballot = gate.ballots.setdefault(voice, Ballot())
    if any(one.choice == answered.choice for one in ballot.said):
        return False
    ballot.said.append(answered)
    return True


def outcome(gate: GateState) -> GateDecision | None:
    """Decide by what has been said so far; None while that is not enough."""
    approval = gate.approval
    against = [voice for voice in sorted(gate.ballots) if _rejects(gate.ballots[voice])]
    if against and (approval.any_reject_rejects or len(against) >= approval.quorum):
        return _decision("rejected", gate, against, NO)
    for choice in choices(approval)[1:]:
        agreed = [voice for voice in sorted(gate.ballots) if _says(gate.ballots[voice], choice)]
        if len(agreed) >= approval.quorum:
            return _decision("approved", gate, agreed, choice)
    return None


def advance(gate: GateState, now: datetime) -> GateDecision | Literal["escalated"] | None:
    """Let time pass: None while nothing is due. Call it again after an escalation."""
    if now < gate.until:
        return None
    approval = gate.approval
    if approval.escalate is not None and not gate.escalated:
        gate.escalated = True
        gate.until += approval.escalate.timeout
        return "escalated"
    objections = any(map(_rejects, gate.ballots.values()))
    if approval.timeout_action == "approve" and not objections:
        return GateDecision(how="approved", choice=YES)
    return GateDecision(how="timed-out")


def remind(gate: GateState, now: datetime) -> bool:
    """Whether a reminder is due; it is counted then, and the next one planned."""
    reminders = gate.approval.reminders
    if reminders is None or gate.remind_at is None or now < gate.remind_at:
        return False
    gate.reminded += 1
    gate.remind_at = now + reminders.every if gate.reminded < reminders.max else None
    return True


def next_time(gate: GateState) -> datetime:
    """Say when something is due next."""
    return min(gate.until, gate.remind_at or gate.until)


def delay(gate: GateState, lasted: timedelta) -> None:
    """Move its times by as long as a pause was."""
    gate.until += lasted
    if gate.remind_at is not None:
        gate.remind_at += lasted


def shown(gate: GateState) -> OpenGate:
    """Show a gate to people."""
    approval = gate.approval
    silence = "reject" if gate.escalated else approval.timeout_action
    return OpenGate(
        gate=gate.gate,
        what=gate.what,
        approvers=approvers(gate),
        opened_at=gate.opened_at,
        until=gate.until,
        silence=_SILENCE[silence],
        issue_number=gate.issue_number,
        issue_url=gate.issue_url,
        quorum=approval.quorum,
        choices=(YES, NO, *approval.choices),
        verified=bool(only_verified(gate)),
        comment_required=approval.require_comment,
        initiator=gate.initiator,
        items=gate.items,
        answers=tuple(one for ballot in gate.ballots.values() for one in ballot.said),
        escalated=gate.escalated,
        reminded=gate.reminded,
        refused=gate.refused,
    )


def _rejects(ballot: Ballot) -> bool:
    return any(one.choice == NO for one in ballot.said)


def _says(ballot: Ballot, choice: str) -> bool:
    return [one.choice for one in ballot.said] == [choice]


def _decision(
    how: Literal["approved", "rejected"], gate: GateState, voices: list[str], choice: str
) -> GateDecision:
    said = [
        (voice, next(one for one in gate.ballots[voice].said if one.choice == choice))
        for voice in voices
    ]
    names = [
        one.login if login(one.login) == voice else f"{one.login} for {voice}"
        for voice, one in said
    ]
    verified = all(one.established == "verified" for _, one in said)
    return GateDecision(
        how=how,
        choice=choice if how == "approved" else "",
        approver=", ".join(names),
        established="verified" if verified else "claimed",
        comment=next((one.comment for _, one in said if one.comment), ""),
    )
