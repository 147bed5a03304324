"""The paths of outputs whose histories are recorded: escalated, healed with labels, staged."""

from typing import Any

from sandbox.control import SandboxControl, TimedRule
from scripts.map_reduce_paths import answer
from tests.system.stand import REPOSITORY

_ISSUE = {"number": 70, "title": "A question", "created_at": "2026-01-01T00:00:00Z"}


def prepare(control: SandboxControl) -> None:
    """Have an issue, and runs that ask for outputs."""
    control.seed_issues(REPOSITORY, [_ISSUE])
    control.timed([TimedRule(result=answer(labels=["bug", "other"], answered=True))])


def asking(**outputs: Any) -> dict[str, Any]:
    """Every item is labelled and closed; a failure is escalated at once."""
    worker = {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.number }}"}}
    return {
        "name": "test",
        "pattern": "orchestrator-worker",
        "repository": REPOSITORY,
        "for-each": {"source": "open-issues", "limit": 2},
        "safe-outputs": {
            "create-issue": {},
            "add-labels": {"from": "outputs.labels", "allowed": ["bug"]},
            "close-issue": {"when": {"field": "outputs.answered"}, "max": 2},
            **outputs,
        },
        "escalation": {"after": 1},
        "worker": {**worker, "retry": {"maximum-attempts": 1}},
    }
