"""Hold a result against the contract, the run that it is of, and the spec's schema."""

import json
import math
from typing import Any

import jsonschema
from jsonschema.validators import validator_for
from pydantic import ValidationError

from contracts.base import clip
from contracts.problems import problems_of
from contracts.runs import CollectOrder
from contracts.worker import KNOWN_PROTOCOLS, UnknownProtocolError, WorkerResult

_MAX_DEPTH = 64
"""Arrays and objects within each other; decoders give up at 200, and reports nest results."""


def read_result(order: CollectOrder, text: str) -> WorkerResult:
    """Decode a result and hold it against the contract, the run and the spec's schema.

    Raises:
        UnknownProtocolError: a version that this Podium does not know.
        ValueError: anything else that is wrong, in words.
    """
    size = len(text.encode(errors="surrogatepass"))
    if size > order.max_bytes:
        raise ValueError(f"the result has {size} bytes, the limit is {order.max_bytes}")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the result is no JSON: {error}") from error
    data = portable(data)
    if not isinstance(data, dict):
        raise ValueError("the result is no JSON object")  # noqa: TRY004 - callers catch one kind
    if data.get("protocol") not in KNOWN_PROTOCOLS:
        raise UnknownProtocolError(data.get("protocol"))
    try:
        result = WorkerResult.model_validate(data)
    except ValidationError as error:
        found = "; ".join(str(p) for p in problems_of(error, WorkerResult)[:3])
        raise ValueError(f"the result breaks the contract: {found}") from error
    _check_identity(order, result)
    check_schema(order.result_schema, result.outputs)
    return result


def portable(value: Any, deeper: int = _MAX_DEPTH) -> Any:
    """Copy a JSON value as one that every decoder on its way reads as the same.

    Raises:
        ValueError: numbers that are not finite, or nesting that decoders give up at.
    """
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, (int, float)) and not _is_finite(value):
        raise ValueError("the result has a number that is not finite; JSON knows none")
    if not isinstance(value, (dict, list)):
        return value
    if not deeper:
        raise ValueError(f"the result is nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, list):
        return [portable(one, deeper - 1) for one in value]
    return {whole(key): portable(one, deeper - 1) for key, one in value.items()}


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer that no float can hold
        return False


def whole(text: str) -> str:
    """Replace halves of characters, as are left where a worker cut text within an emoji."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _check_identity(order: CollectOrder, result: WorkerResult) -> None:
    run = order.run
    if (result.run_id, result.run_attempt) != (run.run_id, run.run_attempt):
        raise ValueError(
            f"the result is of run {result.run_id} attempt {result.run_attempt}, "
            f"not of {run.run_id} attempt {run.run_attempt}"
        )
    if result.dispatch_id and result.dispatch_id != run.dispatch_id:
        raise ValueError(f"the result is of dispatch {clip(result.dispatch_id, 40)}, not of this")


def check_schema(schema: dict[str, Any] | None, outputs: dict[str, Any]) -> None:
    """Hold outputs against the spec's schema.

    Raises:
        ValueError: where they break it, and how.
    """
    if schema is None:
        return
    validator = validator_for(schema, default=jsonschema.Draft202012Validator)(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(outputs))
    if error is not None:
        where = ".".join(["outputs", *(str(p) for p in error.absolute_path)])
        raise ValueError(f"{where}: {clip(error.message, 300)}")
