#!/usr/bin/env python3
"""Deploy one release to one environment: build it, bring it there, make it live.

VERSION=1.5.0 ENVIRONMENT=staging TARGET_URL=http://127.0.0.1:8800 deploy.py
"""

from __future__ import annotations

import hashlib
import json
import os
import sys

import deployment_result as worker
from deployment_target import NONE, Place

sys.path.insert(0, str(worker.ROOT))

from app.render import render, settings_of


def job() -> worker.Done:
    """Deploy; again with the same version changes nothing and tells the same."""
    environment = worker.choice("ENVIRONMENT", "staging", "production")
    version = worker.version()
    place = Place(environment)
    files = render(version, settings_of(environment))
    built = json.dumps(files, sort_keys=True).encode()
    outputs = {
        "environment": environment,
        "version": version,
        "url": place.url,
        "previous": "",
        "digest": f"sha256:{hashlib.sha256(built).hexdigest()}",
    }
    try:
        current, previous = place.state()
        before = previous if current == version else current
        outputs["previous"] = before or NONE
        place.keep(version, files)
        _, previous = place.switch(version, current)
    except worker.Stop as stop:
        raise worker.Stop(stop.code, str(stop), outputs) from stop
    outputs["previous"] = previous or NONE
    was = "was live already" if current == version else f"is live, before it {outputs['previous']}"
    return worker.Done(f"{environment}: {version} {was}", outputs, {"files": len(files)})


if __name__ == "__main__":
    worker.main(f"{os.environ.get('ENVIRONMENT', '')}-deployer", job)
