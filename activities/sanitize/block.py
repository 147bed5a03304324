"""Untrusted text of many lines: its words, lists, headings, code and links to GitHub are kept."""

import re

from activities.sanitize.addresses import GITHUB, Origins, allowed
from activities.sanitize.one_line import ROOM, code, escaped
from contracts.hardening import harden

MAX_BLOCK = 20_000
MAX_LINES = 2_000

_LENGTH = "\n\n(The text was cut here.)"
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[^`]*")
_FENCED = {"`": "'''", "~": "---"}
"""What a fence's characters are shown as within another one."""
_BEGINS = re.compile(r"( {0,12})((?:#{1,6}|[-*+]|\d{1,9}[.)]|>) +)?")
_KEPT = re.compile(
    r"`(?P<code>[^`]{1,300})`"
    r"|(?<!!)\[(?P<text>[^\[\]`]{1,200})\]\((?P<url>https?://[^\s()<>`]{1,500})\)"
)
_COMMENT = re.compile(r"<!--|--!?>")
_ISSUE = re.compile(r"/(?:issues|pull|discussions|commit)/", re.IGNORECASE)


def block(text: object, limit: int = MAX_BLOCK, where: Origins = GITHUB) -> str:
    """Show untrusted text as paragraphs; nothing in it comes to life, and none of it is hidden.

    Args:
        text: anything; None shows as nothing.
        limit: longest text shown, in characters before escaping. A cut is told.
        where: what links may lead to. Issues are named and not linked, since a link would be a
            reference.
    """
    whole = str("" if text is None else text)
    hardened = _without_comments(harden(whole[: ROOM * limit])).strip("\n")
    lines = hardened[:limit].split("\n")
    cut = len(hardened) > limit or len(lines) > MAX_LINES or len(whole) > ROOM * limit
    shown: list[str] = []
    fence = ""
    for line in lines[:MAX_LINES]:
        if fence:
            closes = line.strip().startswith(fence) and not line.strip().strip(fence[0])
            shown.append("```" if closes else _in_fence(line))
            fence = "" if closes else fence
        elif found := _FENCE.fullmatch(line):
            fence = found[1]
            shown.append("```")  # whatever it calls itself: it is no result block
        else:
            shown.append(_line(line, where))
    if fence:
        shown.append("```")
    return "\n".join(shown) + (_LENGTH if cut else "")


def _in_fence(line: str) -> str:
    """Keep a line of code from ending its fence or beginning another, and from being a command.

    Renderers begin none within a fence; what looks for result blocks line by line may.
    """
    without = re.sub(r"^([\s>]*)(`{3,}|~{3,})", lambda found: found[1] + _FENCED[found[2][0]], line)
    return re.sub(r"^/", " /", without)


def _line(line: str, where: Origins) -> str:
    begins = _BEGINS.match(line)
    begin = begins.group() if begins else ""
    rest, shown, at = line[len(begin) :], [], 0
    for found in _KEPT.finditer(rest):
        if kept := _kept(found, where):
            shown += [escaped(rest[at : found.start()]), kept]
            at = found.end()
    text = "".join([*shown, escaped(rest[at:])])
    return begin + re.sub(r"^(\s*)([-+=/!.)]|\d{1,9}(?=[.)]))", _no_block, text)


def _no_block(found: re.Match[str]) -> str:
    """Keep a line from being a rule, an underline, a list that was not meant or a command."""
    return f"{found[1]}\\{found[2]}" if not found[2].isdecimal() else f"{found[1]}{found[2]}\\"


def _kept(found: re.Match[str], where: Origins) -> str:
    """Make code or a link of what was found; nothing where it is to be text like all else."""
    if found["code"] is not None:
        return code(found["code"])
    url = found["url"]
    if allowed(url, where) and not _ISSUE.search(url):
        return f"[{escaped(found['text'])}]({url})"
    return ""


def _without_comments(text: str) -> str:
    """Take comments out, however deep; one that never ends is no comment, and is shown."""
    kept, depth, at = [], 0, 0
    for found in _COMMENT.finditer(text):
        if found.group() == "<!--":
            if depth == 0:
                kept.append(text[at : found.start()])
                at = found.start()
            depth += 1
        elif depth:
            depth -= 1
            at = at if depth else found.end()
    return "".join(kept) + text[at:]
