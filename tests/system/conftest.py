"""One stand per test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.system.stand import Stand, open_stand


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """A real Temporal server and a sandbox whose runs end by the clock."""
    async with open_stand(tmp_path) as opened:
        yield opened
