"""How clear an issue is: a share of the points that its kind needs, and what is missing."""

from __future__ import annotations

import re

import issue_text

ENOUGH_WORDS = 30
"""Words of prose that earn all points for length."""

_MINIMUM_TITLE_WORDS = 3
_MINIMUM_ITEMS = 2
_MINIMUM_CHARACTERS = 12

_VAGUE = {"help", "bug", "issue", "problem", "error", "question", "urgent", "broken", "please"}
_LIST_ITEM = re.compile(r"^[ \t]{0,12}(?:\d{1,4}[.)]|[-*])[ \t]{1,8}\S", re.MULTILINE)
_STEPS = re.compile(
    r"(?:steps to reproduce|how to reproduce|to reproduce|repro(?:duction)? steps)[^\w\n]{0,10}\n\s{0,20}[^#\s]",
    re.IGNORECASE,
)
_WHEN = re.compile(r" (?:when|after|if|once|every time) (?:i|we|you|the|a|an|it|two|\w+ing) ")
_EXPECTED = re.compile(
    r" expect(?:ed|s)? | should (?:have|be|not|return|show|keep|open|say|stay|match|write) "
)
_ACTUAL = re.compile(
    r" (?:actual|actually|instead|observed|what happens|gives|returns|shows|get|got) "
)
_VERSION = re.compile(
    r"(?<![\d.])v?\d{1,4}\.\d{1,4}(?:\.\d{1,6})?(?:[-+][\w.]{1,30})?(?![\d.]{0,20}\.\d)"
)
_ERROR_TEXT = re.compile(
    r"Traceback|Exception|\w{1,60}Error\b|\berror[:\[ ]|panic:|\bHTTP[ /]?[\d. ]{0,8}[45]\d\d\b|"
    r"\b[45]\d\d (?:Internal|Bad|Not|Forbidden|Gateway|Service|Too)|^[ \t]{1,40}at [^\n]{1,300}:\d|exit(?:ed)? (?:code|with)",
    re.IGNORECASE | re.MULTILINE,
)
_REASON = re.compile(
    r" (?:because|since|so that|in order to|currently|today|at the moment|right now|use case|"
    r"we (?:have|need|use|want)|i (?:have|need|use|want)|our (?:team|users|customers)) "
)
_WISH = re.compile(
    r" (?:would|should|could|please|propose|proposal|suggest|allow|add|support|option) "
)
_PLACE = re.compile(
    r"https?://|\b[\w-]{1,60}/[\w./-]|\b\w{1,60}\.(?:md|rst|html|yml|yaml|json|py|toml|js)\b|"
    r"\b(?:page|section|chapter|README|paragraph)\b",
    re.IGNORECASE,
)
_FLAW = re.compile(
    r" (?:wrong|missing|outdated|typos?|should (?:be|say)|instead|broken|unclear|old|incorrect|"
    r"no longer|does not (?:say|exist|mention)|says|still|contradicts) "
)
Points = list[tuple[float, float, str]]
# Each: its weight, the share of it earned in [0, 1], and what its lack is called.

_LACKING_BELOW = 0.5

_ASKS = re.compile(r"\?|\uff1f")


def judge(title: str, prose: str, code: str, kind: str, spoken: str) -> tuple[float, list[str]]:
    """Score the clarity of an issue.

    Args:
        title: visible text.
        prose: visible text of the body without code.
        code: the fenced code of the body.
        kind: what it asks for, or empty.
        spoken: its language; wording is judged in English only, structure in every language.

    Returns:
        The clarity in [0, 1], and what is missing, most telling first; what is missing is
        empty for other languages, where absent words prove nothing.
    """
    points = _length_points(title, prose)
    if spoken and spoken != issue_text.ENGLISH:
        found = points + _structure_points(prose, code)
        return _share(found), []
    flat = issue_text.flatten(prose)
    judged = {
        "bug": _bug_points,
        "enhancement": _enhancement_points,
        "documentation": _documentation_points,
        "question": _question_points,
    }.get(kind, _unknown_points)
    found = judged(flat, prose, code) + points
    return _share(found), [name for _, earned, name in found if earned < _LACKING_BELOW]


def _share(points: Points) -> float:
    return sum(weight * earned for weight, earned, _ in points) / sum(w for w, _, _ in points)


def _length_points(title: str, prose: str) -> Points:
    telling = [word for word in issue_text.words_of(title) if word not in _VAGUE]
    words = len(set(issue_text.words_of(prose[:20_000])))
    return [
        (0.10, float(len(telling) >= _MINIMUM_TITLE_WORDS), "a title that says what it is about"),
        (0.20, min(1.0, words / ENOUGH_WORDS), "a description"),
    ]


def _has_steps(prose: str) -> bool:
    return bool(_STEPS.search(prose)) or len(_LIST_ITEM.findall(prose)) >= _MINIMUM_ITEMS


def _bug_points(flat: str, prose: str, code: str) -> Points:
    steps = 1.0 if _has_steps(prose) else 0.6 if _WHEN.search(flat) else 0.0
    error = bool(_ERROR_TEXT.search(code) or _ERROR_TEXT.search(prose))
    return [
        (0.25, steps, "steps to reproduce"),
        (0.20, float(bool(_EXPECTED.search(flat))), "expected behaviour"),
        (0.10, float(error or bool(_ACTUAL.search(flat))), "actual behaviour or error text"),
        (0.15, float(bool(_VERSION.search(prose) or _VERSION.search(code))), "version"),
    ]


def _enhancement_points(flat: str, prose: str, code: str) -> Points:
    example = bool(code) or len(_LIST_ITEM.findall(prose)) >= _MINIMUM_ITEMS or "example" in flat
    return [
        (0.30, float(bool(_REASON.search(flat))), "the need behind it"),
        (0.25, float(bool(_WISH.search(flat))), "the change that is wanted"),
        (0.15, float(example), "an example or acceptance criteria"),
    ]


def _documentation_points(flat: str, prose: str, code: str) -> Points:
    flaw = bool(_FLAW.search(flat)) or (bool(code) and bool(flat.strip()))
    return [
        (0.35, float(bool(_PLACE.search(prose))), "the page or file"),
        (0.35, float(flaw), "what is wrong with it"),
    ]


def _question_points(flat: str, prose: str, code: str) -> Points:
    context = bool(code) or bool(_REASON.search(flat)) or bool(_VERSION.search(prose))
    asks = bool(_ASKS.search(prose)) and len(flat) >= _MINIMUM_CHARACTERS
    return [
        (0.35, float(context), "what it is for"),
        (0.35, float(asks), "the question itself"),
    ]


def _unknown_points(flat: str, prose: str, code: str) -> Points:
    shaped = bool(code) or len(_LIST_ITEM.findall(prose)) >= _MINIMUM_ITEMS
    return [
        (0.50, 0.0, "what is asked for"),
        (0.20, float(shaped or bool(_REASON.search(flat))), "an example"),
    ]


def _structure_points(prose: str, code: str) -> Points:
    return [
        (0.25, float(len(_LIST_ITEM.findall(prose)) >= _MINIMUM_ITEMS), "a list of steps"),
        (0.25, float(bool(_VERSION.search(prose) or _VERSION.search(code))), "version"),
        (0.20, float(bool(code) or bool(_ERROR_TEXT.search(prose))), "code or error text"),
    ]
