"""Risky lines in files other than Python, by pattern; comments are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules import Finding
from secret_rules import MAX_LINE, MIN_LINE

_SCRIPT = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs")
_STRANGER = (
    r"github\.(?:event\.(?:issue|pull_request|comment|review|discussion|head_commit)"
    r"\.(?:title|body|message|head\.ref|head\.label)|head_ref)"
)
_PATTERNS = (
    ("script", "javascript-eval", r"\b(?:eval|new\s{1,9}Function)\s{0,9}\((?!\s{0,9}\))"),
    ("script", "javascript-no-tls-check", r"\brejectUnauthorized[\"']?\s{0,9}:\s{0,9}false\b"),
    (
        "script",
        "javascript-inner-html",
        r"\.innerHTML\s{0,9}\+?=(?!=)(?!\s{0,9}(?:\"[^\"+]*\"|'[^'+]*');?\s*$)",
    ),
    ("workflow", "workflow-injection", r"\$\{\{[^}]{0,200}" + _STRANGER + r"[^}]{0,200}\}\}"),
    ("docker", "docker-unpinned-image", r"^\s{0,9}FROM\s{1,9}[\w./-]{1,200}:latest\b"),
)
_COMPILED = tuple((kind, rule, re.compile(pattern)) for kind, rule, pattern in _PATTERNS)
_COMMENTS = {"script": ("//", "*", "/*"), "workflow": ("#",), "docker": ("#",)}
_STEP_VALUE = re.compile(r"\s{0,80}(?:- )?[\w-]{1,80}:\s")
_STEP_SCRIPT = re.compile(r"\s{0,80}(?:- )?(?:run|script):\s")


def risks_in(path: str, lines: list[str]) -> Iterator[Finding]:
    """Find risky lines, by what kind of file the path names."""
    kind = _kind(path.lower())
    if not kind:
        return
    for number, whole in enumerate(lines, 1):
        line = whole[:MAX_LINE]
        if len(line) < MIN_LINE:
            continue
        if line.lstrip().startswith(_COMMENTS[kind]) or _is_safe_value(kind, line):
            continue
        for of_kind, rule, pattern in _COMPILED:
            if of_kind == kind:
                for found in pattern.finditer(line):
                    yield Finding(number, found.start() + 1, found.end() + 1, rule)


def _kind(path: str) -> str:
    if path.endswith(_SCRIPT):
        return "script"
    if path.startswith(".github/") and path.endswith((".yml", ".yaml")):
        return "workflow"
    if path.rsplit("/", 1)[-1].startswith("dockerfile") or path.endswith(".dockerfile"):
        return "docker"
    return ""


def _is_safe_value(kind: str, line: str) -> bool:
    """Whether a line gives a value to a key that is no script, as in `env`."""
    return kind == "workflow" and bool(_STEP_VALUE.match(line)) and not _STEP_SCRIPT.match(line)
