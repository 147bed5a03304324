#!/usr/bin/env python3
"""Bring back the release that was live in an environment before a given one.

VERSION=1.5.0 PREVIOUS=1.4.0 ENVIRONMENT=staging TARGET_URL=http://127.0.0.1:8800 rollback.py

PREVIOUS may be `none` (nothing was deployed before), or empty (the deployer told nothing: the
target knows). Nothing is done where VERSION is not live: it never was, or is gone already.
"""

from __future__ import annotations

import deployment_result as worker
from deployment_target import NONE, Place


def job() -> worker.Done:
    """Roll back; again changes nothing and tells the same."""
    environment = worker.choice("ENVIRONMENT", "staging", "production")
    withdrawn = worker.version_named("VERSION")
    if not withdrawn:
        raise worker.Stop("bad-input", "version: say which release to withdraw")
    told = worker.version_named("PREVIOUS")
    place = Place(environment)
    current, before = place.state()
    changed = current == withdrawn
    if changed:
        wanted = before if not told else (None if told == NONE else told)
        current, _ = place.switch(wanted, withdrawn, restore=True)
    outputs = {
        "environment": environment,
        "withdrawn": withdrawn,
        "version": current or NONE,
        "url": place.url,
        "changed": changed,
    }
    did = f"{withdrawn} withdrawn" if changed else f"{withdrawn} is not live, nothing to do"
    return worker.Done(f"{environment}: {did}; live now: {outputs['version']}", outputs, {})


if __name__ == "__main__":
    worker.main("rollback-deployment", job)
