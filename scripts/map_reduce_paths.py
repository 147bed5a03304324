"""The paths of MapReduce whose histories are recorded: every reducer, uploads, a last worker."""

import json
from typing import Any

from sandbox.control import SandboxControl, TimedRule
from tests.system.stand import REPOSITORY, spec

RULE = {"id": "r1", "properties": {"security-severity": "9.1"}}
SHA = "a" * 40


def repository(item: str) -> str:
    """The repository that an item stands for."""
    return f"octo-org/found-{item}"


def sarif(item: str) -> str:
    """What the worker for an item finds."""
    place = {"physicalLocation": {"artifactLocation": {"uri": f"{item}.py"}}}
    found = {"ruleId": "r1", "message": {"text": "Wrong."}, "locations": [place]}
    run = {
        "tool": {"driver": {"name": "lint", "rules": [RULE]}},
        "automationDetails": {"id": "lint/"},
        "results": [found],
    }
    return json.dumps({"version": "2.1.0", "runs": [run]})


def answer(**outputs: Any) -> dict[str, Any]:
    """A good result of whichever run publishes it."""
    return {
        "protocol": "podium/v1",
        "dispatch_id": "{dispatch_id}",
        "worker": "analyzer",
        "run_id": "{run_id}",
        "run_attempt": "{run_attempt}",
        "status": "success",
        "outputs": outputs,
    }


def prepare(control: SandboxControl, items: int, **rule: Any) -> None:
    """Have each item's run find something in a repository of its own."""
    rules = []
    for n in range(items):
        item = f"item-{n}"
        control.add_repository(repository(item), files={f"{item}.py": "x\n"})
        told = answer(commit_sha=SHA, ref="refs/heads/main", found={"r1": 1}, n=n)
        files = {"sarif": {"results.sarif": sarif(item)}}
        rules.append(TimedRule(inputs={"item": item}, result=told, artifacts=files, **rule))
    control.timed([*rules, TimedRule(result=answer(read="{inputs.item}"))])


def reduced(items: int, **changes: Any) -> dict[str, Any]:
    """Map over numbered items of the stand's worker; reduce in every way there is."""
    retry = {"maximum-attempts": 1}
    last = {"workflow": "analyzer.yml", "inputs": {"item": "${{ results.count }}"}, "retry": retry}
    base = {
        "pattern": "map-reduce",
        "repository": REPOSITORY,
        "safe-outputs": {
            "create-issue": {"max": 1},
            "create-code-scanning-alert": {"max": 2 * items},
        },
        "reduce": {
            "rules": {"reducer": "counts", "field": "outputs.found"},
            "table": {"reducer": "table", "columns": {"N": "outputs.n"}, "order-by": "N"},
            "numbers": {"reducer": "concat", "field": "outputs.n"},
            "alerts": {"reducer": "sarif", "repository": repository("${{ item.value }}")},
            "summary": {"reducer": "worker", "worker": last},
        },
    }
    return spec(items, **{**base, **changes})
