"""What would come to life on GitHub, told by its own renderer and by rules that sanitising knows not.

The markdown is rendered with GitHub's fork of cmark. GitHub looks for mentions and references in the
text of what was rendered, outside code and links.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import cmarkgfm  # type: ignore[import-untyped]
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]

PAGES = frozenset({"github.com", "github.test", "127.0.0.1"})
TAGS = frozenset(
    [
        "a",
        "br",
        "code",
        "del",
        "details",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "img",
        "input",
        "li",
        "ol",
        "p",
        "pre",
        "strong",
        "summary",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
        "blockquote",
        "section",
        "sup",
    ]
)
_MENTION = re.compile(r"(?:^|[^\w`])@[A-Za-z0-9][A-Za-z0-9-]*(?:/[\w.-]+)?")
_REFERENCE = re.compile(r"(?:^|[^\w&])#\d+\b|\b[\w.-]+/[\w.-]+#\d+\b|\bGH-\d+\b", re.IGNORECASE)
_COMMIT = re.compile(r"(?:^|[^\w@/-])[0-9a-f]{7,40}(?!\w)")
_ISSUE = re.compile(r"/(?:issues|pull)/\d+", re.IGNORECASE)
_CLOSING = re.compile(
    r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:[\w./-]*#|GH-|https?://\S+/)\d+\b",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"^/[a-z]", re.MULTILINE)
_BLOCK = re.compile(r"^[ >]*(`{3,}|~{3,})[ \t]*json[ \t]+podium-result", re.MULTILINE)
_HIDDEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")


@dataclass
class _Reader(HTMLParser):
    """Reads rendered HTML; `found` is what is alive in it."""

    pages: frozenset[str]
    found: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.found.append(f"tag {tag}")
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "title", "srcset"):
                self.found.append(f"attribute {name}")
            if name in ("href", "src") and not self._is_ours(value or ""):
                self.found.append(f"address {value}")
        if tag in ("a", "code", "pre"):
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            self.inside.remove(tag)

    def handle_data(self, data: str) -> None:
        if self.inside and self.inside != ["a"]:
            return
        rules = {"mention": _MENTION, "reference": _REFERENCE, "commit": _COMMIT}
        rules["closing"] = _CLOSING
        for what, rule in rules.items():
            self.found += [f"{what} {one.group()!r}" for one in rule.finditer(data)]

    def handle_comment(self, data: str) -> None:
        self.found.append(f"comment {data!r}")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"declaration {decl!r}")

    def handle_pi(self, data: str) -> None:
        self.found.append(f"instruction {data!r}")

    def _is_ours(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and (parts.hostname or "") in self.pages


def alive(markdown: str, *, pages: frozenset[str] = PAGES, ours: tuple[str, ...] = ()) -> list[str]:
    """Name what GitHub would bring to life, or hide, in a body.

    Args:
        markdown: of an issue, a comment or a pull request.
        pages: hosts that links may lead to.
        ours: parts of it that are meant to be alive, such as Podium's own mark.
    """
    for one in ours:
        markdown = markdown.replace(one, "")
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    reader = _Reader(pages)
    reader.feed(html)
    reader.close()
    raw = {"command": _COMMAND, "result block": _BLOCK, "hidden": _HIDDEN}
    return reader.found + [what for what, rule in raw.items() if rule.search(markdown)]


def alive_in_title(title: str) -> list[str]:
    """Name what a commit that repeats a title would bring to life; no markdown is rendered there."""
    rules = {"mention": _MENTION, "reference": _REFERENCE, "closing": _CLOSING, "hidden": _HIDDEN}
    return [what for what, rule in rules.items() if rule.search(title)] + (
        ["line"] if "\n" in title else []
    )
