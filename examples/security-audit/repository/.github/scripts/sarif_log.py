"""The findings as a SARIF 2.1.0 log, as GitHub's code scanning reads it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from line_hashes import line_hashes
from repository_files import Commit
from rules import RULES, Finding, Rule

TOOL = "security-scanner"
VERSION = "1.0.0"
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 5_000
"""As many as GitHub keeps of one run."""

_INDEX = {rule: number for number, rule in enumerate(RULES)}


def sarif_log(
    commit: Commit, findings: dict[str, list[Finding]], texts: dict[str, str]
) -> dict[str, Any]:
    """Make the log of one scan; the same commit gives the same log, byte for byte.

    Args:
        commit: what was scanned.
        findings: by path.
        texts: of the files that have findings, by path.
    """
    results: list[dict[str, Any]] = []
    for path in sorted(findings):
        hashes = line_hashes(texts[path])
        results += [_result(path, one, hashes[one.line - 1]) for one in sorted(findings[path])]
    run = {
        "tool": {
            "driver": {
                "name": TOOL,
                "semanticVersion": VERSION,
                "rules": [_rule(rule) for rule in RULES.values()],
            }
        },
        # What precedes the last slash is the category: one per repository.
        "automationDetails": {"id": f"{TOOL}/{commit.repository}/"},
        "versionControlProvenance": [
            {"repositoryUri": commit.url, "revisionId": commit.sha, "branch": commit.branch}
        ],
        "columnKind": "utf16CodeUnits",
        "results": results[:MAX_RESULTS],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.split("-")),
        "shortDescription": {"text": rule.about},
        "fullDescription": {"text": f"{rule.about} {rule.advice}"},
        "help": {"text": rule.advice, "markdown": f"{rule.about}\n\n{rule.advice}"},
        "defaultConfiguration": {"level": rule.level},
        "properties": {
            "precision": "high",
            "security-severity": f"{rule.score:.1f}",
            "tags": ["security", f"external/cwe/cwe-{rule.cwe:03d}"],
        },
    }


def _result(path: str, finding: Finding, line_hash: str) -> dict[str, Any]:
    rule = RULES[finding.rule]
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.line,
        "endColumn": finding.end_column,
    }
    place = {"artifactLocation": {"uri": quote(path)}, "region": region}
    return {
        "ruleId": rule.id,
        "ruleIndex": _INDEX[rule.id],
        "level": rule.level,
        "message": {"text": f"{rule.about} {rule.advice}"},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"primaryLocationLineHash": line_hash},
    }
