"""Unpack artifacts of this run, as actions/download-artifact v4 does.

Standard library only: it runs as a step, outside the project.
"""
# ruff: noqa: INP001 - a script in an action's folder, in no package

import fnmatch
import http.client
import io
import json
import os
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote, urlsplit

OK = 200


def ask(path: str) -> bytes:
    """The body of an answer; ends the step with a message when it is refused."""
    place = urlsplit(os.environ["ACTIONS_RESULTS_URL"])
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    headers = {"Authorization": "Bearer " + os.environ["ACTIONS_RUNTIME_TOKEN"]}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != OK:
        sys.exit("::error::Unable to download artifact(s): Artifact not found")
    return body


def main() -> None:
    """Do what the step's inputs say."""
    name, pattern = os.environ["INPUT_NAME"], os.environ["INPUT_PATTERN"]
    target = Path(os.environ["INPUT_PATH"] or ".").expanduser().resolve()
    names: list[str] = [name] if name else json.loads(ask("/artifacts"))
    if not name and pattern:
        names = [n for n in names if fnmatch.fnmatch(n, pattern)]
    flat = bool(name) or os.environ["INPUT_MERGE_MULTIPLE"] == "true"
    for found in names:
        place = target if flat else target / found
        with zipfile.ZipFile(io.BytesIO(ask("/artifacts/" + quote(found, safe="")))) as archive:
            archive.extractall(place)
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.write(f"download-path={target}\n")
    sys.stdout.write(f"Downloaded {len(names)} artifact(s) to {target}\n")


if __name__ == "__main__":
    main()
