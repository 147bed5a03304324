"""Routing: items, by rules or by a classifying worker's verdict, to the workers they are for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from temporalio import workflow

from activities.routing import RouteActivities
from contracts.fleet import Entry
from contracts.routing import (
    MAX_ITEMS,
    Decided,
    Doubt,
    Matches,
    RouteItems,
    Rule,
)
from contracts.runs import GOOD, Item, OutcomeStatus, WorkerOutcome
from contracts.specs.router import Classifier, RouterSpec
from workflows import policies
from workflows.parts.desk import Desk
from workflows.parts.items import ItemSource
from workflows.parts.tally import Tally

MAX_UNSURE = 300
"""Items that wait for people before no more are classified: all of them are carried."""
CLASSIFIER = ""
"""The classifying worker's name in the crew; no route has it."""
_ANSWERED = frozenset({OutcomeStatus.SUCCESS, OutcomeStatus.PARTIAL})


class RoutedSource:
    """Yields an entry per item and route; what is not decided is decided, or classified, first."""

    def __init__(
        self, items: ItemSource, spec: RouterSpec, event: dict[str, Any], desk: Desk
    ) -> None:
        self._items, self._spec, self._event, self._desk = items, spec, event, desk
        self._state = desk.state

    @property
    def more(self) -> bool:
        """Whether another item may be there, or a decided one."""
        state = self._state
        if state.decided or state.undecided:
            return True
        return self._items.more and len(state.unsure) + len(state.asked) < MAX_UNSURE

    @property
    def classifying(self) -> bool:
        """Whether a classifier's verdict is still to come."""
        return self._items.more or self._desk.has_out(CLASSIFIER)

    @property
    def waiting(self) -> int:
        """Items that are known and not on their way."""
        state = self._state
        unsure = len(state.unsure) + len(state.asked)
        return self._items.waiting + len(state.undecided) + len(state.decided) + unsure

    @property
    def items(self) -> int:
        """Items taken so far; one that goes to several routes counts for each."""
        return self._items.items + self._state.extra

    async def next(self) -> Sequence[Entry]:
        """Take the entries of the next item that is decided; else see to it that one will be."""
        if not self._state.decided:
            if self._spec.classifier is not None:
                return self._unclassified([item for item in (await self._items.take(),) if item])
            await self._ask_rules()
        return self._decided(self._state.decided[:1])

    def known(self) -> Sequence[Entry]:
        """Take all that is known without reading more: it was stopped."""
        entries = self._decided(list(self._state.decided))
        known = list(self._items.take_known())
        doubts = [*self._state.asked, *self._state.unsure]
        self._state.asked, self._state.unsure = [], []
        for doubt in doubts:
            self._desk.leave(doubt.item)
        if self._spec.classifier is not None:
            return [*entries, *self._unclassified(known)]
        undecided, self._state.undecided = [*self._state.undecided, *known], []
        for item in undecided:
            self._desk.leave(item)
        return entries

    async def _ask_rules(self) -> None:
        """Decide about the next items at once, as many as are known, one at least."""
        state = self._state
        if not state.undecided:
            first = await self._items.take()
            state.undecided = [] if first is None else [first]
            for item in self._items.take_known():
                state.undecided.append(item)
                if len(state.undecided) == MAX_ITEMS:
                    break
        if not state.undecided:
            return
        ask = question(self._spec, state.undecided, self._event)
        what = self._spec.for_each.source if self._spec.for_each else "event"
        answers = await workflow.execute_activity_method(
            RouteActivities.route,
            ask,
            **policies.named(policies.READ, f"route {len(ask.items)} of {what}"),
        )
        asked, state.undecided = state.undecided, []
        for item, matches in zip(asked, answers, strict=True):
            self._desk.decide(ruled(item, matches, self._spec.default))

    def _decided(self, decided: Iterable[Decided]) -> list[Entry]:
        entries = []
        for one in decided:
            self._state.decided.remove(one)
            entries += [
                Entry(
                    item=one.item,
                    sequence=0,
                    worker=route,
                    part=route,
                    roots={"route": {"name": route, "reason": reason}},
                )
                for route, reason in one.routes.items()
            ]
        self._desk.handed_out(entries)
        return entries

    def _unclassified(self, items: Iterable[Item]) -> list[Entry]:
        entries = [
            Entry(item=item, sequence=0, worker=CLASSIFIER, part="classify") for item in items
        ]
        self._desk.handed_out(entries)
        return entries


