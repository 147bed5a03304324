"""Untrusted text on one line: in a sentence, a table, a title, a label or a link."""

import re
from collections.abc import Callable

from activities.sanitize.addresses import GITHUB, Origins, allowed
from contracts.base import clip
from contracts.hardening import harden

MAX_INLINE = 200
MAX_TITLE, MAX_LABEL = 256, 50
"""GitHub's own limits."""
ROOM = 8
"""So many characters are looked at for each that may be shown: hidden ones take room too."""

_SPACE = re.compile(r"\s+")
_LIVE = re.compile(
    r"""
    (?:[a-z][a-z0-9+.-]{0,20}://|www\.|mailto:|xmpp:)[^\s`]*   # links
  | [\w.-]{0,100}(?:/[\w.-]{1,100})?\#\d{1,10}                # 1, o/r references with a number
  | [\w.+-]{0,64}@[\w.-][\w./-]{0,100}                         # mentions and addresses
    """,
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"(?<!\w)(?:GH-\d+|[0-9a-f]{7,40})(?!\w)", re.IGNORECASE)
"""References and commits that stand alone."""
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~&$@])")
_BEGINS_BLOCK = re.compile(r"^(\d{0,9})([-+=/!.)])")
_LIVE_PLAIN = re.compile(r"@(?=\w)|#(?=\d)|(?<=GH)-(?=\d)|:(?=//)", re.IGNORECASE)
_ENTITIES = {r"\<": "&lt;", r"\>": "&gt;", r"\&": "&amp;"}


def inline(text: object, limit: int = MAX_INLINE) -> str:
    """Show untrusted text on one line, in a table or a sentence; nothing in it comes to life.

    Args:
        text: anything; None shows as nothing.
        limit: longest text shown, in characters before escaping.
    """
    return _BEGINS_BLOCK.sub(r"\1\\\2", escaped(_plain(text, limit)))


def escaped(plain: str) -> str:
    """Escape hardened text on one line, and put what GitHub would bring to life into code."""
    # A code span ends a word, so these are looked for in what is left between them.
    return _in_code(_LIVE, plain, lambda text: _in_code(_WORD, text, _escape))


def _in_code(what: re.Pattern[str], text: str, between: Callable[[str], str]) -> str:
    shown, at = [], 0
    for found in what.finditer(text):
        shown += [between(text[at : found.start()]), code(found.group())]
        at = found.end()
    return "".join([*shown, between(text[at:])])


def code(text: str) -> str:
    """Make a code span, in which GitHub finds nothing; `|` would still end a table cell."""
    return "`" + text.replace("`", "'").replace("|", "/") + "`"


def title(text: object, limit: int = MAX_TITLE) -> str:
    """Show untrusted text as a title, which GitHub does not render, but puts into commits."""
    return clip(_LIVE_PLAIN.sub(r"\g<0> ", _plain(text, limit)), limit)


def label(text: object) -> str:
    """Name a label; nothing that a page or a query of labels would act on."""
    return re.sub(r"[<>@]", "", _plain(text, MAX_LABEL)).strip().lstrip("-")


def link(text: object, url: str, where: Origins = GITHUB) -> str:
    """Show untrusted text as a link, where the address is GitHub's own; else without one."""
    shown = inline(text, 120)
    return f"[{shown}]({url})" if allowed(url, where) else shown


def login(text: str) -> str:
    """Let a login or team (`owner/team`) through, and nothing else."""
    name = text.removeprefix("@")
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}(/[\w.-]{1,100})?", name) else ""


def _plain(text: object, limit: int) -> str:
    hardened = harden(str("" if text is None else text)[: ROOM * limit])
    return clip(_SPACE.sub(" ", hardened).strip(), limit)


def _escape(text: str) -> str:
    return _MARKDOWN.sub(lambda one: _ENTITIES.get(f"\\{one[1]}", f"\\{one[1]}"), text)
