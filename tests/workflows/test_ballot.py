"""The rules of a gate, without Temporal: a table of outcomes, and random sequences."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.gates import Answered, GateDecision, GateState
from contracts.specs.gates import Approval
from workflows.parts import ballot

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
PEOPLE = ["ann", "bob", "cid"]


def approval(**changes: Any) -> Approval:
    return Approval.model_validate({"approvers": PEOPLE, "timeout": "24h"} | changes)


def said(who: str, choice: str = "approve", hour: float = 1, **more: Any) -> Answered:
    return Answered(
        choice=choice, login=who, at=START + hour * HOUR, **{"established": "verified"} | more
    )


class Poll:
    """Drives a gate as the workflow does: time passes, then answers are counted, then it is decided."""

    def __init__(self, spec: Approval, initiator: str = "") -> None:
        self.gate = ballot.opened(
            "production", "Stage production", spec, START, initiator=initiator
        )
        self.closed: GateDecision | None = None
        self.refused: list[str] = []

    def task(self, hour: float, *answers: Answered) -> None:
        """One workflow task: all its answers are counted before anything is decided."""
        now = START + hour * HOUR
        for answer in answers:
            self.silence(now)
            if self.closed is not None:
                self.refused.append("closed")
            elif reason := ballot.refusal(self.gate, answer, now):
                self.refused.append(reason)
            else:
                ballot.record(self.gate, answer)
        self.closed = self.closed or ballot.outcome(self.gate)
        self.silence(now)
        self.gate = GateState.model_validate(
            self.gate.model_dump(mode="json", exclude_defaults=True)
        )

    def silence(self, now: datetime) -> None:
        while self.closed is None and (due := ballot.advance(self.gate, now)):
            self.closed = due if due != "escalated" else None


def poll(
    spec: Approval, answers: tuple[Answered, ...], initiator: str = "", end: float = 0
) -> Poll:
    """Count answers, those of one hour in one workflow task; then let time pass until `end`."""
    found = Poll(spec, initiator)
    for at, group in itertools.groupby(answers, key=lambda one: one.at):
        found.task((at - START) / HOUR, *group)
    if end:
        found.task(end)
    return found


CLAIMED: dict[str, Any] = {"established": "claimed"}
TWO = {"quorum": 2}
SOME = {"any-reject-rejects": False}
ESCALATES = {"timeout-action": "escalate", "escalate": {"approvers": ["dan"], "timeout": "4h"}}
IN_TEAM: dict[str, Any] = {"satisfies": ("octo/release",)}

TABLE: list[tuple[str, dict[str, Any], tuple[Answered, ...], str, float, str | None, str]] = [
    # what, spec, answers, initiator, until hour, decided, part of a refusal
    ("approved", {}, (said("ann"),), "", 0, "approved", ""),
    ("approved by claim", {}, (said("ann", **CLAIMED),), "zoe", 0, "approved", ""),
    ("case and @", {"approvers": ["@Ann"]}, (said("aNN", **CLAIMED),), "zoe", 0, "approved", ""),
    ("rejected", {}, (said("ann", "reject"),), "", 0, "rejected", ""),
    ("both in one task", {}, (said("ann"), said("bob", "reject")), "", 0, "rejected", ""),
    ("reject after close", {}, (said("ann"), said("bob", "reject", 2)), "", 0, "approved", "closed"),
    ("wrong approver", {}, (said("eve"),), "", 0, None, "eve is no approver"),
    ("too early", {}, (said("ann", hour=-1),), "", 0, None, "before the gate was opened"),
    ("at the deadline", {}, (said("ann", hour=24),), "", 0, "timed-out", "closed"),
    ("silence", {}, (), "", 24, "timed-out", ""),
    ("silence is not over", {}, (), "", 23.9, None, ""),
    ("quorum not reached", TWO, (said("ann"),), "", 0, None, ""),
    ("quorum, then silence", TWO, (said("ann"),), "", 24, "timed-out", ""),
    ("quorum reached", TWO, (said("ann"), said("bob", hour=2)), "", 0, "approved", ""),
    ("duplicate counts once", TWO, (said("ann"), said("ANN", hour=2)), "", 0, None, ""),
    ("quorum of claims", TWO, (said("ann", **CLAIMED), said("bob", **CLAIMED)), "", 0, None, "verified by GitHub"),
    ("any reject rejects", TWO, (said("ann"), said("bob", "reject", 2)), "", 0, "rejected", ""),
    ("one reject of two", TWO | SOME, (said("bob", "reject"), said("ann", hour=2), said("cid", hour=3)), "", 0, "approved", ""),
    ("two rejects of two", TWO | SOME, (said("bob", "reject"), said("ann", "reject", 2)), "", 0, "rejected", ""),
    ("contradiction", TWO | SOME, (said("ann", "reject"), said("ann", hour=2), said("bob", hour=3)), "", 0, None, ""),
    ("contradiction rejects", TWO, (said("ann"), said("ann", "reject", 2)), "", 0, "rejected", ""),
    ("self-review", {}, (said("ann"),), "Ann", 0, None, "nobody reviews what is their own"),
    ("self-review allowed", {"allow-self-review": True}, (said("ann"),), "ann", 0, "approved", ""),
    ("initiator unknown, claimed", {}, (said("ann", **CLAIMED),), "", 0, None, "verified by GitHub"),
    ("initiator unknown, verified", {}, (said("ann"),), "", 0, "approved", ""),
    ("initiator unknown, allowed", {"allow-self-review": True}, (said("ann", **CLAIMED),), "", 0, "approved", ""),
    ("verified demanded", {"verified": True}, (said("ann", **CLAIMED),), "", 0, None, "verified by GitHub"),
    ("verified given", {"verified": True}, (said("ann"),), "", 0, "approved", ""),
    ("comment required", {"require-comment": True}, (said("ann", comment=" "),), "", 0, None, "a comment is required"),
    ("comment given", {"require-comment": True}, (said("ann", comment="ok"),), "", 0, "approved", ""),
    ("team", {"approvers": ["octo/release"]}, (said("eve", **IN_TEAM),), "", 0, "approved", ""),
    ("team by claim", {"approvers": ["octo/release", "ann"]}, (said("eve", **CLAIMED, **IN_TEAM),), "zoe", 0, None, "no approver"),
    ("only teams, claimed", {"approvers": ["octo/release"]}, (said("ann", **CLAIMED),), "", 0, None, "verified by GitHub"),
    ("another team", {"approvers": ["octo/legal"]}, (said("eve", **IN_TEAM),), "", 0, None, "no approver"),
    ("role", {"approvers": ["role:maintain"]}, (said("eve", satisfies=("role:maintain",)),), "", 0, "approved", ""),
    ("login like a team", {"approvers": ["octo/release"]}, (said("octo/release"),), "", 0, None, "no approver"),
    ("unknown choice", {}, (said("ann", "later"),), "", 0, None, "later is no choice"),
    ("a choice", {"choices": ["canary"]}, (said("ann", "canary"),), "", 0, "approved", ""),
    ("choices split", TWO | {"choices": ["canary"]}, (said("ann", "canary"), said("bob")), "", 0, None, ""),
    ("two choices of one", {"choices": ["canary"]}, (said("ann", "canary"), said("ann")), "", 0, None, ""),
    ("delegate", {"delegates": {"ann": ["dee"]}}, (said("dee"),), "", 0, "approved", ""),
    ("one vote together", TWO | {"delegates": {"ann": ["dee"]}}, (said("dee"), said("ann", hour=2)), "", 0, None, ""),
    ("delegate of the initiator", {"delegates": {"ann": ["dee"]}}, (said("dee"),), "ann", 0, None, "their own"),
    ("initiator as a delegate", {"delegates": {"ann": ["dee"]}}, (said("Dee"),), "dee", 0, None, "their own"),
    ("silence approves", {"timeout-action": "approve"}, (), "", 24, "approved", ""),
    ("silence with an objection", {"timeout-action": "approve", "any-reject-rejects": False, "quorum": 1}, (said("ann", "reject"),), "", 24, "rejected", ""),
    ("not yet escalated", ESCALATES, (said("dan"),), "", 0, None, "dan is no approver"),
    ("escalated", ESCALATES, (said("dan", hour=25),), "", 0, "approved", ""),
    ("first ones still may", ESCALATES, (said("ann", hour=25),), "", 0, "approved", ""),
    ("escalated at the deadline itself", ESCALATES, (said("dan", hour=24),), "", 0, "approved", ""),
    ("silence after escalation", ESCALATES, (), "", 28, "timed-out", ""),
    ("silence for very long", ESCALATES, (), "", 999, "timed-out", ""),
    ("escalation is not over", ESCALATES, (), "", 27.9, None, ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "answers", "initiator", "end", "decided", "refusal"),
    [row[1:] for row in TABLE],
    ids=[row[0] for row in TABLE],
)
def test_every_gate_has_its_decided_outcome(
    changes: dict[str, Any],
    answers: tuple[Answered, ...],
    initiator: str,
    end: float,
    decided: str | None,
    refusal: str,
) -> None:
    found = poll(approval(**changes), answers, initiator, end)

    assert (found.closed.how if found.closed else None) == decided
    assert bool(found.refused) == bool(refusal)
    assert all(refusal in one for one in found.refused)


def test_the_deadline_is_no_part_of_the_time() -> None:
    gate = ballot.opened("g", "g", approval(), START)
    just_before, at = said("ann", hour=23.99), said("ann", hour=24)

    assert ballot.refusal(gate, just_before, START + 23.99 * HOUR) == ""
    assert "time of g was up" in ballot.refusal(gate, just_before, gate.until)
    assert "time of g was up" in ballot.refusal(gate, at, START + 23.99 * HOUR)
    assert ballot.refusal(gate, at, gate.until, paused=True) == ""


def test_a_decision_says_who_and_how_that_is_known() -> None:
    spec = approval(quorum=2, delegates={"ann": ["dee"]})

    found = poll(spec, (said("Dee", comment="fine"), said("bob", hour=2))).closed

    assert found == GateDecision(
        how="approved", choice="approve", approver="Dee for ann, bob", established="verified", comment="fine"
    )  # fmt: skip


def test_a_reminder_comes_so_often_and_no_more() -> None:
    spec = approval(timeout="30d", reminders={"every": "2d", "max": 3})
    gate = ballot.opened("g", "g", spec, START)

    days = [day for day in range(31) if ballot.remind(gate, START + timedelta(days=day))]

    assert days == [2, 4, 6]
    assert ballot.next_time(gate) == gate.until


def test_a_pause_moves_every_time() -> None:
    gate = ballot.opened("g", "g", approval(reminders={"every": "2h"}), START)
    ballot.delay(gate, 3 * HOUR)

    assert gate.until == START + 27 * HOUR
    assert ballot.next_time(gate) == START + 5 * HOUR


@pytest.mark.parametrize(
    ("changes", "said_"),
    [
        ({"approvers": ["role:owner"]}, "no role"),
        ({"approvers": ["a b"]}, "neither a login"),
        ({"quorum": 4}, "4 of 3 approvers"),
        ({"choices": ["approve"]}, "may always be answered"),
        ({"choices": ["a", "a"]}, "each one once"),
        ({"timeout-action": "escalate"}, "give both or neither"),
        ({"escalate": {"approvers": ["dan"]}}, "give both or neither"),
        ({"timeout-action": "approve", "quorum": 2}, "without anybody"),
        ({"timeout-action": "approve", "verified": True}, "without anybody"),
        ({"delegates": {"eve": ["dee"]}}, "no approver by login"),
        ({"delegates": {"ann": ["bob"]}}, "more than one vote"),
        ({"delegates": {"ann": ["dee"], "bob": ["Dee"]}}, "more than one vote"),
        ({"delegates": {"ann": ["octo/x"]}}, "no login"),
    ],
)
def test_a_spec_that_says_two_things_is_refused(changes: dict[str, Any], said_: str) -> None:
    with pytest.raises(ValidationError, match=said_):
        approval(**changes)


ANSWERS = st.builds(
    said,
    st.sampled_from(["ann", "bob", "cid", "dan", "eve", "ANN"]),
    st.sampled_from(["approve", "reject", "canary", "nothing"]),
    st.just(1.0),
    established=st.sampled_from(["claimed", "verified"]),
)
SPECS = st.builds(
    lambda quorum, any_reject, verified, own, escalates: approval(
        quorum=quorum,
        **{"any-reject-rejects": any_reject, "verified": verified, "allow-self-review": own},
        choices=["canary"],
        **(ESCALATES if escalates else {}),
    ),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
INITIATORS = st.sampled_from(["", "bob"])


class Plain:
    """An independent gate: sets of people, and no code in common."""

    def __init__(self, spec: Approval, initiator: str) -> None:
        self.spec, self.initiator = spec, initiator
        self.words: dict[str, set[str]] = {}
        self.how: str | None = None
        self.ends = 24 * 1.0

    def task(self, hour: float, answers: list[Answered]) -> None:
        self.clock(hour)
        if self.how is None:
            for one in answers:
                self.hear(one)
            self.judge()

    def clock(self, hour: float) -> None:
        if self.how is None and hour >= 24 and self.spec.escalate:
            self.ends = 28
        if self.how is None and hour >= self.ends:
            self.how = "timed-out"

    def hear(self, one: Answered) -> None:
        who = one.login.lower()
        strict = self.spec.verified or self.spec.quorum > 1
        strict = strict or not (self.spec.allow_self_review or self.initiator)
        allowed = {"ann", "bob", "cid"} | ({"dan"} if self.ends == 28 else set())
        if not self.spec.allow_self_review:
            allowed -= {self.initiator}
        if who not in allowed or (strict and one.established == "claimed"):
            return
        if one.choice in ("approve", "reject", "canary"):
            self.words.setdefault(who, set()).add(one.choice)

    def judge(self) -> None:
        against = sum("reject" in words for words in self.words.values())
        votes = list(self.words.values())
        if against >= (1 if self.spec.any_reject_rejects else self.spec.quorum):
            self.how = "rejected"
        elif max(votes.count({"approve"}), votes.count({"canary"})) >= self.spec.quorum:
            self.how = "approved"


@settings(max_examples=200)
@given(
    SPECS,
    INITIATORS,
    st.lists(st.tuples(st.floats(0, 30, width=16), st.lists(ANSWERS, max_size=4)), max_size=6),
)
def test_random_sequences_agree_with_a_plain_model(
    spec: Approval, initiator: str, tasks: list[tuple[float, list[Answered]]]
) -> None:
    real, plain = Poll(spec, initiator), Plain(spec, initiator)
    for hour, answers in sorted(tasks, key=lambda one: one[0]):
        at = [one.model_copy(update={"at": START + hour * HOUR}) for one in answers]
        real.task(hour, *at)
        plain.task(hour, at)

        assert (real.closed.how if real.closed else None) == plain.how


@settings(max_examples=100)
@given(SPECS, INITIATORS, st.lists(ANSWERS, max_size=6), st.randoms(use_true_random=False))
def test_answers_of_one_task_commute(
    spec: Approval, initiator: str, answers: list[Answered], random: Any
) -> None:
    shuffled = random.sample(answers, len(answers))
    one, other = Poll(spec, initiator), Poll(spec, initiator)
    one.task(1, *answers)
    other.task(1, *shuffled)

    assert _essence(one.closed) == _essence(other.closed)
    rejects = any(b.said for b in one.gate.ballots.values() if _has(b.said, "reject"))
    if rejects and spec.any_reject_rejects:
        assert one.closed is not None
        assert one.closed.how == "rejected"


def _has(said_: list[Answered], choice: Literal["reject"]) -> bool:
    return any(one.choice == choice for one in said_)


def _essence(decision: GateDecision | None) -> tuple[str, str, str] | None:
    """All but whose spelling and comment came first."""
    return (decision.how, decision.choice, decision.approver.lower()) if decision else None
