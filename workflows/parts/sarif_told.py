"""What is told of a SARIF reduction, and how it adds up."""

from typing import Any

from contracts.reductions import SarifState
from contracts.sarif import Figures, Told
from workflows.parts import reducers

SEVERITIES = ("critical", "high", "medium", "low")
MAX_TOLD = 50
_TOP = 20


def add_figures(state: SarifState, repository: str, figures: Figures) -> None:
    """Add what one artifact holds."""
    state.runs += figures.runs
    counts = state.repositories.setdefault(repository, [0] * len(SEVERITIES))
    for position, name in enumerate(SEVERITIES):
        counts[position] += figures.by_severity.get(name, 0)
    reducers.count(state.rules, figures.by_rule)
    named = sum(figures.by_rule.values())
    state.rules.other += figures.findings - named


def add_problems(state: SarifState, told: tuple[Told, ...], omitted: int = 0) -> None:
    """Keep the first problems, and count all of them."""
    state.problems_total += len(told) + omitted
    state.problems += told[: max(MAX_TOLD - len(state.problems), 0)]


def add_notes(state: SarifState, told: tuple[Told, ...]) -> None:
    """Keep the first notes, and count all of them."""
    state.notes_total += len(told)
    state.notes += told[: max(MAX_TOLD - len(state.notes), 0)]


def told(state: SarifState) -> dict[str, Any]:
    """Put the reduction into the report."""
    by_severity = {
        name: sum(counts[position] for counts in state.repositories.values())
        for position, name in enumerate(SEVERITIES)
    }
    affected = [(name, counts) for name, counts in state.repositories.items() if any(counts)]
    affected.sort(key=lambda one: ([-count for count in one[1]], one[0]))
    return {
        "artifacts": len(state.sources),
        "artifacts_omitted": state.sources_omitted,
        "runs": state.runs,
        "findings": sum(by_severity.values()),
        "by_severity": by_severity,
        "top_rules": reducers.most(state.rules.values, _TOP),
        "worst_repositories": [
            {"repository": name, "findings": sum(counts)}
            | dict(zip(SEVERITIES, counts, strict=True))
            for name, counts in affected[:_TOP]
        ],
        "uploads": dict(state.uploads),
        "consolidated": [
            {**one.upload.model_dump(mode="json"), "status": one.status} for one in state.files
        ],
        "problems": [one.model_dump(mode="json") for one in state.problems],
        "problems_omitted": state.problems_total - len(state.problems),
        "notes": [one.model_dump(mode="json") for one in state.notes],
        "notes_omitted": state.notes_total - len(state.notes),
    }
