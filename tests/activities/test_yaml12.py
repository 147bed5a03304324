"""YAML as GitHub reads it: words stay words, a key stands once, and mistakes have a line."""

import pytest
import yaml

from activities import yaml12

WRONG = {
    "a key twice": ("a: 1\nb: 2\na: 3\n", 3, "key 'a' is there twice, first on line 1"),
    "a key twice, quoted": ("a: 1\n'a': 3\n", 2, "key 'a' is there twice, first on line 1"),
    "a key twice below": ("x:\n  - {a: 1,\n     a: 2}\n", 3, "first on line 2"),
    "no such date": ("a: 1\nb: 2026-13-45\n", 2, "month must be in 1..12"),
    "no such date below": ("a:\n- x\n- 2026-02-30T01:02:03Z\n", 3, "day is out of range"),
    "too many digits": (f"a:\n  b: {'9' * 5_000}\n", 2, "Exceeds the limit"),
    "no number": ("a: 1\nb: !!int x\n", 2, "invalid literal for int()"),
    "no boolean": ("a: 1\nb: !!bool x\n", 2, "this is no bool"),
    "no timestamp": ("a: 1\nb: !!timestamp x\n", 2, "this is no timestamp"),
    "an empty number": ("a: 1\nb: !!int ''\n", 2, "this is no int"),
    "a key that is a list": ("a: 1\n? [b]\n: 2\n", 2, "unhashable key"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_with_its_line(name: str) -> None:
    text, line, words = WRONG[name]

    with pytest.raises(yaml.MarkedYAMLError) as refused:
        yaml12.load(text)

    mark = refused.value.problem_mark
    assert mark is not None
    assert mark.line + 1 == line
    assert words in str(refused.value.problem)


def test_nesting_without_end_is_no_yaml() -> None:
    with pytest.raises(yaml.YAMLError, match="recursion"):
        yaml12.load("[" * 5_000)


def test_words_and_merged_keys_are_read_as_they_stand() -> None:
    text = "on: off\nx: &x {a: 1, b: 2}\ny: &y {<<: *x, b: 3}\nz: {<<: *y, a: 4}\n1: a\n'1': b\n"

    assert yaml12.load(text) == {
        "on": "off",
        "x": {"a": 1, "b": 2},
        "y": {"a": 1, "b": 3},
        "z": {"a": 4, "b": 3},
        1: "a",
        "1": "b",
    }
