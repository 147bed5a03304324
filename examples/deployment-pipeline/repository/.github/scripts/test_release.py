#!/usr/bin/env python3
"""Run the site's unit tests over one release.

VERSION=1.5.0 test_release.py
"""

from __future__ import annotations

import io
import os
import sys
import unittest

import deployment_result as worker


def job() -> worker.Done:
    """Run all tests; any that fails, and a suite without tests, is a failure."""
    version = worker.version()
    os.environ["RELEASE"] = version
    sys.path.insert(0, str(worker.ROOT))
    log = io.StringIO()
    suite = unittest.TestLoader().discover(str(worker.ROOT / "tests"))
    ended = unittest.TextTestRunner(stream=log, verbosity=2).run(suite)
    print(log.getvalue())
    bad = [*ended.failures, *ended.errors]
    outputs = {
        "version": version,
        "tests": ended.testsRun,
        "failed": [_name(test) for test, _ in bad][:20],
        "skipped": len(ended.skipped),
    }
    if not ended.testsRun:
        raise worker.Stop("no-tests", "there are no tests", outputs)
    if bad:
        lines = [f"{_name(test)}: {trace.strip().splitlines()[-1]}" for test, trace in bad]
        told = f"{len(bad)} of {ended.testsRun} tests of {version} failed"
        raise worker.Stop("tests", told, outputs, lines)
    told = f"{ended.testsRun} tests of {version} passed"
    return worker.Done(told, outputs, {"tests": ended.testsRun})


def _name(test: object) -> str:
    return str(getattr(test, "id", lambda: test)())[:200]


if __name__ == "__main__":
    worker.main("test-validator", job)
