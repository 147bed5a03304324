"""Make of an artifact's runs what code scanning takes: told apart, within its limits, in order."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from activities.sarif.combining import can_combine, combine
from activities.sarif.reading import Read

MAX_RUNS = 20
"""Runs of one file; this and the limits below are GitHub's."""
MAX_RESULTS = 25_000
SHOWN_RESULTS = 5_000
"""Results of one run that code scanning keeps, the most severe ones."""
MAX_RULES = 25_000
MAX_EXTENSIONS = 100
MAX_GZIP_BYTES = 10_000_000
_MAX_TAGS, _MAX_LOCATIONS, _MAX_STEPS = 20, 1_000, 10_000
_HASH = "primaryLocationLineHash"
_NOT_PART = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Part:
    """One run as it is uploaded, or as much of it as one run may hold."""

    content: bytes
    packed: int
    """Its size when compressed by itself."""
    results: int


def prepare(read: Read, *, apart: str = "", repository: str = "") -> list[Part]:
    """Put what was read in order; `read` is told what that leaves out or changes.

    Args:
        read: the runs of one artifact.
        apart: tells this artifact from others of its repository, as a part of all categories.
        repository: whose runs they are, where runs of several go into one file: categories and
            paths begin with it. They stay as they are where this is left out.
    """
    parts: list[Part] = []
    for file, run in _told_apart(read):
        try:
            _note(read, file, run)
            limited = _within_limits(read, file, run)
            for piece in _pieces(read, file, limited):
                shown = _recategorised(piece, apart=slug(apart)) if apart else piece
                parts += _packed(read, file, _moved(shown, repository) if repository else shown)
        except (TypeError, AttributeError, ValueError, RecursionError) as error:
            read.refuse(file, f"it is no SARIF after all: {error}")
    return parts


def files_of(parts: list[Part]) -> list[list[Part]]:
    """Share runs out among files, each within GitHub's limits."""
    files: list[list[Part]] = []
    for part in parts:
        if not files or not fits(files[-1], part):
            files.append([])
        files[-1].append(part)
    return files


def fits(file: list[Part], part: Part) -> bool:
    """Whether a file has room for one more run; compressed together they are hardly larger."""
    size = sum(one.packed for one in file) + part.packed
    return len(file) < MAX_RUNS and size <= MAX_GZIP_BYTES


def slug(text: str) -> str:
    """Spell a text as one step of a category."""
    return _NOT_PART.sub("-", text).strip("-")[:80] or "x"


def category_of(run: dict[str, Any]) -> str:
    """Tell a run's category: what comes before the last slash of its id."""
    return str((run.get("automationDetails") or {}).get("id") or "").rpartition("/")[0]


def log_of(runs: list[bytes]) -> bytes:
    """Put runs into one file, compressed; the same runs give the same bytes."""
    head = b'{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":['
    return gzip.compress(head + b",".join(runs) + b"]}", mtime=0)


def _told_apart(read: Read) -> Iterator[tuple[str, dict[str, Any]]]:
    """One run per tool and category: runs of both are put together, or else renamed."""
    kept: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
    for file, run in zip(read.files, read.runs, strict=True):
        key = _key(run)
        if key not in kept:
            kept[key] = (file, run)
            continue
        other, before = kept[key]
        what = f"{before['tool']['driver']['name']} in category {category_of(run) or '(none)'}"
        if can_combine(before, run):
            kept[key] = (other, combine(before, run))
            read.note(file, f"put together with the run of {what} in {other}")
            continue
        number = 2
        stem = slug(file.rpartition("/")[2].removesuffix(".sarif"))
        renamed = _recategorised(run, apart=stem)
        while _key(renamed) in kept:
            renamed = _recategorised(run, apart=f"{stem}-{number}")
            number += 1
        kept[_key(renamed)] = (file, renamed)
        read.note(file, f"a second run of {what}: now in category {category_of(renamed)}")
    yield from kept.values()


def _key(run: dict[str, Any]) -> tuple[str, str]:
    return str(run["tool"]["driver"]["name"]).casefold(), category_of(run).casefold()


def _recategorised(run: dict[str, Any], apart: str) -> dict[str, Any]:
    """Add a last step to a run's category; the run's own name behind it stays."""
    details = run.get("automationDetails") or {}
    category, _, name = str(details.get("id") or "").rpartition("/")
    steps = [step for step in (category, apart) if step]
    return {**run, "automationDetails": {**details, "id": f"{'/'.join(steps)}/{name}"}}


