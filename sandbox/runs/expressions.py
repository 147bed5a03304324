"""GitHub's expression language, as far as `run-name` and `concurrency` need it.

Contexts are plain nested dictionaries; a missing name is null, as on GitHub. Supported:
literals, property and index access, `==`, `!=`, `!`, `&&`, `||`, parentheses and the
functions `format`, `contains`, `startsWith`, `endsWith`, `join`, `toJSON` and `fromJSON`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

_TEMPLATE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<text>'(?:[^']|'')*')"
    r"|(?P<name>[A-Za-z_][\w-]*)|(?P<op>==|!=|&&|\|\||[!().,\[\]]))"
)
_WORDS = {"true": True, "false": False, "null": None}
_FORMAT = re.compile(r"\{\{|\}\}|\{(\d+)\}")


class ExpressionError(ValueError):
    """The text is not an expression that this module understands."""


def interpolate(template: str, contexts: Mapping[str, Any]) -> str:
    """Fill every `${{ }}` of a template.

    Raises:
        ExpressionError: an expression is malformed or uses an unknown function.
    """
    return _TEMPLATE.sub(lambda match: as_text(evaluate(match.group(1), contexts)), template)


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """The value of one expression.

    Raises:
        ExpressionError: the expression is malformed or uses an unknown function.
    """
    parser = _Parser(_tokens(expression), contexts)
    value = parser.any_of()
    parser.end()
    return value


def as_text(value: Any) -> str:
    """A value as GitHub prints it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case dict():
            return "Object"
        case list():
            return "Array"
    return str(value)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"Unexpected symbol: '{text[at:].strip()[:40]}'")
        found.append((match.lastgroup, match.group(match.lastgroup)))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], contexts: Mapping[str, Any]) -> None:
        self._tokens = tokens
        self._at = 0
        self._contexts = contexts

    def end(self) -> None:
        if self._at != len(self._tokens):
            raise ExpressionError(f"Unexpected symbol: '{self._tokens[self._at][1]}'")

    def any_of(self) -> Any:
        value = self._all_of()
        while self._take("||"):
            other = self._all_of()
            value = value if _truthy(value) else other
        return value

    def _all_of(self) -> Any:
        value = self._comparison()
        while self._take("&&"):
            other = self._comparison()
            value = other if _truthy(value) else value
        return value

    def _comparison(self) -> Any:
        value = self._unary()
        while True:
            if self._take("=="):
                value = _equal(value, self._unary())
            elif self._take("!="):
                value = not _equal(value, self._unary())
            else:
                return value

    def _unary(self) -> Any:
        if self._take("!"):
            return not _truthy(self._unary())
        value = self._primary()
        while True:
            if self._take("."):
                value = _member(value, self._next("name"))
            elif self._take("["):
                value = _member(value, self.any_of())
                self._need("]")
            else:
                return value

    def _primary(self) -> Any:
        if self._take("("):
            value = self.any_of()
            self._need(")")
            return value
        kind, text = self._peek()
        if kind == "op" or not kind:
            raise ExpressionError(f"Unexpected symbol: '{text}'")
        self._at += 1
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if text in _WORDS:
            return _WORDS[text]
        return self._call(text) if self._take("(") else self._contexts.get(text.lower())

    def _call(self, name: str) -> Any:
        arguments: list[Any] = []
        while not self._take(")"):
            if arguments:
                self._need(",")
            arguments.append(self.any_of())
        function = _FUNCTIONS.get(name.lower())
        if function is None:
            raise ExpressionError(f"Unrecognized function: '{name}'")
        try:
            return function(*arguments)
        except (TypeError, IndexError, ValueError) as error:
            raise ExpressionError(f"{name}: {error}") from error

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "end")

    def _take(self, operator: str) -> bool:
        if self._peek() == ("op", operator):
            self._at += 1
            return True
        return False

    def _need(self, operator: str) -> None:
        if not self._take(operator):
            raise ExpressionError(f"Expected '{operator}', found '{self._peek()[1]}'")

    def _next(self, kind: str) -> str:
        found, text = self._peek()
        if found != kind:
            raise ExpressionError(f"Unexpected symbol: '{text}'")
        self._at += 1
        return text


def _truthy(value: Any) -> bool:
    return value not in (None, "", 0, False)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    if type(left) is type(right):
        return bool(left == right)
    return _number(left) == _number(right)


def _number(value: Any) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError):
        return float("nan")


def _member(value: Any, key: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get(key, {k.lower(): v for k, v in value.items()}.get(str(key).lower()))
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    return None


def _format(template: str, *values: Any) -> str:
    def fill(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return match.group(0)[0]
        return as_text(values[int(match.group(1))])

    return _FORMAT.sub(fill, template)


def _contains(where: Any, what: Any) -> bool:
    if isinstance(where, list):
        return any(_equal(item, what) for item in where)
    return as_text(what).casefold() in as_text(where).casefold()


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "format": _format,
    "contains": _contains,
    "startswith": lambda text, start: (
        as_text(text).casefold().startswith(as_text(start).casefold())
    ),
    "endswith": lambda text, end: as_text(text).casefold().endswith(as_text(end).casefold()),
    "join": lambda items, separator=",": separator.join(as_text(item) for item in items),
    "tojson": lambda value: json.dumps(value, indent=2),
    "fromjson": json.loads,
}
