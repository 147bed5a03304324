"""Zip what `path` names and publish it as an artifact of this run.

Standard library only: it runs as a step, outside the project. Patterns, the root of the
archive and hidden files follow actions/upload-artifact v4.
"""
# ruff: noqa: INP001 - a script in an action's folder, in no package

import fnmatch
import glob
import http.client
import io
import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

WILDCARDS = frozenset("*?[")
CREATED = 201


def expand(pattern: str, *, hidden: bool) -> set[Path]:
    """Files that one pattern names: itself, all below a folder, or what a glob matches."""
    files: set[Path] = set()
    for found in glob.glob(pattern, recursive=True, include_hidden=True):  # noqa: PTH207 - absolute patterns
        path = Path(found)
        files |= (
            {below for below in path.rglob("*") if below.is_file()} if path.is_dir() else {path}
        )
    start = search_path(pattern).parent
    return {f for f in files if hidden or not is_hidden(f.relative_to(start))}


def search_path(pattern: str) -> Path:
    """The part of a pattern before its first wildcard."""
    plain = Path("/")
    for part in Path(pattern).parts:
        if WILDCARDS & set(part):
            break
        plain /= part
    return plain


def absolute(pattern: str) -> str:
    """A pattern as an absolute path without `.` and `..`."""
    return os.path.normpath(Path.cwd() / Path(pattern).expanduser())


def choose(lines: list[str], *, hidden: bool) -> tuple[Path, list[Path]]:
    """The root of the archive and the files in it."""
    wanted = [absolute(line) for line in lines if not line.startswith("!")]
    unwanted = [absolute(line[1:].strip()) for line in lines if line.startswith("!")]
    files = sorted({path for pattern in wanted for path in expand(pattern, hidden=hidden)})
    files = [f for f in files if not any(excluded(str(f), pattern) for pattern in unwanted)]
    roots = [str(search_path(pattern)) for pattern in wanted]
    root = Path(os.path.commonpath(roots)) if roots else Path.cwd()
    if root.is_file():
        root = root.parent
    return root, files


def excluded(path: str, pattern: str) -> bool:
    """Whether an exclusion names a file or a folder above it."""
    return fnmatch.fnmatch(path, pattern) or path.startswith(pattern + os.sep)


def is_hidden(path: Path) -> bool:
    """Whether any part of a path starts with a dot."""
    return any(part.startswith(".") for part in path.parts)


def pack(root: Path, files: list[Path]) -> bytes:
    """The zip of some files, named relative to the root."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(root))
    return buffer.getvalue()


def send(name: str, archive: bytes) -> dict[str, Any]:
    """Hand the zip to the sandbox; ends the step with a message when it is refused."""
    place = urlsplit(os.environ["ACTIONS_RESULTS_URL"])
    days = quote(os.environ.get("INPUT_RETENTION_DAYS") or "0")
    overwrite = quote(os.environ.get("INPUT_OVERWRITE") or "false")
    path = f"/artifacts/{quote(name, safe='')}?days={days}&overwrite={overwrite}"
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    headers = {"Authorization": "Bearer " + os.environ["ACTIONS_RUNTIME_TOKEN"]}
    connection.request("POST", path, archive, headers)
    answer = connection.getresponse()
    said: dict[str, Any] = json.loads(answer.read() or b"{}")
    if answer.status != CREATED:
        sys.exit(f"::error::Failed to CreateArtifact: ({answer.status}) {said.get('message')}")
    return said


def say(text: str) -> None:
    """Write a line to the step's log."""
    sys.stdout.write(text + "\n")


def main() -> None:
    """Do what the step's inputs say."""
    lines = [line.strip() for line in os.environ["INPUT_PATH"].splitlines() if line.strip()]
    hidden = os.environ.get("INPUT_INCLUDE_HIDDEN_FILES") == "true"
    root, files = choose(lines, hidden=hidden)
    if not files:
        message = "No files were found with the provided path: " + " ".join(lines)
        kind = os.environ.get("INPUT_IF_NO_FILES_FOUND") or "warn"
        if kind == "error":
            sys.exit("::error::" + message)
        say(("::warning::" if kind == "warn" else "") + message)
        return
    said = send(os.environ["INPUT_NAME"], pack(root, files))
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.writelines(
            f"{key}={said[key]}\n" for key in ("artifact-id", "artifact-url", "artifact-digest")
        )
    say(f"Artifact {os.environ['INPUT_NAME']} with {len(files)} file(s): {said['artifact-id']}")


if __name__ == "__main__":
    main()
