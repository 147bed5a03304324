"""`podium start --dry-run` and `podium render` for a map-reduce spec."""

import json
import time
from uuid import uuid4

from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium, Write
from tests.cli.test_dry_run import check_nothing_was_done

MAP_REDUCE = {"pattern: orchestrator-worker": "pattern: map-reduce"}
REDUCE = """\
reduce:
  kinds: {reducer: counts, field: outputs.kind}
  summary:
    reducer: worker
    worker: {workflow: look.yml, inputs: {thing: "${{ results.references }}"}}
"""


def test_a_dry_run_lists_items_reducers_and_both_workers(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    began, workflow_id = time.time(), f"podium/nightly/{uuid4().hex}"
    said = podium("start", write(MAP_REDUCE, REDUCE), "--dry-run", "--workflow-id", workflow_id)

    assert said.code == 0, said.err
    for line in (
        f"would start {workflow_id} (MapReduce), which ends within 6h",
        "thing=alpha severity=low",
        "2 items (list)",
        "would reduce the results to kinds (counts), summary (worker)",
        "Nothing was dispatched, written or sent.",
    ):
        assert line in said.out
    check_nothing_was_done(backstage, began, workflow_id)


def test_inputs_that_a_last_worker_does_not_take_are_told_with_their_line(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    spec = write(MAP_REDUCE, REDUCE.replace("thing:", "things:"))
    said = podium("start", spec, "--dry-run")

    assert said.code == 2
    assert f"{spec}:25: reduce.summary.worker.inputs" in said.err
    assert "things is not declared" in said.err


def test_a_map_reduce_spec_renders(podium: Podium, write: Write) -> None:
    said = podium("render", write(MAP_REDUCE, REDUCE))

    assert json.loads(said.out)["spec"]["reduce"]["kinds"]["reducer"] == "counts"
