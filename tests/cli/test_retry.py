"""`podium retry`: what failed is started again, and nothing else."""

from uuid import uuid4

import pytest

from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium, Write

FAILING: dict[str, object] = {
    "conclusion": "failure",
    "duration_seconds": 0.2,
    "inputs": {"thing": "beta"},
}
QUICK: dict[str, object] = {"duration_seconds": 0.2}


@pytest.fixture
def name() -> str:
    return f"podium/nightly/{uuid4().hex[:8]}"


def things(backstage: Backstage) -> list[str]:
    sent = sorted(backstage.control.dispatches(), key=lambda one: one.run_id or 0)
    return [one.inputs["thing"] for one in sent if "thing" in one.inputs]


def test_only_what_failed_runs_again_and_is_linked_to_the_old_run(
    podium: Podium, write: Write, backstage: Backstage, name: str
) -> None:
    backstage.control.timed([FAILING, QUICK])
    spec = write(more="breaker: disabled\n")
    assert podium("start", spec, "--workflow-id", name, "--wait").code == 1
    before = len(things(backstage))
    backstage.control.timed([QUICK])

    shown = podium("retry", name, "--failed", "--dry-run")
    assert shown.code == 0
    assert f"would start {name}-retry-1 over 1 items; nothing was started" in shown.out
    assert len(things(backstage)) == before

    again = podium("retry", name, "--failed", "--wait")
    assert again.code == 0, again.err
    assert things(backstage)[before:] == ["beta"]
    assert f"started {name}-retry-1" in again.out

    nothing = podium("retry", f"{name}-retry-1", "--failed")
    assert nothing.code == 2
    assert "nothing failed" in nothing.err


def test_what_cannot_be_retried_exits_2_with_the_reason(
    podium: Podium, write: Write, backstage: Backstage, name: str
) -> None:
    backstage.control.timed([{"duration_seconds": 60}])
    podium("start", write(), "--workflow-id", name)

    running = podium("retry", name, "--failed")
    unnamed = podium("retry", name)
    unknown = podium("retry", "podium/nightly/never", "--failed")
    backstage.ask(backstage.stand.client.get_workflow_handle(name).cancel())

    assert (running.code, unnamed.code, unknown.code) == (2, 2, 2)
    assert "is running; wait for its end" in running.err
    assert "say --failed" in unnamed.err
    assert "podium/nightly/never" in unknown.err
