"""GitHub's own description of its API, as githubkit carries it, held against what crossed the wire."""

import datetime as dt
import functools
import importlib
import inspect
import json
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from githubkit_schemas.v2022_11_28 import models
from pydantic import TypeAdapter

AREAS = [
    "actions",
    "apps",
    "code_scanning",
    "git",
    "issues",
    "orgs",
    "pulls",
    "rate_limit",
    "repos",
    "teams",
    "users",
]
_HEAD = re.compile(r"\n\s*(GET|POST|PATCH|PUT|DELETE) (/\S*)\n")
_ALWAYS = {"self", "headers", "stream", "data", "kwargs"}
WITHOUT_MODEL: Mapping[str, Any] = {
    "actions/create-workflow-dispatch": models.WorkflowDispatchResponse,
}
"""Answers that githubkit describes elsewhere than at the operation."""


class _Item:
    """Stands for `Missing[X]` and the like: X."""

    def __class_getitem__(cls, item: Any) -> Any:
        return item


class _Answer:
    """Stands for `Response[model, dict]`: the model; bare, there is no body."""

    def __class_getitem__(cls, item: Any) -> Any:
        return item[0] if isinstance(item, tuple) else item


class _Unknown:
    """Stands for what only types an answer that is not looked at."""

    def __class_getitem__(cls, _: Any) -> Any:
        return cls


class _Names(dict[str, Any]):
    """What githubkit's annotations name; it has them for type checkers only."""

    def __missing__(self, name: str) -> Any:
        found = getattr(models, name, None) or getattr(models, name.removesuffix("Type"), None)
        return found or getattr(typing, name, None) or _Unknown


_NAMES = _Names(
    {"Missing": _Item, "Response": _Answer, "UniqueList": list, "_dt": dt}
    | {one.__name__: one for one in (int, str, bool, float, list, dict, object)}
)


@dataclass(frozen=True)
class Operation:
    """One thing that GitHub can be asked."""

    name: str
    method: str
    template: str
    parameters: Mapping[str, Any]
    """Of the query, or of the body where there is one: types by name."""
    required: tuple[frozenset[str], ...]
    """What must be sent; one of several sets."""
    answer: Any

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{(\w+)\}", self.template)
        holes = [".+" if hole in ("path", "ref") else "[^/]+" for hole in parts[1::2]]
        fixed = [re.escape(part) for part in parts[::2]]
        return re.compile("".join(a + b for a, b in zip(fixed, [*holes, ""], strict=True)))


def _of(function: Any) -> Iterator[Operation]:
    text = function.__doc__ or ""
    head = _HEAD.search(text)
    if head is None or inspect.iscoroutinefunction(function):
        return
    signatures = [inspect.signature(one) for one in (*typing.get_overloads(function), function)]
    named = [
        {n: one for n, one in signature.parameters.items() if _is_sent(one)}
        for signature in signatures
        if _is_optional(signature.parameters.get("data"))
    ]
    required = [frozenset(n for n, p in one.items() if p.default is p.empty) for one in named]
    types = {
        name: eval(one.annotation, {}, _NAMES)  # noqa: S307 - a pinned package's own annotations
        for parameters in named
        for name, one in parameters.items()
    }
    answer = eval(signatures[-1].return_annotation, {}, _NAMES)  # noqa: S307 - as above
    name = text.split("\n", 1)[0].strip()
    needs = tuple(required[:-1] or required)  # the last is the function's, after its overloads
    yield Operation(name, head[1], head[2], types, needs, WITHOUT_MODEL.get(name, answer))


def _is_sent(parameter: inspect.Parameter) -> bool:
    return parameter.kind is parameter.KEYWORD_ONLY and parameter.name not in _ALWAYS


def _is_optional(parameter: inspect.Parameter | None) -> bool:
    """Whether the body may be given as parameters instead of as one `data`."""
    return parameter is None or parameter.default is not parameter.empty


@functools.cache
def operations() -> tuple[Operation, ...]:
    """All of the areas, those with the fewest holes first: they are the nearest to a path."""
    found = [
        operation
        for area in AREAS
        for name, kind in vars(
            importlib.import_module(f"githubkit_schemas.v2022_11_28.rest.{area}")
        ).items()
        if name.endswith("Client")
        for function in vars(kind).values()
        if inspect.isfunction(function)
        for operation in _of(function)
    ]
    return tuple(sorted(found, key=lambda one: one.template.count("{")))


def operation_of(method: str, path: str) -> Operation:
    """Find what is asked; GitHub knows nothing else."""
    for one in operations():
        if one.method == method and one.pattern.fullmatch(path):
            return one
    raise AssertionError(f"GitHub has no {method} {path}")


def hold_request(operation: Operation, query: str, body: bytes | str | None) -> None:
    """Refuse a parameter or a key of the body that GitHub does not know, or of another type."""
    sent: dict[str, Any] = dict(
        parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    )
    if body and body != b"null":
        assert operation.method != "GET", f"{operation.name} has no body"
        sent |= json.loads(body)
    for name, value in sent.items():
        assert name in operation.parameters, f"{operation.name} has no {name}"
        TypeAdapter(operation.parameters[name]).validate_python(value)
    lacks = [sorted(needed - set(sent)) for needed in operation.required]
    assert not lacks or [] in lacks, f"{operation.name} lacks {lacks}"


def hold_answer(operation: Operation, body: bytes) -> None:
    """Refuse an answer that is not of the model of its operation."""
    if operation.answer is _Answer:
        assert body in (b"", b"{}", b"null"), f"{operation.name} has a body without a model"
        return
    TypeAdapter(operation.answer).validate_python(json.loads(body))
