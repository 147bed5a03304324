"""`podium start --dry-run` and `podium render` for a router: who would get what, and why."""

import json
import time
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium, Write
from tests.cli.test_dry_run import check_nothing_was_done
from tests.system.stand import ROOT

EXAMPLE = ROOT / "examples" / "issue-router"
OLD = """\
for-each: {source: list, items: [alpha, beta]}
worker:
  workflow: look.yml
  inputs:
    thing: "${{ item.value }}"
    severity: "${{ inputs.severity }}"
  retry: {maximum-attempts: 1}
"""
ROUTES = """\
routes:
  first:
    when: {title: ^first}
    worker: {workflow: issue.yml, inputs: {number: "${{ item.number }}"}}
  text:
    when: {body: text}
    worker: {workflow: look.yml, inputs: {thing: "${{ route.name }}"}}
"""
ROUTER = {"pattern: orchestrator-worker": "pattern: router"}
BATCH = {**ROUTER, OLD: f"for-each: {{source: open-issues}}\n{ROUTES}"}
ONE = {**ROUTER, OLD: ROUTES}


@pytest.fixture
def event(tmp_path: Path) -> Path:
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"issue": {"number": 3, "title": "Third", "body": "no words"}}))
    return file


def test_a_dry_run_asks_the_rules_about_each_issue(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    began, workflow_id = time.time(), f"podium/nightly/{uuid4().hex}"

    said = podium("start", write(BATCH), "--dry-run", "--workflow-id", workflow_id)

    assert said.code == 0, said.err
    for line in (
        f"would start {workflow_id} (Router), which ends within 6h",
        "  1: First\n      to first (issue.yml): rule title of route first\n",
        "  3: Third\n      to text (look.yml): rule body of route text\n",
        "2 items (open-issues)",
        "would dispatch issue.yml: at most 2 at once",
        "would dispatch look.yml: at most 2 at once",
    ):
        assert line in said.out
    check_nothing_was_done(backstage, began, workflow_id)


def test_a_dry_run_of_one_event_tells_its_route_or_that_it_is_skipped(
    podium: Podium, write: Write, backstage: Backstage, event: Path
) -> None:
    said = podium("start", write(ONE), "--dry-run", "--event", event)

    assert said.code == 0, said.err
    assert "  3: Third\n      skipped: no rule holds, and there is no default route\n" in said.out
    assert "would dispatch" not in said.out


def test_a_dry_run_says_that_a_classifier_decides_only_then(
    podium: Podium, write: Write, backstage: Backstage, event: Path
) -> None:
    rules = ROUTES.replace("    when: {title: ^first}\n", "").replace(
        "    when: {body: text}\n", ""
    )
    classifier = (
        'classifier: {worker: {workflow: issue.yml, inputs: {number: "${{ item.number }}"}}}\n'
    )

    said = podium(
        "start", write({**ROUTER, OLD: classifier + rules}), "--dry-run", "--event", event
    )

    assert said.code == 0, said.err
    assert "  3: Third\nthe classifier's verdict on each, then one of: first, text\n" in said.out
    assert "would dispatch issue.yml" in said.out
    assert "would dispatch look.yml" not in said.out


def test_inputs_that_a_route_does_not_take_are_told_with_their_line(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    spec = write({**ROUTER, OLD: BATCH[OLD].replace("thing:", "things:")})

    said = podium("start", spec, "--dry-run")

    assert said.code == 2
    assert f"{spec}:20: routes.text.worker.inputs" in said.err
    assert "things is not declared" in said.err


@pytest.mark.parametrize("command", ["start", "render"])
def test_a_router_without_items_needs_an_event(
    podium: Podium, write: Write, backstage: Backstage, command: str
) -> None:
    said = podium(command, write(ONE))

    assert said.code == 2
    assert "event: missing" in said.err


def test_a_pattern_that_could_take_for_ever_is_told_with_its_line(
    podium: Podium, write: Write
) -> None:
    spec = write({**ROUTER, OLD: BATCH[OLD].replace("^first", "^(a+)+$")})

    said = podium("render", spec)

    assert said.code == 2
    assert "title: a repetition within a repetition" in said.err


def test_the_example_renders_with_its_event_in_the_order_of_its_routes(podium: Podium) -> None:
    event = EXAMPLE / "events" / "question.json"

    said = podium("render", EXAMPLE / "orchestration.yml", "--event", event)

    rendered = json.loads(said.out)
    assert next(iter(rendered["spec"]["routes"])) == "security-labelled"
    assert rendered["event"]["issue"]["number"] == 109
    assert rendered["spec"]["routes"]["bug"]["worker"]["result"]["schema"]["title"]
