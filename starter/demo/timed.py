"""Results for a demo whose workers do not run: what each issue's run is said to have found."""

from collections.abc import Iterable
from typing import Any

WORKFLOW = "issue-analyzer.yml"
_SECONDS = 1.0


def rules(issues: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make one timed rule per issue, with outputs that the example's schema accepts."""
    return [_rule(issue) for issue in issues if not issue.get("pull_request")]


def _rule(issue: dict[str, Any]) -> dict[str, Any]:
    outputs = {
        "issue_number": issue["number"],
        "title": " ".join(issue["title"].split())[:200],
        "status": "Clear",
        "duplicate_of": None,
        "similarity": 0.0,
        "clarity": 1.0,
        "missing": [],
        "suggested_labels": [],
        "action": "Nothing was analysed: this run only took its time.",
        "critical": False,
        "critical_reason": None,
        "comment_id": None,
    }
    return {
        "workflow": WORKFLOW,
        "inputs": {"issue_number": str(issue["number"])},
        "duration_seconds": _SECONDS,
        "result": {
            "protocol": "podium/v1",
            "dispatch_id": "{dispatch_id}",
            "worker": WORKFLOW.removesuffix(".yml"),
            "run_id": "{run_id}",
            "run_attempt": "{run_attempt}",
            "status": "success",
            "summary": "simulated",
            "outputs": outputs,
        },
    }
