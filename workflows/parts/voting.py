"""Voting: the same item to several runs of a worker; equal answers decide what becomes of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.base import clip
from contracts.fleet import Entry
from contracts.runs import OutcomeStatus, WorkerOutcome
from contracts.specs.orchestrator_worker import Voting
from contracts.voting import Ballot, VotingState
from workflows.parts.items import Source
from workflows.parts.journal import Journal
from workflows.parts.tally import Tally

_ANSWERS = frozenset({OutcomeStatus.SUCCESS, OutcomeStatus.PARTIAL})
_CUT_SHORT = frozenset({OutcomeStatus.CANCELLED, OutcomeStatus.NOT_DISPATCHED})
_MAX_ANSWER, _MAX_SHOWN = 150, 60


class VotedSource:
    """Has each item of a source done several times, each time as another part."""

    def __init__(self, source: Source, votes: int) -> None:
        self._source, self._votes = source, votes

    @property
    def more(self) -> bool:
        """Whether another item may be there."""
        return self._source.more

    @property
    def waiting(self) -> int:
        """Items that are known and not taken."""
        return self._source.waiting

    @property
    def items(self) -> int:
        """Items taken so far; each has all its votes."""
        return self._source.items

    async def next(self) -> Sequence[Entry]:
        """Take all votes on the next item."""
        return self._voted(await self._source.next())

    def known(self) -> Sequence[Entry]:
        """Take all votes on all items that are known."""
        return self._voted(self._source.known())

    def _voted(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        numbers = range(1, self._votes + 1)
        return [e.model_copy(update={"part": f"vote {n}"}) for e in entries for n in numbers]


class Votes:
    """Tells the outcome of an item once: when enough votes agree, or when all are in."""

    def __init__(
        self, spec: Voting, tally: Tally, journal: Journal, carried: Mapping[str, Any]
    ) -> None:
        """Make it.

        Args:
            spec: how many votes there are, and how many decide.
            tally: counts items.
            journal: where each decision is told.
            carried: what `carry` gave in the chain's last run, or nothing.
        """
        self._spec, self._tally, self._journal = spec, tally, journal
        self._state = VotingState.model_validate(carried)

    def carry(self) -> dict[str, Any]:
        """Give the state as plain data."""
        return self._state.model_dump(mode="json")

    def taken(self, items: int) -> None:
        """Count the items that were taken from the source."""
        self._tally.taken(items)

    def dispatched(self) -> None:
        """Count a vote's dispatch."""
        self._tally.dispatched()

    def retried(self) -> None:
        """Count another attempt at a vote."""
        self._tally.retried()

    def add(self, sequence: int, outcome: WorkerOutcome, run_seconds: float | None) -> None:
        """Take one vote in; a vote on an item that is decided changes nothing."""
        key = outcome.key
        ballot = self._state.ballots.setdefault(key, Ballot(out=self._spec.votes))
        ballot.out -= 1
        answer = self._answer(outcome)
        if answer is None:
            status = outcome.status.value
            ballot.silent[status] = ballot.silent.get(status, 0) + 1
        else:
            ballot.answers[answer] = ballot.answers.get(answer, 0) + 1
        agreed = answer is not None and ballot.answers[answer] >= self._spec.quorum
        if ballot.decided or not (agreed or ballot.out == 0):
            self._tally.ran(run_seconds)
        else:
            ballot.decided = True
            final = outcome if agreed else _undecided(ballot, outcome)
            self._journal.decide("voted", key, _told(ballot, agreed=agreed))
            self._tally.add(sequence, final, run_seconds)
        if ballot.out == 0:
            del self._state.ballots[key]

    def _answer(self, outcome: WorkerOutcome) -> str | None:
        """Spell what a vote says, the same for equal values; None where it says nothing."""
        value: Any = outcome.outputs
        for step in self._spec.on.split(".")[1:]:
            if not isinstance(value, dict) or step not in value:
                return None
            value = value[step]
        if outcome.status not in _ANSWERS or value is None:
            return None
        text = json.dumps(_normal(value), ensure_ascii=False, sort_keys=True)
        if len(text) <= _MAX_ANSWER:
            return text
        digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
        return f"{clip(text, _MAX_ANSWER)} ({digest})"


def _normal(value: Any) -> Any:
    """Make equal numbers spell the same: 1.0 is 1."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _normal(one) for key, one in value.items()}
    return [_normal(one) for one in value] if isinstance(value, list) else value


def _undecided(ballot: Ballot, last: WorkerOutcome) -> WorkerOutcome:
    """Say what becomes of an item whose votes are all in, and not enough of them agree."""
    if not ballot.answers and len(ballot.silent) == 1:
        return last  # all failed, were skipped, or were stopped, in one and the same way
    cut_short = any(status.value in ballot.silent for status in sorted(_CUT_SHORT))
    status = OutcomeStatus.CANCELLED if cut_short else OutcomeStatus.FAILURE
    reason = f"votes disagree: {_counts(ballot)}"
    if last.reason:
        reason += f" (last: {last.reason})"
    return last.model_copy(update={"status": status, "reason": clip(reason), "outputs": {}})


def _told(ballot: Ballot, *, agreed: bool) -> str:
    out = f", {ballot.out} still out" if ballot.out else ""
    return f"{'agreed' if agreed else 'not agreed'}: {_counts(ballot)}{out}"


def _counts(ballot: Ballot) -> str:
    """Spell the counts, the most frequent answer first."""
    answers = sorted(ballot.answers.items(), key=lambda one: (-one[1], one[0]))
    said = [f"{clip(answer, _MAX_SHOWN)} {count}" for answer, count in answers]
    said += [f"no answer ({status}) {count}" for status, count in sorted(ballot.silent.items())]
    return ", ".join(said)
