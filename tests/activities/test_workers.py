"""What a worker's file declares is bounded: it is in the history of whoever dispatches it."""

import pytest
from temporalio.exceptions import ApplicationError

from activities.workers import parse_worker

FILE = "on: {{workflow_dispatch: {{inputs: {{kind: {{type: choice, options: [{options}]}}}}}}}}"


def test_a_file_that_declares_without_end_is_refused() -> None:
    few, many = (FILE.format(options=", ".join(["option"] * count)) for count in (1_000, 20_000))

    assert len(parse_worker("w.yml", few).inputs["kind"].options) == 1_000
    with pytest.raises(ApplicationError, match=r"w\.yml declares more than 128 KiB of inputs"):
        parse_worker("w.yml", many)
