"""Which orchestrations are above one, so that nesting is bounded and no cycle ever starts."""

from typing import Any

from pydantic import Field

from contracts.base import Sent
from contracts.specs.common import Spec
from contracts.specs.hierarchical import MAX_DEPTH


class Lineage(Sent):
    """What a child orchestration carries."""

    ancestors: tuple[str, ...] = Field(default=(), max_length=10)
    """The orchestrations above, the top one first, by `identity`."""
    max_depth: int = Field(default=MAX_DEPTH, ge=1, le=6)

    def problem(self, spec: Spec) -> str:
        """Say why a spec must not run here; nothing where it may."""
        me = identity(spec)
        if me in self.ancestors:
            return f"a cycle: {' > '.join((*self.ancestors, me))}"
        if len(self.ancestors) >= self.max_depth:
            return f"{len(self.ancestors) + 1} levels deep; max-depth is {self.max_depth}"
        return ""

    def below(self, spec: Spec, max_depth: int) -> "Lineage":
        """Make the lineage of a child of `spec`; the strictest limit above holds."""
        above = self.max_depth if self.ancestors else max_depth
        return Lineage(ancestors=(*self.ancestors, identity(spec)), max_depth=min(above, max_depth))


def identity(spec: Spec) -> str:
    """Tell a spec from others: its repository and name."""
    return f"{spec.repository.lower()} {spec.name}"


TOP = Lineage()
"""Of an orchestration that nobody started as a child."""


def as_lineage(data: Any) -> Lineage:
    """Decode what was carried; nothing is the top.

    Raises:
        pydantic.ValidationError: no lineage.
    """
    return TOP if data is None else Lineage.model_validate(data)
