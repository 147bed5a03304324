"""Which rule a result breaks, and how bad that is, as code scanning ranks it."""

from typing import Any

from contracts.base import clip

SEVERITIES = ("critical", "high", "medium", "low")
_SCORES = (("critical", 9.0), ("high", 7.0), ("medium", 4.0))
_HIGHEST = 10.0
_BY_LEVEL = {"error": "high", "warning": "medium"}
_NO_FINDINGS = frozenset({"pass", "notApplicable"})
_MAX_ID = 100


class Rules:
    """The rules of one run, found in one step each."""

    def __init__(self, run: dict[str, Any]) -> None:
        tool = run["tool"]
        self._driver: dict[str, Any] = tool["driver"]
        self._extensions: list[dict[str, Any]] = tool.get("extensions") or []
        self._by_id: dict[int, dict[str, dict[str, Any]]] = {}

    def of(self, result: dict[str, Any]) -> dict[str, Any] | None:
        """Find the rule of a result: by index, by guid, by id, or by the beginning of a long id."""
        return self.found(result)[1]

    def found(self, result: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Find the rule of a result, and the driver or extension that it is in."""
        reference = result.get("rule") or {}
        component = self.component(reference.get("toolComponent"))
        if component is None:
            return self._driver, None
        rules: list[dict[str, Any]] = component.get("rules") or []
        for index in (reference.get("index"), result.get("ruleIndex")):
            if isinstance(index, int) and 0 <= index < len(rules):
                return component, rules[index]
        if guid := reference.get("guid"):
            return component, next((rule for rule in rules if rule.get("guid") == guid), None)
        others = () if reference.get("toolComponent") else self._extensions
        for owner in (component, *others):
            if (rule := self._named(owner, rule_id(result))) is not None:
                return owner, rule
        return component, None

    def component(self, reference: Any) -> dict[str, Any] | None:
        """Find the driver or extension that is meant; the driver where none is named."""
        if not isinstance(reference, dict) or not reference:
            return self._driver
        index = reference.get("index")
        if isinstance(index, int) and index >= 0:
            return self._extensions[index] if index < len(self._extensions) else None
        for key in ("guid", "name"):
            if wanted := reference.get(key):
                known = (c for c in (self._driver, *self._extensions) if c.get(key) == wanted)
                return next(known, None)
        return self._driver

    def _named(self, component: dict[str, Any], name: str) -> dict[str, Any] | None:
        known = self._by_id.get(id(component))
        if known is None:
            rules = reversed(component.get("rules") or [])  # the first of a name counts
            known = self._by_id[id(component)] = {rule["id"]: rule for rule in rules}
        while name and name not in known:
            name = name.rpartition("/")[0]  # `CA1000/1` is a part of the rule `CA1000`
        return known.get(name)


def rule_id(result: dict[str, Any], rule: dict[str, Any] | None = None) -> str:
    """Name the rule of a result, as people know it."""
    named = result.get("ruleId") or (result.get("rule") or {}).get("id") or (rule or {}).get("id")
    return clip(whole(str(named or "no rule")), _MAX_ID)


def level_of(result: dict[str, Any], rule: dict[str, Any] | None) -> str:
    """Tell the level: the result's own, else its rule's, else `warning`."""
    if "level" in result:
        return str(result["level"])
    if result.get("kind", "fail") != "fail":
        return "none"
    configured = (rule or {}).get("defaultConfiguration")
    level = configured.get("level") if isinstance(configured, dict) else None
    return level if isinstance(level, str) else "warning"


def severity_of(result: dict[str, Any], rule: dict[str, Any] | None) -> str:
    """Rank by the rule's `security-severity`, else by the level."""
    score = _score(rule)
    if score is None:
        return _BY_LEVEL.get(level_of(result, rule), "low")
    return next((name for name, least in _SCORES if score >= least), "low")


def is_finding(result: dict[str, Any]) -> bool:
    """Whether a result says that something is wrong; some say that something is right."""
    return result.get("kind", "fail") not in _NO_FINDINGS


def _score(rule: dict[str, Any] | None) -> float | None:
    properties = (rule or {}).get("properties")
    value = properties.get("security-severity") if isinstance(properties, dict) else None
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        score = float(value)
    except (ValueError, OverflowError):
        return None
    return score if 0 < score <= _HIGHEST else None


def whole(text: str) -> str:
    """Replace halves of characters, which no payload can carry."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
