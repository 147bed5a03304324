"""The paths of Reflection whose histories are recorded."""

from typing import Any

from temporalio.client import WorkflowHandle

from contracts import names
from tests.system.drafts import prepare, spec, start
from tests.system.judging import until
from tests.system.stand import Stand

ENOUGH = 5
"""The score of the second draft."""


async def criticised(stand: Stand) -> WorkflowHandle[Any, Any]:
    """Two rounds; a person says something during the first review, and nonsense once."""
    prepare(stand)
    handle = await start(stand, spec(threshold=ENOUGH), "reflection")
    await until(stand.control, lambda runs: _running(runs, "critic.yml"))
    await handle.signal(names.SIGNAL_CRITIQUE, {"reviewer": "ann", "feedback": "more examples"})
    await handle.signal(names.SIGNAL_CRITIQUE, "nonsense")
    return handle


async def accepted(stand: Stand) -> WorkflowHandle[Any, Any]:
    """A person accepts the first draft while the second is written."""
    prepare(stand)
    before = len(stand.control.runs())
    handle = await start(stand, spec(), "reflection-accepted")
    await until(stand.control, lambda runs: len(runs) == before + 3)
    await handle.signal(names.SIGNAL_ACCEPT, {"reviewer": "ann"})
    return handle


async def long(stand: Stand) -> WorkflowHandle[Any, Any]:
    """As many rounds as there are scores."""
    prepare(stand)
    return await start(stand, spec(), "reflection-chained")


def _running(runs: Any, workflow: str) -> bool:
    return any(run.workflow.endswith(workflow) and run.status != "completed" for run in runs)
