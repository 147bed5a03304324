"""Mistakes that only one pattern knows: told with place and fix, before any server is asked."""

from pathlib import Path

import pytest

from tests.cli.conftest import Podium

HEAD = "name: one\ndescription: One thing.\nrepository: octo-org/widgets\n"
PIPELINE = """\
pattern: pipeline
stages:
  - name: staging
    workers: {ship: {workflow: ship.yml}}
    checks: {look: {workflow: look.yml, inputs: {at: "${{ stages.staging.ship.outputs.url }}"}}}
  - name: production
    workers: {go: {workflow: go.yml, inputs: {like: "${{ stages.staging.look.outputs.url }}"}}}
"""
ROUTER = """\
pattern: router
for-each: {source: open-issues}
routes:
  bug: {when: {labels: [bug]}, worker: {workflow: bug-triage.yml}}
  wish: {when: {labels: [wish]}, worker: {workflow: wish-intake.yml}}
default: bug
"""
POOL = """\
pattern: worker-pool
for-each: {source: list, items: [a]}
worker: {workflow: batch.yml, inputs: {items: "${{ batch.items }}"}}
pool: {max-workers: 10}
"""
MISTAKES: dict[str, tuple[str, str, str, str, str]] = {
    "an output of a worker that no stage has": (
        PIPELINE,
        "stages.staging.look.outputs",
        "stages.staging.loook.outputs",
        "10: stages.1.workers.go.inputs.like: ${{ stages.staging.loook.outputs.url }}: ",
        "no stage before this makes staging.loook (made before: staging.look, staging.ship)",
    ),
    "an output of a stage that comes later": (
        PIPELINE,
        "stages.staging.ship.outputs",
        "stages.production.go.outputs",
        "8: stages.0.checks.look.inputs.at: ${{ stages.production.go.outputs.url }}: ",
        "no stage before this makes production.go (made before: staging.ship)",
    ),
    "a route without a worker": (
        ROUTER,
        ", worker: {workflow: bug-triage.yml}",
        "",
        "7: routes.bug.worker: ",
        "this key is required; add it",
    ),
    "a default that is no route": (
        ROUTER,
        "default: bug",
        "default: bugs",
        "9: default: ",
        "bugs is none of the routes (bug, wish)",
    ),
    "a pool of nobody": (
        POOL,
        "max-workers: 10",
        "max-workers: 0",
        "7: pool.max-workers: ",
        "input should be greater than or equal to 1",
    ),
}


@pytest.mark.parametrize("pattern", [PIPELINE, ROUTER, POOL])
def test_without_the_mistake_they_are_taken(podium: Podium, tmp_path: Path, pattern: str) -> None:
    spec = tmp_path / "spec.yml"
    spec.write_text(HEAD + pattern)

    assert podium("render", spec).code == 0


@pytest.mark.parametrize("command", ["render", "start"])
@pytest.mark.parametrize("name", MISTAKES)
def test_a_patterns_own_mistake_is_told_with_place_and_fix(
    podium: Podium, tmp_path: Path, command: str, name: str
) -> None:
    pattern, right, wrong, place, fix = MISTAKES[name]
    assert right in pattern
    spec = tmp_path / "spec.yml"
    spec.write_text(HEAD + pattern.replace(right, wrong))

    said = podium(command, spec)

    assert (said.code, said.out) == (2, "")
    assert f"{spec}:{place}{fix}" in said.err
