"""What starts an orchestration."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from contracts.base import Duration, Written
from contracts.cron import Calendar, read_cron


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


Overlap = Literal["skip", "buffer-one", "allow-all", "cancel-other", "terminate-other"]


class ScheduleTrigger(Written):
    """Started by Temporal at given times, once `podium schedules apply` has made them live."""

    cron: str = Field(max_length=200)
    """`hourly`, `daily`, `weekly`, `weekly on monday`, or five cron fields."""
    timezone: str = Field(
        default="UTC", pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$", max_length=64
    )
    """Name of a time zone, such as `Europe/Berlin`."""
    overlap: Overlap = "skip"
    """What happens when the time comes while the last run goes on."""
    catch_up: Duration = Field(default=timedelta(hours=1), ge=timedelta(seconds=10))
    """How late a run that was missed, since Temporal was away, may still start."""

    @field_validator("cron")
    @classmethod
    def _comes(cls, text: str) -> str:
        read_cron(text)
        return text

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        """The times, in `timezone`."""
        return read_cron(self.cron)


def _scheduled(value: Any) -> Any:
    """`schedule: daily` is short for `{cron: daily}`."""
    if isinstance(value, list | tuple):
        raise ValueError(  # noqa: TRY004 - pydantic takes no TypeError for a problem
            "one schedule, not a list: write a text such as daily, or a mapping such as "
            '{cron: "0 6 * * 1", timezone: Europe/Berlin}'
        )
    return {"cron": value} if isinstance(value, str) else value


def _switch(value: Any) -> Any:
    """`workflow_dispatch: true`, or with nothing behind it, is a trigger without inputs."""
    return {} if value is True or value is None else value


class Triggers(Written):
    """What starts the orchestration. Event names are GitHub's, and keep their underscores."""

    workflow_dispatch: Annotated[DispatchTrigger | None, BeforeValidator(_switch)] = Field(
        default=None, alias="workflow_dispatch"
    )
    schedule: Annotated[
        ScheduleTrigger | None,
        BeforeValidator(_scheduled, json_schema_input_type=str | ScheduleTrigger | None),
    ] = None
    """A text is its `cron`, in UTC."""
    issues: Annotated[EventTrigger | None, BeforeValidator(_switch)] = None
    """Started with the event's payload: by `podium webhooks`, or `podium start --event FILE`."""
    issue_comment: Annotated[EventTrigger | None, BeforeValidator(_switch)] = Field(
        default=None, alias="issue_comment"
    )
    pull_request: Annotated[EventTrigger | None, BeforeValidator(_switch)] = Field(
        default=None, alias="pull_request"
    )

    @property
    def events(self) -> dict[str, EventTrigger]:
        """Those that are events of GitHub, by name."""
        named = {
            "issues": self.issues,
            "issue_comment": self.issue_comment,
            "pull_request": self.pull_request,
        }
        return {name: one for name, one in named.items() if one is not None}

    @property
    def needs_event(self) -> bool:
        """Whether nothing but an event starts it."""
        return bool(self.events) and self.workflow_dispatch is None and self.schedule is None
