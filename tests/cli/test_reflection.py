"""`podium start --dry-run` and `podium render` for a reflection."""

import json
import time
from uuid import uuid4

import pytest

from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium, Write
from tests.cli.test_dry_run import check_nothing_was_done
from tests.system.stand import ROOT

EXAMPLE = ROOT / "examples" / "documentation-reflection" / "orchestration.yml"
WORKERS = {
    "pattern: orchestrator-worker": "pattern: reflection",
    "for-each: {source: list, items: [alpha, beta]}\n": (
        "pull-request: {title: 'Page, ${{ inputs.severity }}', base: main}\n"
        "critic:\n  workflow: look.yml\n  inputs: {thing: '${{ draft.outputs.branch }}'}\n"
    ),
    "create-issue: {max: 1}": "create-pull-request: {max: 1}",
    "worker:": "generator:",
    "${{ item.value }}": "draft ${{ reflection.iteration }}${{ reflection.feedback }}",
}


def test_a_dry_run_tells_the_first_draft_and_when_it_ends(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    began, workflow_id = time.time(), f"podium/nightly/{uuid4().hex}"

    said = podium("start", write(WORKERS), "--dry-run", "--workflow-id", workflow_id)

    assert said.code == 0, said.err
    for line in (
        f"would start {workflow_id} (Reflection), which ends within 6h",
        "  draft 1: look.yml\n      thing=draft 1 severity=low",
        "at most 3 drafts, each reviewed by look.yml, until one has 8 of 10",
        "would offer one that has it as a pull request into main: Page, low",
        "would dispatch look.yml: at most 1 at once, up to 1 attempts each",
        "would write create-pull-request: max 1",
    ):
        assert line in said.out
    check_nothing_was_done(backstage, began, workflow_id)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("thing: '${{ draft", "thin: '${{ draft", "critic.inputs.thin: thin is not declared"),
        (
            '"draft ${{ reflection.iteration }}',
            '"',
            "generator.inputs.thing: thing is required and has no value",
        ),
    ],
)
def test_inputs_that_a_worker_would_not_take_are_told_with_their_line(
    podium: Podium, write: Write, backstage: Backstage, old: str, new: str, problem: str
) -> None:
    file = write(WORKERS)
    file.write_text(file.read_text().replace(old, new))

    said = podium("start", file, "--dry-run")

    assert said.code == 2
    assert problem in said.err


def test_the_example_renders_with_its_schemas_embedded(podium: Podium) -> None:
    said = podium("render", EXAMPLE, "--input", "module=widgets.other")

    assert said.code == 0, said.err
    rendered = json.loads(said.out)
    assert rendered["inputs"] == {"module": "widgets.other"}
    for worker in ("generator", "critic"):
        assert rendered["spec"][worker]["result"]["schema"]["type"] == "object"
