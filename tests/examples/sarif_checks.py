"""What SARIF 2.1.0 and GitHub's code scanning ask of a file, checked without a library.

These are the constraints that decide whether an upload is taken whole, and whether alerts are told
apart; the JSON Schema of SARIF knows most of them not.
"""

import re
from typing import Any
from urllib.parse import unquote, urlparse

LEVELS = {"none", "note", "warning", "error"}
MAX_RESULTS, MAX_TAGS = 5_000, 10
_SCORE = re.compile(r"(10|[0-9])\.[0-9]")


def problems_of(log: dict[str, Any]) -> list[str]:
    """List what is wrong with a log; nothing where an upload would be taken whole."""
    if log.get("version") != "2.1.0" or not isinstance(log.get("runs"), list):
        return ["no SARIF 2.1.0 log"]
    ids = [run.get("automationDetails", {}).get("id") for run in log["runs"]]
    found = [] if len(set(ids)) == len(ids) else ["two runs of one category"]
    for run in log["runs"]:
        rules = run["tool"]["driver"].get("rules", [])
        found += [problem for rule in rules for problem in _of_rule(rule)]
        if len({rule["id"] for rule in rules}) < len(rules):
            found.append("two rules of one id")
        if not isinstance(run.get("results"), list) or len(run["results"]) > MAX_RESULTS:
            found.append("results: a list, of those that GitHub keeps")
        for result in run.get("results", []):
            found += _of_result(result, rules)
        hashes = [_identity(result) for result in run.get("results", [])]
        found += ["two findings that cannot be told apart"] * (len(hashes) - len(set(hashes)))
        for origin in run.get("versionControlProvenance", []):
            if not urlparse(origin["repositoryUri"]).scheme:
                found.append("repositoryUri: absolute")
    return found


def _of_rule(rule: dict[str, Any]) -> list[str]:
    found = []
    properties = rule.get("properties", {})
    if not _SCORE.fullmatch(properties.get("security-severity", "")):
        found.append(f"{rule['id']}: security-severity is a number as text")
    if len(properties.get("tags", [])) > MAX_TAGS or "security" not in properties.get("tags", []):
        found.append(f"{rule['id']}: tags")
    if rule["defaultConfiguration"]["level"] not in LEVELS:
        found.append(f"{rule['id']}: level")
    texts = (rule["shortDescription"]["text"], rule["fullDescription"]["text"])
    return found + [f"{rule['id']}: description"] * (not all(0 < len(t) < 1024 for t in texts))


def _of_result(result: dict[str, Any], rules: list[dict[str, Any]]) -> list[str]:
    found = []
    if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
        found.append("ruleIndex: another rule")
    if result["level"] not in LEVELS or not result["message"]["text"]:
        found.append("level or message")
    (location,) = result["locations"]
    place = location["physicalLocation"]
    uri, region = place["artifactLocation"]["uri"], place["region"]
    if urlparse(uri).scheme or uri.startswith("/") or ".." in unquote(uri).split("/"):
        found.append(f"{uri}: relative to the repository")
    if not uri.isascii():
        found.append(f"{uri}: percent-encoded")
    if min(region.values()) < 1 or region["endColumn"] <= region["startColumn"]:
        found.append(f"{uri}: region")
    if not re.fullmatch(
        r"[0-9a-f]{1,16}:\d+", result["partialFingerprints"]["primaryLocationLineHash"]
    ):
        found.append(f"{uri}: fingerprint")
    return found


def _identity(result: dict[str, Any]) -> str:
    place = result["locations"][0]["physicalLocation"]
    uri, region = place["artifactLocation"]["uri"], place["region"]
    return f"{result['ruleId']} {uri}:{region['startLine']}:{region['startColumn']}"
