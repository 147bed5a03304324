"""Whoever may be signalled has a name that Temporal takes; another would fail workflow tasks for ever."""

import pytest
from pydantic import ValidationError

from contracts.runs import Waiter
from contracts.watch import Hush


@pytest.mark.parametrize("name", ["", "x" * 1_001, "é" * 501, "\ud800"])
def test_a_message_that_names_an_impossible_workflow_is_none(name: str) -> None:
    with pytest.raises(ValidationError):
        Hush(workflow_id=name)
    with pytest.raises(ValidationError):
        Waiter(workflow_id=name, first_execution_run_id="run")


def test_the_longest_name_is_one() -> None:
    assert Hush(workflow_id="x" * 1_000).workflow_id