def _note(read: Read, file: str, run: dict[str, Any]) -> None:
    """Tell what an upload will not show as people expect."""
    results, tool = run["results"], run["tool"]["driver"]["name"]
    bare = sum(_HASH not in (result.get("partialFingerprints") or {}) for result in results)
    if bare:
        read.note(
            file,
            f"{tool}: {bare} results have no {_HASH}; moved lines may show as new alerts",
        )
    if len(results) > SHOWN_RESULTS:
        read.note(file, f"{tool}: {len(results)} results; GitHub keeps {SHOWN_RESULTS} of a run")
    calls = run.get("invocations") or []
    if any(isinstance(c, dict) and c.get("executionSuccessful") is False for c in calls):
        read.note(file, f"{tool} says that its own execution failed; findings may be missing")


def _within_limits(read: Read, file: str, run: dict[str, Any]) -> dict[str, Any] | None:
    """Cut lists that code scanning would cut anyway, and without the cut would refuse."""
    tool = run["tool"]
    extensions = tool.get("extensions") or []
    rules = [rule for part in (tool["driver"], *extensions) for rule in part.get("rules") or []]
    if len(rules) > MAX_RULES or len(extensions) > MAX_EXTENSIONS:
        read.refuse(file, f"{len(rules)} rules, {len(extensions)} extensions: over GitHub's limits")
        return None
    for rule in rules:
        properties = rule.get("properties")
        tags = properties.get("tags") if isinstance(properties, dict) else None
        if isinstance(tags, list) and len(tags) > _MAX_TAGS:
            del tags[_MAX_TAGS:]
    for result in run["results"]:
        del result["locations"][_MAX_LOCATIONS:]
        _cut_flows(result)
    return run


def _cut_flows(result: dict[str, Any]) -> None:
    left = _MAX_STEPS
    for flow in result.get("codeFlows") or []:
        for thread in (flow.get("threadFlows") or []) if isinstance(flow, dict) else []:
            steps = thread.get("locations") if isinstance(thread, dict) else None
            if isinstance(steps, list):
                del steps[max(left, 1) :]
                left -= len(steps)


def _pieces(read: Read, file: str, run: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Split a run of too many results; each further piece has a category of its own."""
    if run is None:
        return
    results = run["results"]
    for number, start in enumerate(range(0, max(len(results), 1), MAX_RESULTS), 1):
        piece = {**run, "results": results[start : start + MAX_RESULTS]}
        yield _recategorised(piece, apart=f"part-{number}") if number > 1 else piece
    if len(results) > MAX_RESULTS:
        read.note(file, f"{len(results)} results, split into runs of at most {MAX_RESULTS}")


def _packed(read: Read, file: str, run: dict[str, Any], part: str = "") -> Iterator[Part]:
    """Serialise a run; one that is too large for a file by itself is halved."""
    content = json.dumps(run, separators=(",", ":"), sort_keys=True).encode()
    packed, results = len(log_of([content])), run["results"]
    if packed <= MAX_GZIP_BYTES:
        yield Part(content, packed, len(results))
    elif len(results) > 1:
        half = len(results) // 2
        first = {**run, "results": results[:half]}
        second = _recategorised({**run, "results": results[half:]}, apart=f"half{part}")
        yield from _packed(read, file, first, f"{part}-1")
        yield from _packed(read, file, second, f"{part}-2")
    else:
        read.refuse(file, f"a run of {packed} bytes compressed cannot be split further")


def _moved(run: dict[str, Any], repository: str) -> dict[str, Any]:
    """Put categories and paths of a run below its repository's name."""
    details = run.get("automationDetails") or {}
    moved = dict(_below(run, f"{quote(repository)}/"))
    moved["automationDetails"] = {**details, "id": f"{repository}/{details.get('id') or ''}"}
    return moved


def _below(value: Any, folder: str, key: str = "") -> Any:
    if isinstance(value, list):
        return [_below(one, folder, key) for one in value]
    if not isinstance(value, dict):
        return value
    made = {name: _below(one, folder, name) for name, one in value.items()}
    if key == "artifacts" and isinstance(made.get("location"), dict):
        made["location"] = _place_below(made["location"], folder)
    return _place_below(made, folder) if key == "artifactLocation" else made


def _place_below(place: dict[str, Any], folder: str) -> dict[str, Any]:
    """Move a relative path; an absolute one says already where the file is."""
    uri = place.get("uri")
    if not isinstance(uri, str) or not uri or uri.startswith("/") or _scheme(uri):
        return place
    return {**place, "uri": folder + uri.removeprefix("./")}


def _scheme(uri: str) -> str:
    try:
        return urlsplit(uri).scheme
    except ValueError:
        return ""
