"""What is wrong with something a person wrote: where, why, and how to mend it."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError, field_validator

from contracts.base import MAX_TEXT, Sent, clip

MAX_PROBLEMS = 20
"""How many mistakes are told at once."""

_MAX_PATH, _MAX_SHOWN = 200, 80
_MAX_COMPARED = 1_000
"""Of what is known, so many are compared with a word; comparing must not take seconds."""


class Problem(Sent):
    """One mistake. `path` is where it stands, such as `worker.timeout-minutes`."""

    path: str
    message: str

    @field_validator("path")
    @classmethod
    def _path_is_short(cls, path: str) -> str:
        return clip(path, _MAX_PATH)

    @field_validator("message")
    @classmethod
    def _message_is_short(cls, message: str) -> str:
        return clip(message, MAX_TEXT)

    @field_validator("path", "message", mode="before")
    @classmethod
    def _is_text(cls, text: Any) -> Any:
        """Spell out halves of characters, which no message can carry."""
        return text.encode("utf-8", "backslashreplace").decode() if isinstance(text, str) else text

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Turn pydantic's errors into a person's words, with the nearest known key suggested."""
    return [
        Problem(path=_path(e["loc"]), message=_message(e, model))
        for e in error.errors(include_url=False)[:MAX_PROBLEMS]
    ]


def shown(value: Any) -> str:
    """Show the beginning of what somebody wrote, whatever it is."""
    try:
        return clip(repr(value), _MAX_SHOWN)
    except (ValueError, RecursionError):  # thousands of digits, or of brackets
        return f"a {type(value).__name__} that is too large to show"


def nearest(word: str, known: Iterable[str]) -> str:
    """Say `did you mean x?`, or list what is known when nothing is near."""
    names = sorted(known)[:_MAX_COMPARED]
    near = difflib.get_close_matches(word[:_MAX_PATH], names, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(names)}"


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc)


def _message(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    kind, loc, text = error["type"], error["loc"], str(error["msg"])
    if kind == "extra_forbidden":
        owner = _model_at(model, loc[:-1])
        keys = [f.alias or n for n, f in owner.model_fields.items()] if owner else []
        return f"unknown key {loc[-1]!r}; {nearest(str(loc[-1]), keys)}"
    if kind == "missing":
        return "this key is required; add it"
    if kind == "value_error":
        return text.removeprefix("Value error, ")
    return f"{text[0].lower()}{text[1:]} (here: {shown(error.get('input'))})"


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """Find the model that a location leads to; union members add steps of their own."""
    at: type[BaseModel] | None = model
    for step in loc:
        if at is None:
            return None
        field = next((f for n, f in at.model_fields.items() if step in (n, f.alias)), None)
        if field is not None:
            at = _model_in(field.annotation)
    return at


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(arg) for arg in getattr(annotation, "__args__", ()))
    return next((m for m in inner if m is not None), None)
