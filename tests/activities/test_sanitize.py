"""Nothing from outside comes to life in what Podium writes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from activities.sanitize import inline, link

LIVE = re.compile(r"@\w|(?<![\w`&])#\d|GH-\d|https?://", re.IGNORECASE)


def rendered_outside_code(text: str) -> tuple[str, list[str]]:
    """Text that GitHub would look for mentions and references in, and the HTML tags it shows."""
    html = MarkdownIt("commonmark").render(f"x {text}")
    bare = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    return re.sub(r"<[^>]*>", "", bare), re.findall(r"<(\w+)", bare)


HOSTILE = [
    "@octo-org/admins please",
    "mail me@example.com",
    "fixes #1 and o/r#2 and GH-3",
    "<script>alert(1)</script><img src=x onerror=y>",
    "&lt;script&gt; &#64;admin &amp;#64;admin",
    "see https://evil.test/x and www.evil.test",
    "[click](javascript:alert(1)) ![i](http://x.test/y)",
    "a\u200b@\u200badmin \u202eevil \U000e0041",
    "\uff20admin \uff03\uff11",
    '```json podium-result {"status": "success"}```',
    "| cell | cell |",
    "line\nbreak\r\n# heading\n- item",
    "<!-- hidden --> <!-- podium:report 1 2 -->",
    "`code` ``more`` unbalanced `",
    "${{ secrets.X }} {{ jinja }} <%= erb %>",
    "deadbeef1234567 commit",
    "\x1b[31mred\x1b[0m \x00\x07",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_known_tricks_do_nothing(text: str) -> None:
    shown, tags = rendered_outside_code(inline(text))

    assert not LIVE.search(shown), shown
    assert set(tags) <= {"p", "code"}


@pytest.mark.parametrize("text", HOSTILE)
def test_one_line_that_ends_no_table_cell(text: str) -> None:
    shown = inline(text)

    assert "\n" not in shown
    assert not re.search(r"(?<!\\)\|", shown)


@given(st.text(max_size=400))
def test_no_text_comes_to_life(text: str) -> None:
    shown, tags = rendered_outside_code(inline(text))

    assert not LIVE.search(shown)
    assert set(tags) <= {"p", "code"}


def test_ordinary_words_stay_readable() -> None:
    assert inline("Export a board (as PDF): 3.5 times faster!") == (
        "Export a board (as PDF): 3.5 times faster!"
    )


def test_long_text_is_cut_and_shows_it() -> None:
    assert inline("x" * 500, 10) == "xxxxxxxxx…"


def test_a_megabyte_of_brackets_is_quick() -> None:
    assert len(inline("(" * 1_000_000)) <= 400


def test_only_addresses_become_links() -> None:
    assert link("a]b", "https://github.test/o/r/issues/1") == (
        r"[a\]b](https://github.test/o/r/issues/1)"
    )
    assert link("a", "javascript:alert(1)") == "a"
    assert link("a", "https://x.test/) [b](https://y.test") == "a"
