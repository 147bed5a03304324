"""The expression subset behind `run-name` and `concurrency`."""

import pytest

from sandbox.runs.expressions import ExpressionError, evaluate, interpolate

CONTEXTS = {
    "github": {"ref_name": "main", "event": {"inputs": {"n": "7"}}},
    "inputs": {"name": "O'Neil", "deep": True, "count": 3.0, "empty": ""},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("inputs.name", "O'Neil"),
        ("github.event.inputs.n", "7"),
        ("github['ref_name']", "main"),
        ("inputs.missing", None),
        ("inputs.missing.deeper", None),
        ("inputs.empty || 'none'", "none"),
        ("inputs.deep && 'deep' || 'flat'", "deep"),
        ("!inputs.deep", False),
        ("inputs.name == 'o''neil'", True),
        ("inputs.count == 3", True),
        ("inputs.missing == null", True),
        ("github.ref_name != 'main'", False),
        ("(false || true) && 'x'", "x"),
        ("format('{0} of {1} {{braces}}', 'a', 3)", "a of 3 {braces}"),
        ("contains('Hello', 'ELL')", True),
        ("startsWith('Hello', 'he') && endsWith('Hello', 'LO')", True),
        ("join(fromJSON('[1, 2]'), '-')", "1-2"),
    ],
)
def test_expressions_mean_what_they_mean_on_github(expression: str, value: object) -> None:
    assert evaluate(expression, CONTEXTS) == value


def test_a_template_prints_booleans_and_whole_numbers_as_github_does() -> None:
    template = "${{ inputs.deep }} ${{inputs.count}} [${{ inputs.missing }}]"

    assert interpolate(template, CONTEXTS) == "true 3 []"


@pytest.mark.parametrize(
    "expression", ["", "a b", "unknown()", "'open", "(a", "format('{1}', 'a')"]
)
def test_what_is_not_an_expression_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, CONTEXTS)
