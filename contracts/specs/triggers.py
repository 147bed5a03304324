"""What starts an orchestration."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from contracts.base import Written


class DispatchInput(Written):
    """An input of the orchestration itself, declared as GitHub declares inputs."""

    description: str = ""
    required: bool = False
    default: str | int | float | bool | None = None
    type: Literal["string", "choice", "boolean", "number"] = "string"
    options: tuple[str, ...] = ()


class DispatchTrigger(Written):
    """Started by hand; `inputs` are what `${{ inputs.* }}` reads."""

    inputs: dict[str, DispatchInput] = Field(default_factory=dict)


class EventTrigger(Written):
    """A GitHub event; what `${{ event.* }}` reads is its payload."""

    types: tuple[str, ...] = Field(default=(), max_length=20)
    """Activity types, such as `opened`; any where left out."""


def _switch(value: Any) -> Any:
    """`workflow_dispatch: true`, or with nothing behind it, is a trigger without inputs."""
    return {} if value is True or value is None else value


class Triggers(Written):
    """What starts the orchestration. Event names are GitHub's, and keep their underscores."""

    workflow_dispatch: Annotated[DispatchTrigger | None, BeforeValidator(_switch)] = Field(
        default=None, alias="workflow_dispatch"
    )
    schedule: str | None = None
    """`hourly`, `daily`, `weekly`, or five cron fields, in UTC."""
    issues: Annotated[EventTrigger | None, BeforeValidator(_switch)] = None
    """Started with the event's payload: `podium start --event FILE`."""
