"""An issue's text as a person sees it. All of this is linear in the length of the text."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

MAX_CHARACTERS = 65_536
"""Longest body that GitHub takes; whatever is longer is cut."""

_PIECE = 1_000
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\uf8ff\ufff0-\uffff]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)
_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})")
_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{3,40}")
_MARKS = re.compile(r"^[\s>#*+-]{1,20}|[`*_]{1,3}|\[|\]\([^)\s]{0,300}\)")
_COMMON = frozenset(
    [
        "the",
        "and",
        "for",
        "that",
        "with",
        "not",
        "when",
        "this",
        "are",
        "have",
        "but",
        "from",
        "was",
        "can",
        "you",
        "all",
        "any",
        "has",
        "how",
        "its",
        "just",
        "like",
        "one",
        "our",
        "out",
        "get",
        "would",
        "there",
        "their",
        "what",
        "which",
        "will",
        "your",
        "about",
        "into",
        "than",
        "then",
        "them",
        "they",
        "some",
        "could",
        "should",
        "does",
        "did",
        "been",
        "being",
        "also",
        "more",
        "only",
        "very",
        "after",
        "before",
        "where",
        "who",
        "why",
        "please",
        "thanks",
        "thank",
        "hello",
        "still",
        "want",
        "need",
        "use",
        "using",
        "used",
    ]
)


class IssueText:
    """Title and body of an issue, made visible.

    Attributes:
        title: on one line.
        body: without HTML comments, which nobody sees.
        prose: the body without what stands in fences.
        code: what stands in fences.
    """

    def __init__(self, issue: dict[str, Any]) -> None:
        self.title = one_line(issue.get("title"), 256)
        self.body = _HTML_COMMENT.sub(" ", visible(issue.get("body"))).strip()
        prose: list[str] = []
        code: list[str] = []
        block: list[str] | None = None
        for line in self.body.split("\n"):
            if not _FENCE.match(line):
                (prose if block is None else block).append(line)
            elif block is None:
                block = []
            else:
                code, block = code + block, None
        # A fence that is never closed hides nothing.
        self.prose, self.code = "\n".join(prose + (block or [])).strip(), "\n".join(code)

    @property
    def whole(self) -> str:
        """Title and prose."""
        return f"{self.title}\n{self.prose}"


def visible(text: object) -> str:
    """Return the text in NFKC, without invisible or control characters; "" for what is no text."""
    if not isinstance(text, str):
        return ""
    # In pieces, because ordering one long run of combining marks takes seconds.
    pieces = (text[at : at + _PIECE] for at in range(0, min(len(text), MAX_CHARACTERS), _PIECE))
    normal = "".join(unicodedata.normalize("NFKC", piece) for piece in pieces)
    return _CONTROL.sub(" ", _INVISIBLE.sub("", normal.replace("\r\n", "\n")))[:MAX_CHARACTERS]


def one_line(text: object, limit: int) -> str:
    """Return the visible text on one line, cut to `limit` characters."""
    line = " ".join(visible(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def plain(text: str, limit: int) -> str:
    """Return one line without markdown's marks."""
    return one_line(_MARKS.sub("", text), limit)


def words_of(text: str) -> set[str]:
    """Return the words that say something, without their commonest endings."""
    return {_stem(word) for word in _WORD.findall(text.lower()) if word not in _COMMON}


def _stem(word: str) -> str:
    for ending in ("ation", "ing", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) > 3:  # noqa: PLR2004 - keep a stem
            return word[: -len(ending)]
    return word


def label_names(issue: dict[str, Any]) -> list[str]:
    """Return the names of the labels that the issue has, in small letters."""
    labels = issue.get("labels") or []
    return [str(one.get("name") or "").lower() for one in labels if isinstance(one, dict)]
