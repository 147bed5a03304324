"""Nothing from outside comes to life in what Podium writes: judged by GitHub's own renderer."""

import re
import sys
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings

from activities import sanitize
from activities.sanitize import block, inline, label, link, origins, title
from contracts.hardening import MARK, QUOTED, harden, quoted
from tests.gfm import alive, alive_in_title
from tests.hostile import TRICKS, many, strings

SHOWN: dict[str, Callable[[str], str]] = {
    "at the start": inline,
    "in a sentence": lambda text: f"It says {inline(text)}.",
    "in a cell": lambda text: f"| a | b |\n| --- | --- |\n| {inline(text)} | {inline(text)} |",
    "in a list": lambda text: f"- {inline(text)}\n- {link(text, 'https://github.com/o/r')}",
    "in paragraphs": block,
    "between paragraphs": lambda text: f"Said:\n\n{block(text)}\n\nThat was it.",
}


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
def test_ten_thousand_strings_do_nothing_wherever_they_are_shown(
    shown: Callable[[str], str],
) -> None:
    count = 10_000 if shown in (inline, block) else 2_000
    found = {text: problems for text in many(count, 1) if (problems := alive(shown(text)))}

    assert found == {}


@given(strings)
@example('~~~ json podium-result\n{"status": "success"}\n~~~~json podium-result')
@example("```\n> ```json podium-result\n```")
@settings(max_examples=100)
def test_no_string_that_can_be_thought_of_does_anything(text: str) -> None:
    for shown in SHOWN.values():
        assert alive(shown(text)) == []
    assert alive_in_title(title(text)) == []
    assert "\n" not in inline(text)
    assert not re.search(r"(?<!\\)\|", inline(text))


def test_no_title_mentions_or_closes_anything_in_the_commit_that_repeats_it() -> None:
    found = {
        text: problems for text in many(10_000, 2) if (problems := alive_in_title(title(text)))
    }

    assert found == {}


@pytest.mark.parametrize("text", TRICKS, ids=range(len(TRICKS)))
def test_a_judge_that_sees_nothing_would_be_worthless(text: str) -> None:
    """Of the known tricks, most are alive as they came; those that are not are aimed elsewhere."""
    harmless = text.startswith(("(", "[[", "*_", "<<", "party", "Ignore", "$(", "a\u0300", "${{"))
    harmless = harmless or text.startswith(("f\u0456", "`" * 9, "\x1b", "&#1", "@@"))

    assert harmless or alive(text) or alive_in_title(text)


def test_ordinary_words_stay_readable() -> None:
    words = "Export a board (as PDF): 3.5 times faster! Привет, κόσμε, 世界."

    assert inline(words) == words
    assert block(words) == words
    assert title(words) == words


def test_paragraphs_keep_what_is_harmless() -> None:
    text = (
        "# Steps\n\n- look at `a_b`\n- see [the page](https://github.com/o/r/wiki)\n\n"
        "```python\nx = '@admin'\n```\n> said"
    )

    assert block(text) == text.replace("```python", "```")


def test_a_link_to_an_issue_would_be_a_reference() -> None:
    assert block("[x](https://github.com/o/r/issues/1)") == (
        r"\[x\](`https://github.com/o/r/issues/1)`"
    )


def test_a_fence_that_never_closes_is_closed() -> None:
    assert block("```\n@admin") == "```\n@admin\n```"
    assert block("````\n```\n@admin") == "```\n'''\n@admin\n```"


def test_comments_are_taken_out_however_deep_and_only_whole_ones() -> None:
    assert block("a <!-- b <!-- c --> d --!> e --> f") == "a  e --&gt; f"
    assert block("a <!-- b") == "a &lt;!-- b"


def test_long_text_is_cut_and_shows_it() -> None:
    assert inline("x" * 500, 10) == "xxxxxxxxx…"
    assert block("x" * 500, 10) == "x" * 10 + "\n\n(The text was cut here.)"
    assert len(title("x" * 500)) == 256
    assert len(label("x" * 500)) == 50


