#!/usr/bin/env python3
"""Scan one repository for secrets and risky calls; write result.json and the folder sarif.

Everything comes from the environment of a GitHub Actions job, or from options when it is run
by hand:

    GITHUB_TOKEN=... scan_repository.py --repository octo-org/widgets

Exit codes: 0 for success and partial, 1 for failure, 2 for options that are wrong.
Needs Python 3.9 or later and nothing else. It writes nothing to GitHub.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import secret_rules
import text_rules
from github_api import GitHubApi, GitHubError
from python_rules import UnreadableError
from python_rules import risks_in as python_risks
from repository_files import BeyondLimitError, Commit, Files, newest_commit
from rules import RULES, SEVERITIES, Finding
from sarif_log import MAX_RESULTS, sarif_log

WORKER = "security-scanner"
DISPATCH_ID_LIMIT = 200
MESSAGE_LIMIT = 500
MAX_ERRORS = 20
TOP_RULES = 5
MAX_PASSED_ALONG = 5
"""SARIF files of the repository's own that are passed along."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_LINE_END = re.compile(r"\r\n|\r|\n")


class Stop(Exception):  # noqa: N818 - told in the result
    """The scan cannot be done."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def main(arguments: list[str] | None = None) -> int:
    """Run the worker, write its files, and return the exit code."""
    options = _options(arguments)
    began = time.monotonic()
    result = _blank(options)
    shutil.rmtree(options.sarif, ignore_errors=True)
    # A job that is killed half-way leaves this; its upload step runs all the same.
    _write(Path(options.result), result | _failed("interrupted", "the worker did not finish"))
    api = None
    try:
        api = _api()
        _scan(result, api, _repository(options.repository), Path(options.sarif))
    except Stop as stop:
        result.update(_failed(stop.code, str(stop)))
    except BeyondLimitError as error:
        result.update(_failed("over-limit", f"not scanned: {error}"))
    except GitHubError as error:
        result.update(_failed("not-found" if error.status == 404 else "github", str(error)))  # noqa: PLR2004
    except Exception as error:  # noqa: BLE001 - whatever happens, the caller gets a result
        result.update(_failed("internal", f"{type(error).__name__}: {error}"))
    result["metrics"]["duration_seconds"] = round(time.monotonic() - began, 3)
    result["metrics"]["api_calls"] = api.calls if api else 0
    _write(Path(options.result), result)
    print(f"{result['status']}: {result['summary']}")
    return 1 if result["status"] == "failure" else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    env = os.environ
    parser = argparse.ArgumentParser(description="Scan one repository for secrets and risky calls.")
    parser.add_argument("--repository", default=env.get("TARGET_REPOSITORY", ""), help="OWNER/NAME")
    parser.add_argument(
        "--dispatch-id", default=env.get("DISPATCH_ID", ""), help="given back in the result"
    )
    parser.add_argument("--result", default="result.json", help="file to write (%(default)s)")
    parser.add_argument("--sarif", default="sarif", help="folder to write anew (%(default)s)")
    return parser.parse_args(arguments)


def _blank(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "protocol": "podium/v1",
        "dispatch_id": options.dispatch_id[:DISPATCH_ID_LIMIT],
        "worker": WORKER,
        "run_id": _environment_number("GITHUB_RUN_ID", 0),
        "run_attempt": _environment_number("GITHUB_RUN_ATTEMPT", 1),
        "status": "success",
        "summary": "",
        "outputs": {},
        "errors": [],
        "metrics": {},
    }


def _environment_number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else default


def _failed(code: str, message: str) -> dict[str, Any]:
    said = " ".join(message.split())[:MESSAGE_LIMIT]
    errors = [{"code": code, "message": said}]
    return {"status": "failure", "summary": said, "outputs": {}, "errors": errors}


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _repository(text: str) -> str:
    if not _NAME.fullmatch(text.strip()):
        raise Stop("bad-input", f"repository must be OWNER/NAME, it is {text.strip()[:80]!r}")
    return text.strip()


def _api() -> GitHubApi:
    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise Stop("bad-environment", "set GITHUB_TOKEN")
    return GitHubApi(os.environ.get("GITHUB_API_URL") or "https://api.github.com", token)


def _scan(result: dict[str, Any], api: GitHubApi, repository: str, folder: Path) -> None:
    commit = newest_commit(api, repository)
    files = Files(api, commit)
    findings: dict[str, list[Finding]] = {}
    texts: dict[str, str] = {}
    passed: dict[str, bytes] = {}
    scanned = 0
    for path, content in files:
        scanned += 1
        if path.lower().endswith(".sarif"):
            passed[path] = content
            continue
        text = content.decode("utf-8", "replace")
        found, unreadable = scan_text(path, text)
        if unreadable:
            files.skipped[path] = unreadable
        if found:
            findings[path], texts[path] = found, text
    _publish(folder, sarif_log(commit, findings, texts), passed)
    result["outputs"] = _outputs(commit, findings, scanned, passed)
    _tell(result, files.skipped, len(passed))


def scan_text(path: str, text: str) -> tuple[list[Finding], str]:
    """Scan one file: its findings, and why a part of it could not be read, or nothing."""
    lines = _LINE_END.split(text)
    found = [*secret_rules.secrets_in(path, lines), *text_rules.risks_in(path, lines)]
    unreadable = ""
    if path.lower().endswith((".py", ".pyw")):
        try:
            found += [_characters(lines, one) for one in python_risks(text.lstrip("\ufeff"))]
        except UnreadableError as error:
            unreadable = f"calls not looked at, it is no Python ({error})"
    return [_utf16(lines, one) for one in found], unreadable


def _characters(lines: list[str], one: Finding) -> Finding:
    """Count columns in characters where the parser counted bytes."""
    raw = lines[one.line - 1].encode()
    columns = (len(raw[: at - 1].decode("utf-8", "ignore")) + 1 for at in one[1:3])
    return Finding(one.line, *columns, one.rule)


def _utf16(lines: list[str], one: Finding) -> Finding:
    """Count columns as SARIF does, in units of UTF-16."""
    line = lines[one.line - 1]
    columns = (len(line[: at - 1].encode("utf-16-le")) // 2 + 1 for at in one[1:3])
    return Finding(one.line, *columns, one.rule)


def _publish(folder: Path, log: dict[str, Any], passed: dict[str, bytes]) -> None:
    """Write the own log, and beside it what the repository's other tools committed, as it is."""
    folder.mkdir(parents=True)
    _write(folder / "results.sarif", log)
    for number, path in enumerate(sorted(passed)[:MAX_PASSED_ALONG], 1):
        (folder / f"passed-along-{number}.sarif").write_bytes(passed[path])


