"""Secrets in any text: tokens by their issuers' formats, keys, and values too random for words.

What is found is told by place and rule. The secret itself is never repeated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from rules import Finding

MAX_LINE = 20_000
"""Characters of one line that are looked at; minified files have endless ones."""

MIN_LINE = 7
"""No rule is broken in fewer characters: `eval(x)`."""

_FORMATS = (
    ("private-key", r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |PGP )?PRIVATE KEY(?: BLOCK)?-----"),
    ("github-token", r"\b(?:gh[opsru]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{50,251})\b"),
    ("aws-access-key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("stripe-live-key", r"\b[rs]k_live_[A-Za-z0-9]{20,99}\b"),
    ("package-token", r"\b(?:npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{40,251})\b"),
    ("slack-token", r"\bxox[abeoprs]-[A-Za-z0-9-]{20,251}\b"),
    ("google-api-key", r"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("json-web-token", r"\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,2000}\.[\w-]{20,2000}"),
)
_KNOWN = tuple((rule, re.compile(pattern)) for rule, pattern in _FORMATS)
_URL = re.compile(r"\b[a-z][a-z+]{1,20}://[^\s/:@\"'<>]{1,100}:([^\s/@\"'<>]{6,200})@[\w.-]")
_ASSIGNED = re.compile(
    r"(?:secret|token|passw(?:or)?d|passphrase|api_?-?key|private_?-?key|credential)"
    r"[\w.-]{0,40}[\"']?\]?\s{0,10}(?::=|=>|[:=])\s{0,10}([\"']?)([^\s\"'`<>]{16,200})(\1)",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"example|change.?me|placeholder|your[_-]|dummy|redacted|\*{3}|x{4}|\$\{|\{\{|%\(|\(|^\$",
    re.IGNORECASE,
)
_UNQUOTED_FILES = (".env", ".ini", ".cfg", ".conf", ".properties", ".toml", ".yml", ".yaml")
_LEAST_ENTROPY = 3.5
"""Bits per character; English words are near 3, random letters and digits above 4."""


def secrets_in(path: str, lines: list[str]) -> Iterator[Finding]:
    """Find secrets in a file's lines."""
    unquoted = path.lower().endswith(_UNQUOTED_FILES) or "/.env" in f"/{path.lower()}"
    for number, whole in enumerate(lines, 1):
        if len(whole) < MIN_LINE:
            continue
        line = whole[:MAX_LINE]
        taken: list[tuple[int, int]] = []
        for rule, start, end in _spans(line, unquoted=unquoted):
            # One secret is told once, by its most telling rule.
            if not any(start < last and first < end for first, last in taken):
                taken.append((start, end))
                yield Finding(number, start + 1, end + 1, rule)


def _spans(line: str, *, unquoted: bool) -> Iterator[tuple[str, int, int]]:
    for rule, pattern in _KNOWN:
        for found in pattern.finditer(line):
            yield rule, found.start(), found.end()
    for found in _URL.finditer(line):
        if not _NO_SECRET.search(found.group(1)):
            yield "url-password", found.start(1), found.end(1)
    for found in _ASSIGNED.finditer(line):
        quoted, value = bool(found.group(1)), found.group(2)
        if (quoted or unquoted) and _is_random(value):
            yield "secret-assignment", found.start(2), found.end(2)


def _is_random(value: str) -> bool:
    kinds = [any(test(c) for c in value) for test in (str.isdigit, str.islower, str.isupper)]
    if sum(kinds) < 2 or _NO_SECRET.search(value) or "://" in value:  # noqa: PLR2004 - words have one kind
        return False
    return entropy(value) >= _LEAST_ENTROPY


def entropy(text: str) -> float:
    """Measure bits per character by how often each one occurs."""
    counts = [text.count(character) for character in set(text)]
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
