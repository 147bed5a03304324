"""Counts of what an artifact's runs found: all of it that goes into a workflow."""

from collections import Counter
from typing import Any

from activities.sarif.rules import SEVERITIES, Rules, is_finding, rule_id, severity_of
from contracts.sarif import MAX_RULES_TOLD, Figures


def figures_of(runs: list[dict[str, Any]]) -> Figures:
    """Count findings by severity and by rule."""
    severities, ids = Counter[str](), Counter[str]()
    for run in runs:
        rules = Rules(run)
        for result in filter(is_finding, run["results"]):
            rule = rules.of(result)
            severities[severity_of(result, rule)] += 1
            ids[rule_id(result, rule)] += 1
    told = sorted(ids.items(), key=lambda one: (-one[1], one[0]))[:MAX_RULES_TOLD]
    return Figures(
        runs=len(runs),
        findings=severities.total(),
        by_severity={name: severities[name] for name in SEVERITIES},
        by_rule=dict(told),
    )
