"""What is wrong with one run of a SARIF file: what code scanning would refuse it for."""

from collections.abc import Iterator
from typing import Any

from contracts.base import clip

LEVELS = ("none", "note", "warning", "error")


def problem_of(run: Any) -> str:
    """Say the first thing that code scanning would not take, or nothing."""
    return next(_problems(run), "")


def _problems(run: Any) -> Iterator[str]:
    driver = _at(run, "tool", "driver")
    if not isinstance(driver, dict) or not _is_text(driver.get("name")):
        yield "it names no tool (tool.driver.name)"
        return
    yield from _tool_problems(driver, run["tool"].get("extensions", []))
    details = run.get("automationDetails", {})
    if not isinstance(details, dict) or not isinstance(details.get("id", ""), str):
        yield "automationDetails.id is no text"
    for key in ("artifacts", "invocations"):
        if not isinstance(run.get(key, []), list):
            yield f"its {key} are no list"
    if not isinstance(run.get("results"), list):
        yield "it has no list of results, so nobody knows whether the tool looked"
        return
    for number, result in enumerate(run["results"], 1):
        if wrong := next(_result_problems(run, result), ""):
            yield f"result {number}: {wrong}"


def _tool_problems(driver: dict[str, Any], extensions: Any) -> Iterator[str]:
    if not isinstance(extensions, list) or not all(isinstance(one, dict) for one in extensions):
        yield "tool.extensions is no list of components"
        return
    for component in (driver, *extensions):
        rules = component.get("rules", [])
        if not isinstance(rules, list) or not all(_is_text(_at(rule, "id")) for rule in rules):
            yield "tool rules are no list of rules with ids"


def _result_problems(run: dict[str, Any], result: Any) -> Iterator[str]:
    if not isinstance(result, dict):
        yield "no object"
        return
    message = result.get("message")
    if not (_is_text(_at(message, "text")) or _is_text(_at(message, "id"))):
        yield "it has no message"
    if result.get("level", "none") not in LEVELS:
        yield f"its level is {clip(repr(result['level']), 40)}"
    if not isinstance(result.get("ruleId", ""), str):
        yield "its ruleId is no text"
    if not isinstance(result.get("rule", {}), dict):
        yield "its rule is no reference"
    fingerprints = result.get("partialFingerprints", {})
    if not isinstance(fingerprints, dict) or not all(map(_is_text, fingerprints.values())):
        yield "its partialFingerprints are no texts"
    locations = result.get("locations")
    if not isinstance(locations, list) or not locations:
        yield "it has no location, which code scanning refuses"
    elif not _names_file(run, locations[0]):
        yield "its first location names no file, which code scanning refuses"


def _names_file(run: dict[str, Any], location: Any) -> bool:
    """Whether a location says which file is meant, itself or by the run's list of files."""
    place = _at(location, "physicalLocation", "artifactLocation")
    if _is_text(_at(place, "uri")):
        return True
    index, files = _at(place, "index"), run.get("artifacts", [])
    known = isinstance(index, int) and 0 <= index < len(files)
    return known and _is_text(_at(files[index], "location", "uri"))


def _at(value: Any, *steps: str) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
