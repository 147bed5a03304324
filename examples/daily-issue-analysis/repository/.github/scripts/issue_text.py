"""Read an issue's text: what is prose, what is code, which language, how alike two texts are.

Everything here is linear in the length of the text, so that a body of 65,536 hostile
characters costs milliseconds.
"""

from __future__ import annotations

import math
import re
import unicodedata

MAX_CHARACTERS = 65_536
"""Longest body that GitHub takes; whatever is longer is cut."""

COMPARED_CHARACTERS = 4_000
"""Beginning of a body that is compared with other issues; a thousand of them are compared."""

MINIMUM_WORDS_TO_COMPARE = 5
"""Texts with fewer different words are alike by chance, and are not compared."""

ENGLISH = "English"

_PIECE = 1_000
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\uf8ff\ufff0-\uffff]")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)
_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_SENTENCE_END = re.compile(r"[.!?;:](?=\s|$)|\n\s*(?=[-*#>\n]|\d{1,4}[.)])")
_FLAT_WORD_LIMIT = 40

_FUNCTION_WORDS = {
    ENGLISH: "the and is to of in it that with for not when this are on have be but i from as",
    "German": "der die das und ist nicht ein eine mit auf wenn ich dem den zu beim nach wird es",
    "Spanish": "el la los las de que y en un una no se por con para es cuando al del pero",
    "French": "le la les des est et un une pas je il dans pour que sur avec quand du mais",
    "Portuguese": "o a os as de que e em um uma não para com quando do da mas ao é",
}
_STOP_WORDS = frozenset(" ".join(_FUNCTION_WORDS.values()).split())
_LANGUAGES = {name: frozenset(words.split()) for name, words in _FUNCTION_WORDS.items()}
_SCRIPTS = (
    ("Japanese", re.compile("[\u3040-\u30ff]")),
    ("Korean", re.compile("[\uac00-\ud7af]")),
    ("Chinese", re.compile("[\u3400-\u9fff]")),
    ("a language in Cyrillic script", re.compile("[\u0400-\u04ff]")),
    ("a language in Arabic script", re.compile("[\u0600-\u06ff]")),
    ("a language in Greek script", re.compile("[\u0370-\u03ff]")),
    ("a language in Hebrew script", re.compile("[\u0590-\u05ff]")),
    ("a language in an Indic script", re.compile("[\u0900-\u0dff]")),
    ("Thai", re.compile("[\u0e00-\u0e7f]")),
)


def visible(text: object) -> str:
    """Return the text as a person sees it: NFKC, without invisible or control characters.

    Anything but a string, such as the null body of an issue, becomes the empty string.
    """
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


def split_code(body: str) -> tuple[str, str]:
    """Split markdown into prose and fenced code, and leave HTML comments out of both.

    A fence that is never closed is prose: otherwise three backticks would hide all after them.
    """
    prose: list[str] = []
    code: list[str] = []
    block: list[str] = []
    fence = ""
    for line in body.split("\n"):
        found = _FENCE.match(line)
        if fence:
            block.append(line)
            if found and found.group(1).startswith(fence) and not found.group(2).strip():
                code += block[1:-1]
                prose.append("")
                fence = ""
        elif found:
            fence, block = found.group(1), [line]
        else:
            prose.append(line)
    prose += block if fence else []
    return _HTML_COMMENT.sub(" ", "\n".join(prose)).strip(), "\n".join(code)


def flatten(text: str) -> str:
    """Return lower-case words, one space apart, with ` . ` where a sentence or item ends.

    Patterns over this form need no nested repetition, so they cannot be made slow.
    """
    ended = _SENTENCE_END.sub(" \x1e ", text.lower().replace("'", "").replace("\u2019", ""))
    words = re.findall(r"[^\W_]+|\x1e", ended)
    line = " ".join("." if w == "\x1e" else w[:_FLAT_WORD_LIMIT] for w in words)
    return f" {line} "


def language(text: str) -> str:
    """Name the language, by script and by function words; empty when there is too little text."""
    sample = text[:COMPARED_CHARACTERS]
    letters = sum(1 for c in sample if c.isalpha())
    for name, script in _SCRIPTS:
        if len(script.findall(sample)) * 5 > letters > 0:
            return name
    words = [w.lower() for w in _WORD.findall(sample)][:400]
    hits = {name: sum(w in known for w in words) for name, known in _LANGUAGES.items()}
    best = max(hits, key=lambda name: (hits[name], name == ENGLISH))
    if hits[best] >= 3 and hits[best] * 8 >= len(words):  # noqa: PLR2004 - one word in eight
        return best
    return ENGLISH if hits[ENGLISH] or not words else ""


def words_of(text: str) -> list[str]:
    """Return the words that carry meaning; scripts without spaces give pairs of characters."""
    words: list[str] = []
    for word in _WORD.findall(text.lower()):
        if _CJK.fullmatch(word):
            words.extend(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        elif len(word) > 1 and word not in _STOP_WORDS:
            words.append(_stem(word))
    return words


def similarities(target: str, others: list[str]) -> list[float]:
    """Compare a text with others: cosine of word weights, rare words counting more.

    Returns:
        One number in [0, 1] for each of `others`, 0.0 where either text has too few words.
    """
    counted = [_count(words_of(text)) for text in [target, *others]]
    seen: dict[str, int] = {}
    for counts in counted:
        for word in counts:
            seen[word] = seen.get(word, 0) + 1
    rarity = {w: 1.0 + math.log((1 + len(counted)) / (1 + n)) for w, n in seen.items()}
    own = _weigh(counted[0], rarity)
    return [_cosine(own, _weigh(counts, rarity)) for counts in counted[1:]]


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 3:  # noqa: PLR2004 - keep a stem
            return word[: -len(ending)]
    return word


def _count(words: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return counts


def _weigh(counts: dict[str, int], rarity: dict[str, float]) -> dict[str, float]:
    return {word: (1.0 + math.log(n)) * rarity[word] for word, n in counts.items()}


def _cosine(left: dict[str, float], right: dict[str, float]) -> float:
    if min(len(left), len(right)) < MINIMUM_WORDS_TO_COMPARE:
        return 0.0
    shared = sum(weight * right[word] for word, weight in left.items() if word in right)
    norms = math.sqrt(sum(w * w for w in left.values()) * sum(w * w for w in right.values()))
    return min(1.0, shared / norms)
