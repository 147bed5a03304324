"""Reading workflow files."""

import pytest

from sandbox.runs.workflow_file import WorkflowFileError, load_yaml, parse_workflow

PATH = ".github/workflows/w.yml"


def test_on_is_a_key_and_not_a_boolean() -> None:
    assert load_yaml("on: off\nyes: no\ntrue: false") == {"on": "off", "yes": "no", True: False}


def test_every_way_to_write_the_trigger_is_understood() -> None:
    job = "\njobs: {a: {runs-on: x}}"
    written = ["workflow_dispatch", "[push, workflow_dispatch]", "{workflow_dispatch: }"]

    assert all(parse_workflow(PATH, f"on: {on}{job}").dispatchable for on in written)
    assert not parse_workflow(PATH, f"on: push{job}").dispatchable


def test_declared_inputs_keep_type_default_and_options() -> None:
    text = """
on: {workflow_dispatch: {inputs: {
  a: {type: choice, options: [x, 1], required: true}, b: {default: on}}}}
jobs: {a: {runs-on: x}}"""

    inputs = parse_workflow(PATH, text).inputs

    assert (inputs["a"].type, inputs["a"].options, inputs["a"].required) == (
        "choice",
        ("x", "1"),
        True,
    )
    assert (inputs["b"].type, inputs["b"].default, inputs["b"].required) == ("string", "on", False)


def test_permissions_default_to_reading_and_add_up_over_the_jobs() -> None:
    default = parse_workflow(PATH, "on: push\njobs: {a: {runs-on: x}}")
    declared = parse_workflow(
        PATH,
        "on: push\npermissions: {contents: read}\njobs:\n"
        "  a: {runs-on: x}\n  b: {runs-on: x, permissions: {issues: write}}",
    )

    assert default.permissions["contents"] == "read"
    assert "issues" not in default.permissions
    assert (declared.permissions["contents"], declared.permissions["issues"]) == ("read", "write")


def test_broken_jobs_are_a_problem_of_the_run_and_broken_yaml_one_of_the_file() -> None:
    assert parse_workflow(PATH, "on: push\njobs: nothing").problem
    for text in ("a: [", "- a", "jobs: {a: {runs-on: x}}"):
        with pytest.raises(WorkflowFileError):
            parse_workflow(PATH, text)
