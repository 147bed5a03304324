"""Dispatches whose runs cannot be told apart, one after the other in each repository."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import workflow


class Turns:
    """Who may dispatch where; a fleet of one repository takes turns by its window already."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    @asynccontextmanager
    async def turn(self, repository: str, *, needed: bool) -> AsyncIterator[None]:
        """Hold the one turn of a repository while its dispatch has no answer."""
        if not needed:
            yield
            return
        place = repository.lower()
        while place in self._taken:  # one turn that ends wakes all who wait for it
            await workflow.wait_condition(lambda: place not in self._taken)
        self._taken.add(place)
        try:
            yield
        finally:
            self._taken.discard(place)
