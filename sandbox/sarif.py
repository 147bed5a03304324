"""What code scanning accepts of a SARIF file, once it looks inside."""

import base64
import json
import zlib
from typing import Any

MAX_RUNS, MAX_RESULTS, MAX_RULES, MAX_EXTENSIONS = 20, 25_000, 25_000, 100
MAX_LOCATIONS, MAX_TAGS = 1_000, 20
_MAX_PLAIN_BYTES = 256 * 1024 * 1024
_LEVELS = (None, "none", "note", "warning", "error")


def unpacked(content: str) -> Any:
    """Read a file from gzip in base64.

    Raises:
        ValueError: it is no JSON in gzip.
    """
    try:
        packed = base64.b64decode(content)
        plain = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, _MAX_PLAIN_BYTES)
        return json.loads(plain)
    except (zlib.error, ValueError):
        raise ValueError("The file is not gzip-compressed JSON") from None


def results_in(document: Any) -> int:
    """Count the results of a file.

    Raises:
        ValueError: why code scanning fails the whole file.
    """
    runs = document.get("runs") if isinstance(document, dict) else None
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        raise ValueError("The file is not SARIF: it has no runs")
    _at_most("runs", runs, MAX_RUNS)
    seen = set()
    for run in runs:
        _check_run(run)
        key = (run["tool"]["driver"]["name"], category_of(run))
        if key in seen:
            raise ValueError(f"multiple SARIF runs with the same category: {key}")
        seen.add(key)
    return sum(len(run["results"]) for run in runs)


def category_of(run: dict[str, Any]) -> str:
    """The category of a run: what precedes the last slash of its id."""
    return str(run.get("automationDetails", {}).get("id", "")).rpartition("/")[0]


def _check_run(run: dict[str, Any]) -> None:
    try:
        tool, results = run["tool"], run["results"]
        components = [tool["driver"], *tool.get("extensions", [])]
        _at_most("extensions", components[1:], MAX_EXTENSIONS)
        _at_most("results", results, MAX_RESULTS)
        _at_most("rules", [r for c in components for r in c.get("rules", [])], MAX_RULES)
        for rule in tool["driver"].get("rules", []):
            _at_most("tags", rule.get("properties", {}).get("tags", []), MAX_TAGS)
        if not tool["driver"]["name"]:
            raise ValueError("expected a tool name")
        for result in results:
            _check_result(run, components, result)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"Invalid SARIF. {type(error).__name__}: {error}") from None


def _check_result(run: dict[str, Any], components: list[Any], result: dict[str, Any]) -> None:
    if not result.get("locations"):
        raise ValueError("locationFromSarifResult: expected at least one location")
    _at_most("locations", result["locations"], MAX_LOCATIONS)
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    if "index" in place:
        place = {**run["artifacts"][place["index"]]["location"], **place}
    if not place["uri"]:
        raise ValueError("locationFromSarifResult: expected artifact location")
    if not (result["message"].get("text") or result["message"].get("id")):
        raise ValueError("expected a message")
    if result.get("level") not in _LEVELS:
        raise ValueError(f"unknown level {result['level']}")
    reference = result.get("rule", {})
    component = components[reference.get("toolComponent", {}).get("index", -1) + 1]
    index = reference.get("index", result.get("ruleIndex", -1))
    if index >= 0 and not result.get("ruleId", "").startswith(component["rules"][index]["id"]):
        raise ValueError(f"rule {index} is not {result.get('ruleId')}")


def _at_most(what: str, found: list[Any], most: int) -> None:
    if len(found) > most:
        raise ValueError(f"{len(found)} {what}, more than {most}")
