"""Says of each item, as it is taken, which repository its findings will belong to."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts import expressions
from contracts.fleet import Entry
from contracts.reductions import MapReduceState
from contracts.specs.map_reduce import MapReduceSpec, SarifReducer
from workflows.parts.items import Source

_MAX_NAME = 140


class Belonging:
    """A source whose entries are looked at on their way to the fleet."""

    def __init__(
        self,
        source: Source,
        spec: MapReduceSpec,
        context: Mapping[str, Any],
        state: MapReduceState,
    ) -> None:
        self._source, self._context, self._state = source, context, state
        self._templates = {
            name: one.repository
            for name, one in spec.reduce.items()
            if isinstance(one, SarifReducer)
        }

    @property
    def more(self) -> bool:
        """Whether another entry may be there."""
        return self._source.more

    @property
    def waiting(self) -> int:
        """Items that are known and not taken."""
        return self._source.waiting

    @property
    def items(self) -> int:
        """Items taken so far."""
        return self._source.items

    async def next(self) -> Sequence[Entry]:
        """Take the entries of the next item."""
        return self._noted(await self._source.next())

    def known(self) -> Sequence[Entry]:
        """Take all that is known."""
        return self._noted(self._source.known())

    def _noted(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        for entry in entries:
            for name, template in self._templates.items():
                repository = self._rendered(template, entry)
                if repository != entry.item.key:  # which stands for it, and costs nothing
                    self._state.repositories.setdefault(name, {})[entry.item.key] = repository
        return entries

    def _rendered(self, template: str, entry: Entry) -> str:
        """What an item does not have belongs nowhere, which the upload will tell."""
        try:
            context = {**self._context, "item": entry.item.fields}
            return expressions.render(template, context)[:_MAX_NAME]
        except expressions.ExpressionError:
            return ""
