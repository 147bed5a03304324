"""Runs of one tool and category in one artifact, put together as one run.

Code scanning takes one run per tool and category: a second one in the same file is refused, and one
in another file replaces the first. Indices of rules, extensions and artifacts are made anew; a run
that points into other tables of its own is not put together with another.
"""

import copy
from typing import Any

from activities.sarif.rules import Rules, level_of

_KNOWN = frozenset(
    {
        *("tool", "results", "automationDetails", "artifacts", "properties", "invocations"),
        *("columnKind", "originalUriBaseIds", "versionControlProvenance", "defaultEncoding"),
        *("language", "defaultSourceLanguage", "newlineSequences", "redactionTokens"),
    }
)
"""Keys of a run that its results do not point into, or whose indices are resolved here."""
_SAME = ("columnKind", "originalUriBaseIds", "versionControlProvenance", "defaultEncoding")
"""Say how results are to be read, so they must be equal where both runs have them."""


def can_combine(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two runs can be put together without changing what any result says."""
    alike = all(first[key] == second[key] for key in _SAME if first.get(key) and second.get(key))
    return alike and _is_plain(first) and _is_plain(second)


def _is_plain(run: dict[str, Any]) -> bool:
    calls = [call for call in run.get("invocations") or [] if isinstance(call, dict)]
    rules = [rule for part in _components(run) for rule in part.get("rules") or []]
    return (
        not set(run) - _KNOWN
        and not set(run["tool"]) - {"driver", "extensions", "properties"}
        and not any(_has_index(call) for call in calls)
        and not any(_has_index(rule.get("relationships")) for rule in rules)
        and not any(_has_index(result, top=True) for result in run["results"])
    )


def _has_index(value: Any, *, top: bool = False) -> bool:
    """Whether something points into a table, other than to a result's rule or to a file."""
    if isinstance(value, list):
        return any(_has_index(one) for one in value)
    if not isinstance(value, dict):
        return False
    resolved = {"artifactLocation", "properties", *({"rule", "ruleIndex"} if top else ())}
    return any(
        key == "index" or key.endswith("Index") or _has_index(one)
        for key, one in value.items()
        if key not in resolved
    )


def combine(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Put the second run's results behind those of the first; neither run is changed.

    Rules of one id are one rule: its first definition counts, and a result whose level came from
    another definition says its level itself from now on.
    """
    made = copy.deepcopy({key: first[key] for key in first if key not in ("results", "artifacts")})
    for key in _SAME:
        if not made.get(key) and second.get(key):
            made[key] = copy.deepcopy(second[key])
    calls = [*(first.get("invocations") or []), *(second.get("invocations") or [])]
    if calls:
        made["invocations"] = copy.deepcopy(calls)
    tables = _Tables(made["tool"])
    made["results"] = [one for run in (first, second) for one in tables.results_of(run)]
    return made


class _Tables:
    """Driver, extensions and rules of the run that is made."""

    def __init__(self, tool: dict[str, Any]) -> None:
        self._driver: dict[str, Any] = tool["driver"]
        self._driver["rules"] = []
        self._extensions: list[dict[str, Any]] = []
        tool["extensions"] = self._extensions
        self._rules: dict[tuple[int, str], int] = {}
        self._places: dict[tuple[str, str], int] = {}

    def results_of(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        """Copy a run's results, with the indices that hold here."""
        rules = Rules(run)
        places = {id(run["tool"]["driver"]): -1}
        for extension in run["tool"].get("extensions") or []:
            places[id(extension)] = self._place(extension)
        for component in _components(run):
            for rule in component.get("rules") or []:
                self._index(places[id(component)], rule)
        made = []
        for result in run["results"]:
            one = _with_uris(copy.deepcopy(result), run.get("artifacts") or [])
            component, found = rules.found(result)
            self._point(one, places[id(component)], found)
            made.append(one)
        return made

    def _place(self, extension: dict[str, Any]) -> int:
        key = (str(extension.get("guid") or extension.get("name")), str(extension.get("version")))
        if key not in self._places:
            self._places[key] = len(self._extensions)
            self._extensions.append({**copy.deepcopy(extension), "rules": []})
        return self._places[key]

    def _index(self, place: int, rule: dict[str, Any]) -> int:
        key = (place, rule["id"])
        if key not in self._rules:
            self._rules[key] = len(self._rules_at(place))
            self._rules_at(place).append(copy.deepcopy(rule))
        return self._rules[key]

    def _rules_at(self, place: int) -> list[dict[str, Any]]:
        part = self._driver if place < 0 else self._extensions[place]
        rules: list[dict[str, Any]] = part["rules"]
        return rules

    def _point(self, one: dict[str, Any], place: int, rule: dict[str, Any] | None) -> None:
        """Have a result point to its rule as it is here."""
        old = one.pop("rule", None) or {}
        one.pop("ruleIndex", None)
        if "id" in old:
            one.setdefault("ruleId", old["id"])
        if rule is None:
            return
        one.setdefault("ruleId", rule["id"])
        index = self._index(place, rule)
        if place < 0:
            one["ruleIndex"] = index
        else:
            here = {"index": index, "toolComponent": {"index": place}}
            one["rule"] = {"id": one["ruleId"], **here}
        kept = self._rules_at(place)[index]
        if level_of(one, kept) != level_of(one, rule):
            one["level"] = level_of(one, rule)


def _components(run: dict[str, Any]) -> list[dict[str, Any]]:
    return [run["tool"]["driver"], *(run["tool"].get("extensions") or [])]


def _with_uris(value: Any, artifacts: list[Any]) -> Any:
    """Say in each place which file is meant, instead of where the run's own table says it."""
    if isinstance(value, list):
        return [_with_uris(one, artifacts) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _resolved(one, artifacts)
        if key == "artifactLocation" and isinstance(one, dict)
        else _with_uris(one, artifacts)
        for key, one in value.items()
    }


def _resolved(place: dict[str, Any], artifacts: list[Any]) -> dict[str, Any]:
    index = place.get("index")
    known: Any = {}
    if isinstance(index, int) and 0 <= index < len(artifacts):
        known = artifacts[index].get("location") if isinstance(artifacts[index], dict) else {}
    there = {
        key: known[key] for key in ("uri", "uriBaseId") if isinstance(known, dict) and key in known
    }
    return {**there, **{key: one for key, one in place.items() if key != "index"}}
