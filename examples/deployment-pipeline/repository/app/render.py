"""Pages of a release, filled in with the settings of an environment."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PLACE = re.compile(r"\{\{ *([a-z_]+) *\}\}")


def settings_of(environment: str) -> dict[str, str]:
    """Read what an environment is set to."""
    path = ROOT / "environments" / f"{environment}.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def render(version: str, settings: dict[str, str]) -> dict[str, str]:
    """Fill in every page of a release; what is not set becomes empty.

    Returns:
        Text by path.

    Raises:
        FileNotFoundError: there is no such release.
    """
    folder = ROOT / "releases" / version / "pages"
    pages = sorted(path for path in folder.rglob("*") if path.is_file())
    if not pages:
        raise FileNotFoundError(f"there is no release {version}")
    known = {**settings, "version": version}
    return {
        page.relative_to(folder).as_posix(): _PLACE.sub(
            lambda place: known.get(place[1], ""), page.read_text(encoding="utf-8")
        )
        for page in pages
    }
