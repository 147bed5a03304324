#!/usr/bin/env python3
"""Look for secrets and risky calls in the app and in one release of it.

VERSION=1.5.0 scan_release.py

A finding names file, line and kind; a secret itself is never shown. What it cannot do: it knows
the shapes of secrets and the names of calls, not what the code means.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import deployment_result as worker

MAX_FILE_BYTES = 1024 * 1024
MAX_FINDINGS = 50
_LOWEST_ENTROPY = 3.5
"""Bits per character; words of people stay below, random keys are above."""

_SECRETS = {
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "cloud access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{50,})"),
}
_ASSIGNED = re.compile(
    r"(?i)\b\w*(?:secret|token|passw(?:or)?d|api_?key)\w*[\"']?\s*[:=]\s*[\"']([^\"'\s]{16,200})[\"']"
)
_RISKY_CALLS = {
    "eval": "runs text as code",
    "exec": "runs text as code",
    "os.system": "runs a shell",
    "os.popen": "runs a shell",
    "pickle.load": "runs what the data says",
    "pickle.loads": "runs what the data says",
    "marshal.loads": "runs what the data says",
    "yaml.load": "runs what the data says",
}
_RISKY_SCRIPT = {
    "runs text as code": re.compile(r"\b(?:eval|new Function)\s*\("),
    "puts text into the page as markup": re.compile(r"\.innerHTML\s*=|\bdocument\.write\s*\("),
    "loads a script without encryption": re.compile(r"<script[^>]+src=[\"']http:", re.IGNORECASE),
}


def job() -> worker.Done:
    """Scan; any finding is a failure."""
    version = worker.version()
    folders = [worker.ROOT / "app", worker.ROOT / "releases" / version]
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    files = [path for path in files if "__pycache__" not in path.parts]
    skipped = [path for path in files if path.stat().st_size > MAX_FILE_BYTES]
    found = [one for path in files if path not in skipped for one in findings(path)]
    counts = Counter(one["severity"] for one in found)
    outputs = {
        "version": version,
        "files": len(files),
        "not_read": [path.relative_to(worker.ROOT).as_posix() for path in skipped][:20],
        "findings": found[:MAX_FINDINGS],
        "findings_omitted": max(0, len(found) - MAX_FINDINGS),
        "by_severity": {name: counts[name] for name in ("critical", "high")},
    }
    if found:
        lines = [f"{one['path']}:{one['line']}: {one['kind']}" for one in found]
        told = f"{counts['critical']} secrets and {counts['high']} risky calls in {version}"
        raise worker.Stop("findings", told, outputs, lines)
    return worker.Done(f"nothing found in {len(files)} files", outputs, {"files": len(files)})


def findings(path: Path) -> Iterator[dict[str, Any]]:
    """Yield what is wrong with one file, secrets first."""
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        for kind in _secrets(line):
            yield _finding(path, number, "critical", kind)
    if path.suffix == ".py":
        for number, kind in _python_calls(text):
            yield _finding(path, number, "high", kind)
    if path.suffix in (".js", ".mjs", ".html", ".htm"):
        for number, line in enumerate(text.splitlines(), start=1):
            for kind in [kind for kind, shape in _RISKY_SCRIPT.items() if shape.search(line)]:
                yield _finding(path, number, "high", kind)


def _secrets(line: str) -> Iterator[str]:
    for kind, shape in _SECRETS.items():
        if shape.search(line):
            yield kind
    for value in _ASSIGNED.findall(line):
        known = any(shape.search(value) for shape in _SECRETS.values())
        if _entropy(value) >= _LOWEST_ENTROPY and not known:
            yield "secret in the source"


def _entropy(text: str) -> float:
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)


def _python_calls(text: str) -> Iterator[tuple[int, str]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        yield 1, "is no Python, and was not looked through"
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        named = {word.arg: ast.unparse(word.value) for word in node.keywords}
        if named.get("shell") == "True":
            yield node.lineno, f"{name} runs a shell"
        elif name in _RISKY_CALLS and "Safe" not in named.get("Loader", ""):
            yield node.lineno, f"{name} {_RISKY_CALLS[name]}"


def _finding(path: Path, line: int, severity: str, kind: str) -> dict[str, Any]:
    where = path.relative_to(worker.ROOT).as_posix()
    return {"path": where, "line": line, "severity": severity, "kind": kind}


if __name__ == "__main__":
    worker.main("security-validator", job)
