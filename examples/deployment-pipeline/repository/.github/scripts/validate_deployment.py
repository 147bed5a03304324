#!/usr/bin/env python3
"""Check one deployed release from outside: its health, its version, and its pages.

VERSION=1.5.0 ENVIRONMENT=staging URL=http://127.0.0.1:8800/staging validate_deployment.py
"""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any

import deployment_result as worker
from deployment_target import checked_url, fetch

_OK = 200


def job() -> worker.Done:
    """Ask for what the release promises, if the right one is there; each check is told."""
    environment = worker.choice("ENVIRONMENT", "staging", "production")
    version = worker.version()
    url = checked_url("URL")
    began = time.monotonic()
    health = _health(url, environment, version)
    checks = [health, *(_pages(url, version) if health["passed"] else [])]
    outputs = {
        "environment": environment,
        "version": version,
        "url": url,
        "healthy": all(check["passed"] for check in checks),
        "checks": checks,
    }
    failed = [f"{check['name']}: {check['reason']}" for check in checks if not check["passed"]]
    if failed:
        told = f"{environment}: {len(failed)} of {len(checks)} checks of {version} failed"
        raise worker.Stop("check", told, outputs, failed)
    took = round(time.monotonic() - began, 3)
    metrics = {"checks": len(checks), "answer_seconds": round(took / len(checks), 3)}
    return worker.Done(f"{environment}: {version} passed {len(checks)} checks", outputs, metrics)


def _health(url: str, environment: str, version: str) -> dict[str, Any]:
    status, text = fetch(f"{url}/health")
    wanted = {"status": "ok", "environment": environment, "version": version}
    try:
        said = json.loads(text)
        found = {name: said.get(name) for name in wanted}
    except (ValueError, AttributeError):
        return _check("health", f"{status}, and no JSON object")
    if status != _OK:
        return _check("health", f"status {status}")
    wrong = [f"{n} is {found[n]!r}, not {wanted[n]!r}" for n in wanted if found[n] != wanted[n]]
    return _check("health", "; ".join(wrong))


def _pages(url: str, version: str) -> list[dict[str, Any]]:
    path = worker.ROOT / "releases" / version / "smoke.json"
    promised = json.loads(path.read_text(encoding="utf-8"))
    pages: dict[str, tuple[int, str]] = {}
    checks = []
    for one in promised:
        name, pattern = one["path"], one["matches"]
        if name not in pages:
            pages[name] = fetch(f"{url}/{name}")
        status, text = pages[name]
        reason = f"status {status}" if status != _OK else ""
        if not reason and not re.search(pattern, text):
            reason = f"nothing on the page matches {pattern}"
        checks.append(_check(name, reason))
    return checks


def _check(name: str, reason: str) -> dict[str, Any]:
    return {"name": name, "passed": not reason, "reason": worker.one_line(reason, 200)}


if __name__ == "__main__":
    worker.main(f"{os.environ.get('ENVIRONMENT', '')}-validator", job)
