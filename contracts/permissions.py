"""Which of GitHub's permissions a spec needs, rule by rule; `docs/permissions.md` is made of this."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, get_args

from pydantic import BaseModel

Permissions = dict[str, str]
"""Level, `read` or `write`, by permission as GitHub's API names it."""

LEVELS = ("read", "write", "admin")


@dataclass(frozen=True)
class Rule:
    """What something in a spec needs."""

    key: str
    """The key of the spec, as people write it; empty for every spec."""
    values: frozenset[str]
    """Values for which it holds, `*` for any text; none for any that is set."""
    needs: tuple[tuple[str, str], ...]
    why: str

    def holds(self, value: Any) -> bool:
        """Whether a value of the key brings the need with it."""
        if not self.values:
            return bool(value) or isinstance(value, BaseModel)
        given = value if isinstance(value, (list, tuple)) else (value,)
        return any(fnmatchcase(str(one), like) for one in given for like in self.values)


def _rule(key: str, values: str, why: str, **needs: str) -> Rule:
    return Rule(key, frozenset(values.split()), tuple(needs.items()), why)


RULES = (
    _rule("", "", "read repositories by name", metadata="read"),
    _rule("workflow", "", "dispatch, watch and cancel runs; read artifacts", actions="write"),
    _rule("workflow", "", "read the worker's file", contents="read"),
    _rule("channels", "comment issue", "read results in issues and comments", issues="read"),
    _rule("channels", "pull-request", "read results in pull requests", pull_requests="read"),
    _rule("progress-every", "", "read what a running worker tells", issues="read"),
    _rule("source", "open-issues", "list issues", issues="read"),
    _rule("source", "open-pull-requests", "list pull requests", pull_requests="read"),
    _rule("source", "files", "list files", contents="read"),
    _rule("routes", "", "read the issue that is routed", issues="read"),
    _rule("paths", "", "read which files a pull request changes", pull_requests="read"),
    _rule("approvers", "", "open, update and close the approval issue", issues="write"),
    _rule("approvers", "*/*", "read who is in a team, of an organization", members="read"),
    _rule("escalation", "", "open, update and close the issue of a cause", issues="write"),
    _rule("collect-issues", "", "read the issues that children wrote", issues="read"),
    _rule("create-issue", "", "create issues", issues="write"),
    _rule("create-comment", "", "comment on issues", issues="write"),
    _rule("create-comment", "", "comment on pull requests", pull_requests="write"),
    _rule("add-labels", "", "label issues and pull requests", issues="write"),
    _rule("close-issue", "", "close issues and pull requests", issues="write"),
    _rule("create-pull-request", "", "open pull requests and label them", pull_requests="write"),
    _rule("create-code-scanning-alert", "", "upload SARIF", security_events="write"),
)


def most() -> Permissions:
    """All that any spec can need: what a Temporal Worker's token may have at the most."""
    return _together(RULES)


def needed(spec: BaseModel, children: Callable[[Any], BaseModel]) -> Permissions:
    """Say what one spec needs, its embedded children included.

    Args:
        spec: of any pattern.
        children: reads an embedded child.
    """
    return _together([RULES[0], *_holding(spec, children)])


def possible(model: type[BaseModel]) -> Permissions:
    """Say what the specs of one pattern can need at the most, children left out."""
    keys = set(_keys(model, set()))
    return _together(rule for rule in RULES if not rule.key or rule.key in keys)


def least(model: type[BaseModel]) -> Permissions:
    """Say what every spec of one pattern needs."""
    keys = set(_keys(model, set(), required=True))
    rules = (rule for rule in RULES if not rule.values)
    return _together(rule for rule in rules if not rule.key or rule.key in keys)


def _holding(node: Any, children: Callable[[Any], BaseModel]) -> Iterator[Rule]:
    if isinstance(node, BaseModel):
        for name, field in type(node).model_fields.items():
            value, key = getattr(node, name), field.alias or name
            yield from (rule for rule in RULES if rule.key == key and rule.holds(value))
            if key == "spec" and isinstance(value, Mapping):
                yield from _holding(children(value), children)
            else:
                yield from _holding(value, children)
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from _holding(value, children)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from _holding(value, children)


def _keys(kind: Any, seen: set[Any], *, required: bool = False) -> Iterator[str]:
    for part in get_args(kind):
        yield from _keys(part, seen, required=required)
    if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in seen:
        seen.add(kind)
        for name, field in kind.model_fields.items():
            if field.is_required() or not required:
                yield field.alias or name
                yield from _keys(field.annotation, seen, required=required)


def _together(rules: Any) -> Permissions:
    found: Permissions = {}
    for rule in rules:
        for scope, level in rule.needs:
            found[scope] = max(found.get(scope, level), level, key=LEVELS.index)
    return dict(sorted(found.items()))
