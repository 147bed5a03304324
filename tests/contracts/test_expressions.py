"""The expression language: paths, their errors, and how values are spelled."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import expressions

CONTEXT = {"item": {"number": 7, "labels": ["a", "b"], "draft": False, "body": None}}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("${{ item.number }}", "7"),
        ("#${{item.number}}!", "#7!"),
        ("${{ item.labels }}", '["a","b"]'),
        ("${{ item.draft }}", "false"),
        ("${{ item.body }}", ""),
        ("no expression, $5 and {{ braces }}", "no expression, $5 and {{ braces }}"),
    ],
)
def test_values_are_spelled_as_inputs(template: str, text: str) -> None:
    assert expressions.render(template, CONTEXT) == text


@pytest.mark.parametrize(
    ("template", "hint"),
    [
        ("${{ item.nmber }}", "did you mean item.number?"),
        ("${{ itm.number }}", "did you mean item?"),
        ("${{ item.number.deeper }}", "is not known"),
        ("${{ item.number || 1 }}", "is no path"),
        ("${{ item.number", "never closed"),
    ],
)
def test_a_mistake_is_named_with_its_fix(template: str, hint: str) -> None:
    with pytest.raises(expressions.ExpressionError, match=hint.replace("?", r"\?")):
        expressions.render(template, CONTEXT)


def test_a_value_is_never_evaluated_again() -> None:
    """What an issue's author writes stays text."""
    context = {"item": {"title": "${{ item.secret }}", "secret": "s3cret"}}

    assert expressions.render("${{ item.title }}", context) == "${{ item.secret }}"


def test_a_template_is_checked_before_anything_runs() -> None:
    expressions.check("${{ item.anything }} ${{ run.date }}", {"item": None, "run": ("date",)})

    with pytest.raises(expressions.UnknownPathError, match=r"did you mean run\.date\?"):
        expressions.check("${{ run.dat }}", {"item": None, "run": ("date",)})


@given(st.text())
def test_no_text_breaks_the_language(text: str) -> None:
    """Whatever is written either renders or is refused in words."""
    with contextlib.suppress(expressions.ExpressionError):
        assert isinstance(expressions.render(text, CONTEXT), str)
