"""A router's desk: each decision is journaled, counted, handed out, and told in a comment."""

import asyncio
from collections.abc import Callable, Iterable

from temporalio import workflow

from contracts.base import clip
from contracts.fleet import Entry
from contracts.outputs import Text
from contracts.routing import Decided, Doubt, RouteComment, RouterState, decision_id
from contracts.runs import Item, OutcomeStatus, WorkerOutcome
from contracts.specs.router import RouterSpec
from workflows.parts.orchestration import Orchestration

_COUNTED = "route"
_NOWHERE = "(none)"
_OUTPUT = "create-comment"


class Desk:
    """What happens with decisions, for as long as their entries are out."""

    def __init__(
        self,
        frame: Orchestration[RouterSpec],
        state: RouterState,
        stopping: Callable[[], str],
    ) -> None:
        """Make it.

        Args:
            frame: the orchestration.
            state: what is carried.
            stopping: why the work stops; nothing while it does not.
        """
        self.state = state
        self._frame, self._stopping = frame, stopping
        self._out = {entry.sequence: entry for entry in frame.state.fleet.entries}
        self._fresh: list[Entry] = []
        self._closing = self._parking = False
        spec = frame.spec
        self._on_github = spec.for_each is None or spec.for_each.source in (
            "open-issues",
            "open-pull-requests",
        )

    @property
    def stopping(self) -> str:
        """Why the work stops; nothing while it does not."""
        return self._stopping() or self._frame.stopping

    def decide(self, decided: Decided) -> None:
        """Put a decision down: it is carried out later, or now where nothing is to be done."""
        key, journal = decided.item.key, self._frame.journal
        counts = self._frame.tally.state.counts.setdefault(_COUNTED, {})
        for route, reason in decided.routes.items():
            journal.decide("routed", key, f"{route}: {reason}")
        for route in decided.routes or [_NOWHERE]:
            counts[route] = counts.get(route, 0) + 1
        if not decided.routes:
            journal.decide("not-routed", key, decided.reason)
            self._end(decided.item, OutcomeStatus.SKIPPED, decided.reason)
            return
        self._label(decided)
        self.state.extra += len(decided.routes) - 1
        self.state.decided.append(decided)
        self._tell(decided)

    def doubt(self, doubt: Doubt) -> None:
        """Keep an item for people, who are asked about it."""
        said = f"{doubt.route}: {doubt.reason}; people are asked"
        self._frame.journal.decide("unsure", doubt.item.key, said)
        self.state.unsure.append(doubt)

    def asks(self, key: str) -> bool:
        """Whether people are asked about what a classifier is not sure of."""
        classifier = self._frame.spec.classifier
        if classifier is None or classifier.approval is None:
            return False
        return not self._frame.outbox.staging.skips(key)

    def leave(self, item: Item) -> None:
        """Give an item its outcome that a stop found undecided."""
        self._end(item, OutcomeStatus.NOT_DISPATCHED, self.stopping)

    def handed_out(self, entries: Iterable[Entry]) -> None:
        """Remember entries until they come back."""
        self._fresh += entries

    def numbered(self) -> None:
        """Know entries by the numbers that the fleet has given them."""
        self._out |= {entry.sequence: entry for entry in self._fresh}
        self._fresh = []

    def has_out(self, worker: str) -> bool:
        """Whether an entry of a worker is out."""
        return any(entry.worker == worker for entry in (*self._out.values(), *self._fresh))

    def back(self, sequence: int) -> Entry:
        """Take an entry back that has its outcome."""
        return self._out.pop(sequence)

    async def write_comments(self) -> None:
        """Write comments one by one, beside the work, until `finish`."""
        waiting = self.state.comments
        while True:
            await workflow.wait_condition(lambda: self._closing or bool(waiting))
            self._leave_out_if_stopped()
            if self._parking or not waiting:
                return
            if not await self._frame.consent.settled():
                return
            if not waiting or self.stopping:
                continue
            comment = waiting.pop(0)
            values = {
                "routes": comment.routes,
                "reason": comment.reason,
                "spec": self._frame.spec.name,
            }
            text = Text(template="route", values=values)
            spec, number = self._frame.spec, comment.number
            says = decision_id(spec.repository, number, spec.name, comment.routes)
            await self._frame.outbox.comment("route", number, text, says)

    async def finish(self, writing: "asyncio.Task[None]", *, parking: bool) -> bool:
        """Have the comments written; those that wait are carried on where the work is.

        Returns:
            Whether none waits: for people, whom it may take another run of the chain to hear.
        """
        self._parking = parking
        self._closing = True
        await writing
        if not parking:  # people were asked, and a stop came before they were heard
            self._leave_out_if_stopped()
        return not self.state.comments

    def _leave_out_if_stopped(self) -> None:
        waiting = self.state.comments
        if self.stopping and waiting:
            self._frame.journal.decide("comments-left-out", reason=f"{len(waiting)}")
            waiting.clear()

    def _tell(self, decided: Decided) -> None:
        leave = self._frame.spec.safe_outputs.create_comment
        number = decided.item.fields.get("number")
        if leave is None or not self._on_github or not isinstance(number, int):
            return
        used = self._frame.state.outputs.get(_OUTPUT, 0) + len(self.state.comments)
        if used < leave.max:
            reason = clip("; ".join(dict.fromkeys(decided.routes.values())))
            self.state.comments.append(
                RouteComment(number=number, routes=list(decided.routes), reason=reason)
            )
        elif not self.state.unwritten:
            self.state.unwritten = True
            reason = f"route: over max {leave.max}, from {decided.item.key} on"
            self._frame.journal.decide("output-refused", _OUTPUT, reason)

    def _label(self, decided: Decided) -> None:
        """Have the item labelled as its routes say."""
        number, routes = decided.item.fields.get("number"), self._frame.spec.routes
        labels = (one for route in decided.routes for one in routes[route].labels)
        if self._on_github and isinstance(number, int):
            self._frame.asked.label(number, tuple(dict.fromkeys(labels)))

    def _end(self, item: Item, status: OutcomeStatus, reason: str) -> None:
        """Give an item an outcome without a run."""
        outcome = WorkerOutcome(
            key=item.key,
            title=clip(item.title, 256),
            url=item.url,
            worker="",
            status=status,
            reason=reason,
        )
        self._frame.tally.add(self._frame.state.fleet.taken, outcome, None)