def _outputs(
    commit: Commit, findings: dict[str, list[Finding]], scanned: int, passed: dict[str, bytes]
) -> dict[str, Any]:
    by_rule: dict[str, int] = {}
    for one in (one for found in findings.values() for one in found):
        by_rule[one.rule] = by_rule.get(one.rule, 0) + 1
    by_severity = dict.fromkeys(SEVERITIES, 0)
    for rule, count in by_rule.items():
        by_severity[RULES[rule].severity] += count
    ranked = sorted(by_rule, key=lambda rule: (-by_rule[rule], -RULES[rule].score, rule))
    return {
        "repository": commit.repository,
        "commit_sha": commit.sha,
        "ref": commit.ref,
        "findings": sum(by_rule.values()),
        "by_severity": by_severity,
        "by_rule": dict(sorted(by_rule.items())),
        "top_rules": ranked[:TOP_RULES],
        "files_scanned": scanned - len(passed),
        "passed_along": sorted(passed)[:MAX_PASSED_ALONG],
    }


def _tell(result: dict[str, Any], skipped: dict[str, str], passed: int) -> None:
    """Say in the result what was found, and what was not looked at."""
    outputs = result["outputs"]
    counts = ", ".join(f"{n} {name}" for name, n in outputs["by_severity"].items() if n)
    result["summary"] = f"{outputs['repository']}: {counts or 'nothing found'}"
    errors = [("not-scanned", f"{path}: {why}") for path, why in sorted(skipped.items())]
    if outputs["findings"] > MAX_RESULTS:
        errors.append(("too-many", f"the file holds the first {MAX_RESULTS} findings"))
    if passed > MAX_PASSED_ALONG:
        errors.append(("too-many", f"only {MAX_PASSED_ALONG} of {passed} SARIF files go along"))
    result["status"] = "partial" if errors else "success"
    result["errors"] = [{"code": c, "message": m[:MESSAGE_LIMIT]} for c, m in errors[:MAX_ERRORS]]
    result["metrics"]["files_scanned"] = outputs["files_scanned"]


if __name__ == "__main__":
    sys.exit(main())
