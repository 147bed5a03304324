#!/usr/bin/env python3
"""Write the sample organization: repositories with known weaknesses, and what a scan must find.

    make_organization.py FOLDER

writes `FOLDER/NAME/` for each repository of `octo-org`, and `FOLDER/expected.json`. The same
call always writes the same bytes. The secrets are made up, from pieces, so that no file of
this project looks as if it held one; they open nothing.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from planted import BUILDERS
from sample import Mint, Sample


def samples() -> list[Sample]:
    """Make all repositories, by name."""
    made = []
    for name, build in BUILDERS.items():
        sample = Sample(name)
        sample.files["README.md"] = f"# {name}\n\nPart of the sample organization.\n"
        build(sample, Mint(name))
        made.append(sample)
    return sorted(made, key=lambda one: one.name)


def manifest(made: list[Sample]) -> dict[str, Any]:
    """Say what a scan of each repository must find."""
    return {"organization": "octo-org", "repositories": {one.name: one.expected() for one in made}}


def write(folder: Path) -> dict[str, Any]:
    """Write all repositories and the manifest, in place of those before; give the manifest."""
    made = samples()
    for one in made:
        shutil.rmtree(folder / one.name, ignore_errors=True)
        for path, text in one.files.items():
            target = folder / one.name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
    told = manifest(made)
    (folder / "expected.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    return told


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and one folder
        sys.exit(__doc__)
    write(Path(sys.argv[1]))
