"""What comes to a workflow from outside, decoded so that nothing can wedge it."""

from typing import Any

from pydantic import ValidationError
from temporalio import workflow


def decoded(model: Any, arguments: tuple[Any, ...]) -> Any:
    """Decode a message; what does not decode is logged and dropped, and wedges nothing."""
    try:
        return model.model_validate(*arguments)
    except (ValidationError, TypeError, ValueError) as error:
        workflow.logger.warning(
            "message refused", extra={"model": model.__name__, "reason": str(error)[:300]}
        )
        return None
