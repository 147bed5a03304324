"""Files that a spec names, put into it: JSON Schemas, and the specs of child orchestrations.

A run is pinned to what was rendered; it depends on no file.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.validators import validator_for

from contracts.orchestration import BadInputError
from contracts.problems import Problem

Read = Callable[[Path], Any]
_MAX_LEVELS = 8


def embed(path: Path, data: Any, read: Read, above: tuple[Path, ...] = ()) -> Any:
    """Replace every path that a spec holds by what the file holds.

    Args:
        path: of the spec file; paths are relative to it.
        data: the spec as read.
        read: reads another spec file.
        above: the spec files that led here.

    Raises:
        BadInputError: a file that cannot be read or is wrong, or specs that hold each other.
    """
    chain = (*above, path.resolve())
    if path.resolve() in above or len(chain) > _MAX_LEVELS:
        names = " > ".join(one.name for one in chain)
        raise BadInputError([Problem(path="spec", message=f"a cycle of specs: {names}")])
    return _walk(path, data, "", read, chain)


def _walk(path: Path, data: Any, at: str, read: Read, chain: tuple[Path, ...]) -> Any:
    if isinstance(data, list):
        return [
            _walk(path, one, f"{at}.{place}".lstrip("."), read, chain)
            for place, one in enumerate(data)
        ]
    if not isinstance(data, dict):
        return data
    found = {}
    for key, value in data.items():
        below = f"{at}.{key}".lstrip(".")
        if key == "schema" and isinstance(value, str) and at.endswith("result"):
            found[key] = _schema(path, value, below)
        elif key == "spec" and isinstance(value, str) and ".orchestrations." in at:
            found[key] = _spec(path, value, below, read, chain)
        else:
            found[key] = _walk(path, value, below, read, chain)
    return found


def _spec(path: Path, named: str, at: str, read: Read, chain: tuple[Path, ...]) -> Any:
    child = path.parent / named
    try:
        return embed(child, read(child), read, chain)
    except BadInputError as error:
        raise BadInputError(
            [Problem(path=at, message=f"{named}: {problem}") for problem in error.problems]
        ) from error


def _schema(path: Path, named: str, at: str) -> Any:
    try:
        schema = json.loads((path.parent / named).read_text(encoding="utf-8"))
        validator_for(schema, default=jsonschema.Draft202012Validator).check_schema(schema)
    except OSError as error:
        problem = Problem(path=at, message=f"{named} cannot be read beside the spec: {error}")
        raise BadInputError([problem]) from error
    except (ValueError, RecursionError, jsonschema.SchemaError) as error:
        message = f"{named} is no JSON Schema: {str(error).splitlines()[0]}"
        raise BadInputError([Problem(path=at, message=message)]) from error
    return schema
