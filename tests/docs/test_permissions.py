"""docs/permissions.md is what the code needs, no more and no less."""

import pytest

from contracts.permissions import RULES, most, needed
from contracts.specs import PATTERNS
from contracts.specs.safe_outputs import SafeOutputs
from scripts import publish_permissions
from scripts.publish_permissions import PAGE, UnknownPathError, calls, page

SPEC = {
    "name": "test",
    "pattern": "orchestrator-worker",
    "repository": "o/r",
    "for-each": {"source": "list", "items": [1]},
    "worker": {"workflow": "a.yml"},
}


def needs(**changes: object) -> dict[str, str]:
    data = SPEC | changes
    return needed(PATTERNS[str(data["pattern"])].model_validate(data), lambda child: child)


def test_the_page_is_that_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make permissions`"


def test_every_call_of_the_adapter_is_covered_and_every_permission_is_used() -> None:
    """Reading a permission is part of writing with it."""
    asked = set(calls().values())
    granted = {f"{scope}: {level}" for scope, level in most().items()}
    granted |= {f"{scope}: read" for scope in most()}

    assert len(calls()) > 20, "the guard would be vacuous"
    assert asked <= granted
    assert {f"{scope}: {level}" for scope, level in most().items()} <= asked


def test_a_new_place_of_githubs_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(publish_permissions.PARTS, "code-scanning")

    with pytest.raises(UnknownPathError, match="code-scanning"):
        calls()


def test_every_output_has_a_rule() -> None:
    keys = {field.alias or name for name, field in SafeOutputs.model_fields.items()}

    # One keeps from writing, and the other's approvers have a rule of their own.
    assert keys - {rule.key for rule in RULES} == {"staged", "approval"}


def test_a_spec_needs_what_it_says_and_no_more() -> None:
    least = {"actions": "write", "contents": "read", "metadata": "read"}

    assert needs() == least
    assert needs(**{"for-each": {"source": "open-issues"}}) == least | {"issues": "read"}
    assert needs(**{"safe-outputs": {"create-issue": {}}}) == least | {"issues": "write"}
    worker = {"workflow": "a.yml", "result": {"channels": ["comment", "pull-request"]}}
    assert needs(worker=worker) == least | {"issues": "read", "pull_requests": "read"}
