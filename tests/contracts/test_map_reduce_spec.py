"""Map-reduce specs that cannot work are refused with place and fix, before anything runs."""

from typing import Any

import pytest

from contracts.orchestration import BadInputError, parse_spec

GOOD: dict[str, Any] = {
    "name": "audit",
    "pattern": "map-reduce",
    "repository": "octo-org/home",
    "for-each": {"source": "organization-repositories", "organization": "octo-org"},
    "worker": {"workflow": "scan.yml", "inputs": {"repository": "${{ item.full_name }}"}},
    "reduce": {"alerts": {"reducer": "sarif"}},
}
LAST = {"workflow": "last.yml", "inputs": {"all": "${{ results.references }}"}}


WHERE = {"inputs": {"where": {"type": "string"}}}
LIST: dict[str, Any] = {"for-each": {"source": "list", "items": ["a"]}}


def placed(repository: str, on: Any = None, **more: Any) -> dict[str, Any]:
    worker = {"workflow": "scan.yml", "repository": repository, **more}
    return {"worker": worker} | ({"on": on} if on else {})


def reduce(**reducer: Any) -> dict[str, Any]:
    return {"reduce": {"one": reducer}}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"for-each": {"source": "installation-repositories", "topics": ["live"]}},
        {"for-each": {"source": "installation-repositories", "organization": "octo-org"}},
        placed("${{ item.full_name }}"),
        placed("${{item.full_name}}", owners=["hexa-org"]),
        placed("${{ inputs.where }}/x", owners=["octo-org"], on={"workflow_dispatch": WHERE}),
        placed("octo-org/${{ item.value }}", owners=["octo-org"]) | LIST,
        placed("octo-org/there", owners=["Octo-Org"]) | LIST,
        reduce(reducer="counts", field="outputs.kind"),
        reduce(reducer="table", columns={"A": "outputs.a"}, **{"order-by": "A"}),
        reduce(reducer="concat", field="outputs.texts", **{"max-items": 3}),
        reduce(reducer="worker", worker=LAST),
    ],
)
def test_specs_of_every_reducer_are_taken(changes: dict[str, Any]) -> None:
    assert parse_spec(GOOD | changes).pattern == "map-reduce"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reduce": {}}, "reduce: "),
        (placed("${{ item.full_nam }}"), "worker.repository: "),
        (placed("octo-org/${{ item.name }}"), "worker.owners whose repositories may be meant"),
        (placed("${{ item.full_name }}") | LIST, "worker.owners whose repositories may be meant"),
        (
            placed("${{ event.repository.full_name }}"),
            "worker.owners whose repositories may be meant",
        ),
        (placed("hexa-org/x", owners=["octo-org"]), "add its owner to worker.owners"),
        (placed("octo-org", owners=["octo-org"]), "'octo-org' is no repository"),
        (placed("octo-org/..", owners=["octo-org"]), "'octo-org/..' is no repository"),
        (placed("", owners=["octo-org"]), "worker.owners: say too which repository"),
        (
            reduce(reducer="worker", worker={**LAST, "repository": "octo-org/x"}),
            "reduce.one.worker.worker.repository: ",
        ),
        ({"for-each": {"source": "organization-repositories"}}, "needs organization"),
        (
            {"for-each": {"source": "installation-repositories", "pattern": "*"}},
            "pattern belongs to source: files",
        ),
        (reduce(reducer="sum"), "reduce.one: "),
        (reduce(reducer="counts", field="kind"), "reduce.one.counts.field"),
        (reduce(reducer="counts", fields="outputs.a"), "did you mean field?"),
        (
            reduce(reducer="table", columns={"A": "outputs.a"}, **{"order-by": "B"}),
            "reduce.one.order-by: none of the columns (A)",
        ),
        (
            reduce(reducer="sarif", repository="${{ item.fullname }}"),
            "did you mean item.full_name?",
        ),
        (
            reduce(
                reducer="worker", worker={"workflow": "x.yml", "inputs": {"a": "${{ item.x }}"}}
            ),
            "reduce.one.worker.inputs.a",
        ),
        (
            reduce(
                reducer="worker",
                worker={"workflow": "x.yml", "inputs": {"a": "${{ results.reference }}"}},
            ),
            "did you mean results.references?",
        ),
        (
            {"worker": {"workflow": "x.yml", "inputs": {"a": "${{ item.number }}"}}},
            "worker.inputs.a",
        ),
    ],
)
def test_specs_that_cannot_work_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInputError) as refused:
        parse_spec(GOOD | changes)

    assert said in str(refused.value)
