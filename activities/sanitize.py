"""Untrusted text, made safe to show inside markdown that Podium writes.

Escaping alone is not enough on GitHub: it looks for mentions and references in the rendered
text, where a backslash is gone. So whatever GitHub would bring to life goes into code spans, and
everything else that markdown would act on is escaped. Linear in the length of the text.
"""

import html
import re
import unicodedata

from contracts.base import clip

MAX_INLINE = 200

_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_ANSI = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SPACE = re.compile(r"\s+")
_LIVE = re.compile(
    r"""
    (?:[a-z][a-z0-9+.-]{0,20}://|www\.|mailto:)[^\s`]{1,300}   # links
  | [\w.-]{0,100}(?:/[\w.-]{1,100})?\#\d{1,10}                # 1, o/r references with a number
  | \bGH-\d{1,10}\b
  | [\w.+-]{0,64}@[\w][\w./-]{0,100}                          # mentions and addresses
  | \b[0-9a-f]{7,40}\b                                        # commits
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&$@])")
_BEGINS_BLOCK = re.compile(r"^(\d{0,9})([-+=!.)])")
_MAX_DECODES = 4


def harden(text: str) -> str:
    """Undo what hides text from filters: entities, however often encoded, and odd Unicode."""
    for _ in range(_MAX_DECODES):
        decoded = html.unescape(text)
        if decoded == text:
            break
        text = decoded
    text = _ANSI.sub("", unicodedata.normalize("NFKC", text))
    return _CONTROL.sub(" ", _HIDDEN.sub("", text))


def inline(text: object, limit: int = MAX_INLINE) -> str:
    """Show untrusted text on one line, in a table or a sentence; nothing in it comes to life.

    Args:
        text: anything; None shows as nothing.
        limit: longest text shown, in characters before escaping.
    """
    plain = _SPACE.sub(" ", harden(str("" if text is None else text)[: 8 * limit])).strip()
    plain = clip(plain, limit)
    shown, at = [], 0
    for found in _LIVE.finditer(plain):
        shown += [_escape(plain[at : found.start()]), _code(found.group())]
        at = found.end()
    return _BEGINS_BLOCK.sub(r"\1\\\2", "".join([*shown, _escape(plain[at:])]))


def _escape(text: str) -> str:
    escaped = _MARKDOWN.sub(r"\\\1", text)
    return escaped.replace(r"\<", "&lt;").replace(r"\>", "&gt;").replace(r"\&", "&amp;")


def _code(text: str) -> str:
    """A code span, in which GitHub finds nothing; `|` would still end a table cell."""
    return "`" + text.replace("`", "'").replace("|", "/") + "`"


def link(text: object, url: str) -> str:
    """Show untrusted text as a link to an address that GitHub gave."""
    shown = inline(text, 120)
    if not re.fullmatch(r"https?://[\w.:/#?=&%-]+", url):
        return shown
    return f"[{shown}]({url})"


def login(text: str) -> str:
    """Let a login or team (`owner/team`) through, and nothing else."""
    name = text.removeprefix("@")
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}(/[\w.-]{1,100})?", name) else ""