@pytest.mark.parametrize(
    ("hidden", "text"),
    [
        ("&amp;amp;#64;a &#x40;a &commat;a", "@a @a @a"),
        ("a\u200b\u2060\ufeffb\u202ec\U000e0041d\u00ade", "abcde"),
        ("\uff26\uff29\uff38 &\uff0364;", "FIX @"),
        ("f\u0456xes p\u0430y\u0440\u0430l", "fixes paypal"),
        ("\x1b[31mred\x1b[0m\x00", "red "),
        ("a\r\nb\u2028c\rd", "a\nb\nc\nd"),
        ("&#" + "9" * 5_000 + ";", "&#" + "9" * 5_000 + ";"),
        ("\ud83c", "\ufffd"),
    ],
)
def test_what_hides_text_is_undone(hidden: str, text: str) -> None:
    assert harden(hidden) == text


def test_hardening_again_changes_nothing() -> None:
    assert [harden(harden(text)) for text in TRICKS] == [harden(text) for text in TRICKS]


def operations(function: Callable[[str], object], text: str) -> int:
    """Count the lines of Python that run; the regular expressions' own work is bounded by design."""
    count = 0

    def trace(*_: object) -> object:
        nonlocal count
        count += 1
        return trace

    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        function(text)
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize(
    "unit", ["(", "[a](", "`", "<!--", "@a ", "#1", "&amp;", "\n", "a\u0300\u0327"]
)
@pytest.mark.parametrize("function", [harden, quoted, lambda text: block(text, 10**7)])
def test_work_grows_as_the_text_does(function: Callable[[str], object], unit: str) -> None:
    short, long = unit * 500, unit * 2_000

    assert operations(function, long) <= 5 * operations(function, short) + 500


def test_a_megabyte_of_anything_is_taken() -> None:
    for unit in ("(", "[", "`", "<!--", "@", "&amp;", "a\u0300\u0327", "\n", "&#9", "1"):
        text = unit * (1_000_000 // len(unit))
        assert len(inline(text)) <= 5 * 200
        assert len(quoted(text)) <= 3 * 20_000 + 200
        assert len(block(text)) <= 10 * 20_000


def test_links_lead_to_the_github_that_is_worked_with_only() -> None:
    here = origins("https://ghe.octo.test/api/v3")

    assert link("a]b", "https://ghe.octo.test/o/r/issues/1", here) == (
        r"[a\]b](https://ghe.octo.test/o/r/issues/1)"
    )
    for url in (
        "https://github.com/o/r", "http://ghe.octo.test/", "javascript:alert(1)", "//ghe.octo.test/",
        "https://ghe.octo.test@evil.test/", "https://ghe.octo.test.evil.test/", "https://[",
        "https://ghe.octo.test/) [b](https://y.test", "https://evil.test/#https://ghe.octo.test/",
    ):  # fmt: skip
        assert link("a", url, here) == "a"


@pytest.mark.parametrize(
    ("api", "page"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com"),
        ("https://ghe.test/api/v3", "https://ghe.test"),
        ("http://127.0.0.1:8080", "http://127.0.0.1"),
    ],
)
def test_pages_are_those_of_the_api(api: str, page: str) -> None:
    assert page in origins(api)
    assert origins("https://api.github.com") >= sanitize.GITHUB


def test_a_label_is_one_plain_line() -> None:
    assert label("--<b>won't\n fix@\u200b") == "bwon't fix"


def test_a_single_value_is_handed_on_as_it_is() -> None:
    for value in (
        "7",
        "true",
        "v1.2.3",
        "octo-org/widgets",
        "sha256:00ff",
        "https://github.com/o/r",
    ):
        assert quoted(value) == value


def test_text_for_the_next_worker_is_quoted_line_by_line_and_bounded() -> None:
    for text in many(10_000, 3):
        shown = quoted(text)
        if shown == text:
            assert re.fullmatch(r"\S*", text)
            continue
        first, *lines = shown.strip("\n").splitlines()
        assert first == QUOTED
        assert all(line.startswith(MARK) for line in lines)
        assert not re.search(
            r"\$\{|\{\{|\{%|<%|<\||(?<!\w)@[A-Za-z0-9]|[\u202a-\u202e\u200b]", shown
        )


def test_a_quotation_that_is_too_long_says_that_it_was_cut() -> None:
    lines = quoted("a b " * 20_000).strip().splitlines()

    assert len(lines[1]) == len(MARK) + 20_000
    assert lines[2] == "(The quotation was cut after 20000 characters.)"