class RoutedOutcomes:
    """Tallies what routes make of items; a classifier's verdict becomes a decision."""

    def __init__(self, tally: Tally, spec: RouterSpec, desk: Desk) -> None:
        self._tally, self._spec, self._desk = tally, spec, desk

    def taken(self, items: int) -> None:
        """Count the items that were taken."""
        self._desk.numbered()
        self._tally.taken(items)

    def dispatched(self) -> None:
        """Count a dispatch."""
        self._tally.dispatched()

    def retried(self) -> None:
        """Count a retry."""
        self._tally.retried()

    def add(self, sequence: int, outcome: WorkerOutcome, run_seconds: float | None) -> None:
        """Take what became of an entry."""
        entry, classifier = self._desk.back(sequence), self._spec.classifier
        if entry.worker != CLASSIFIER or classifier is None:
            routed = outcome.model_copy(update={"route": entry.worker})
            self._tally.add(sequence, routed, run_seconds)
        elif not self._desk.stopping:
            self._tally.ran(run_seconds)
            doubt = doubted(entry.item, outcome, classifier, self._spec)
            if doubt is not None and self._desk.asks(entry.item.key):
                self._desk.doubt(doubt)
            else:
                self._desk.decide(classified(entry.item, outcome, classifier, self._spec))
        else:
            said = {"status": OutcomeStatus.NOT_DISPATCHED, "reason": "classified, then stopped"}
            left = outcome.model_copy(update=said) if outcome.status in GOOD else outcome
            self._tally.add(sequence, left, run_seconds)


def question(spec: RouterSpec, items: Sequence[Item], event: dict[str, Any]) -> RouteItems:
    """Ask the rules of a spec about some items."""
    source = spec.for_each.source if spec.for_each else "event"
    whens = [route.when for route in spec.routes.values() if route.when is not None]
    reads_event = any(path.startswith("event.") for when in whens for path in when.fields)
    return RouteItems(
        repository=spec.repository,
        rules=tuple(
            Rule(route=name, when=route.when)
            for name, route in spec.routes.items()
            if route.when is not None
        ),
        match=spec.match,
        items=tuple(items),
        on_github=source in ("event", "open-issues", "open-pull-requests"),
        event=event if source == "event" or reads_event else {},
        from_event=source == "event",
    )


def ruled(item: Item, matches: Matches, default: str | None) -> Decided:
    """Decide about an item by the rules that hold for it."""
    if matches.gone:
        return Decided(item=item, reason="there is no such issue any more")
    if matches.found:
        routes = {
            one.route: f"rule {' and '.join(map(_words, one.conditions))} of route {one.route}"
            for one in matches.found
        }
        return Decided(item=item, routes=routes)
    return Decided.by_default(item, matches.problem or "no rule holds", default)


def classified(
    item: Item, outcome: WorkerOutcome, classifier: Classifier, spec: RouterSpec
) -> Decided:
    """Decide about an item by what its classifier found; nothing of that is quoted."""
    verdict = _verdict(outcome, classifier, spec)
    if isinstance(verdict, str):
        return Decided.by_default(item, verdict, spec.default)
    route, confidence = verdict
    if confidence < classifier.threshold:
        return Decided.by_default(item, _below(confidence, classifier), spec.default)
    said = f"confidence {confidence:.4g} of the classifier"
    return Decided(item=item, routes={route: said})


def doubted(
    item: Item, outcome: WorkerOutcome, classifier: Classifier, spec: RouterSpec
) -> Doubt | None:
    """Say what the classifier would do if it were sure; None where it is, or says nothing."""
    verdict = _verdict(outcome, classifier, spec)
    if isinstance(verdict, str) or verdict[1] >= classifier.threshold:
        return None
    route, confidence = verdict
    return Doubt(
        item=item,
        route=route,
        reason=_below(confidence, classifier),
        confidence=confidence,
        run_url=outcome.run_url,
    )


def _verdict(
    outcome: WorkerOutcome, classifier: Classifier, spec: RouterSpec
) -> tuple[str, float] | str:
    """Read the route and how sure the classifier is; or why neither counts."""
    route = _value(outcome.outputs, classifier.route)
    confidence = _value(outcome.outputs, classifier.confidence)
    if outcome.status not in _ANSWERED:
        return f"the classifier ended {outcome.status.value}"
    if not isinstance(route, str) or route not in spec.routes:
        return "the classifier named no route that is known"
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        return "the classifier told no confidence"
    if not 0 <= confidence <= 1:
        return "the classifier told a confidence that is not from 0 to 1"
    return route, confidence


def _below(confidence: float, classifier: Classifier) -> str:
    return f"confidence {confidence:.4g} of the classifier, below {classifier.threshold:.4g}"


def _value(outputs: Mapping[str, Any], path: str) -> Any:
    value: Any = outputs
    for step in path.split(".")[1:]:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _words(condition: str) -> str:
    return condition.replace("_", "-")
