"""Comments that answer gates: the commands, the pointers to them, and messages of `GateWatch`.

A pointer says where a comment is and nothing of what it says: whoever may signal an orchestration can
make one up. What counts is read from GitHub when the answer is counted.
"""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from contracts.base import Clipped, Sent, clip
from contracts.runs import Waiter

MAX_SEEN = 100
"""Comments in one message."""
MAX_ISSUES = 1_000
"""Approval issues that one watcher keeps."""

Verb = Literal["approve", "reject", "choose"]

_COMMAND = re.compile(r"\s{0,20}/(approve|reject|choose)(?=\s|$)", re.IGNORECASE)
_MAX_COMMENT = 10_000
"""Characters of a comment that are looked at."""


class Command(Sent):
    """What a comment's text asks for; who wrote it, it cannot say."""

    verb: Verb
    gate: str | None = None
    choice: str = ""
    comment: Clipped = ""


def is_command(body: str | None) -> bool:
    """Whether a comment begins with one of the commands."""
    return _COMMAND.match(body or "") is not None


def command_of(body: str | None, gates: Collection[str]) -> Command | None:
    """Read a comment: `/approve [gate] [text]`, `/reject [gate] [text]`, `/choose [gate] X [text]`.

    Args:
        body: the comment, as GitHub has it.
        gates: names that the first word may have to count as a gate; any other word is text.

    >>> command_of("/approve production looks good", ["production"])
    Command(verb='approve', gate='production', choice='', comment='looks good')
    >>> command_of("/reject too early", ["production"])
    Command(verb='reject', gate=None, choice='', comment='too early')
    >>> command_of("I would /approve this", ["production"]) is None
    True
    """
    found = _COMMAND.match(body or "")
    if found is None:
        return None
    verb, rest = found[1].lower(), (body or "")[found.end() : _MAX_COMMENT].strip()
    named = {name.lower(): name for name in gates}
    word, _, after = _first_word(rest)
    gate = named.get(word.lower())
    if gate is not None:
        rest = after
    choice = ""
    if verb == "choose":
        choice, _, rest = _first_word(rest)
    return Command.model_validate(
        {"verb": verb, "gate": gate, "choice": clip(choice, 100), "comment": rest}
    )


def _first_word(text: str) -> tuple[str, str, str]:
    parts = text.split(None, 1)
    return (parts[0] if parts else "", " ", parts[1].strip() if len(parts) > 1 else "")


class GateIssue(Sent):
    """The approval issue of an open gate."""

    number: int
    waiter: Waiter
    """Who is told of comments on it."""
    since: datetime
    """When the gate opened: comments from before are not looked for."""


class RegisterGates(Sent):
    """An orchestration tells its watcher of open gates; doing so again changes nothing."""

    repository: str
    issues: tuple[GateIssue, ...] = Field(max_length=MAX_SEEN)


class WatchGates(Sent):
    """What `GateWatch`'s signal `watch` carries."""

    issues: tuple[GateIssue, ...] = Field(max_length=MAX_SEEN)


class ReleaseGate(Sent):
    """A gate has closed: its issue is not looked at any more."""

    number: int


class SeenComment(Sent):
    """A comment that begins with a command."""

    number: int
    """Of its issue."""
    comment_id: int
    author: str = ""
    """Only to give everybody their share; who wrote it is read when it is counted."""


class SeenComments(Sent):
    """What the webhook receiver tells `GateWatch`, by its signal `comments_seen`."""

    comments: tuple[SeenComment, ...] = Field(max_length=MAX_SEEN)


class GateComment(Sent):
    """What the signal `gate_comment` tells an orchestration: where to look, and nothing else."""

    number: int = Field(ge=1)
    comment_id: int = Field(ge=1)


class SweepComments(Sent):
    """Look at approval issues once."""

    repository: str
    issues: tuple[GateIssue, ...]
    told: tuple[int, ...] = ()
    """Comments that need not be told again."""


class SweptComments(Sent):
    """Commands that a look found, oldest first, and issues that are gone."""

    comments: tuple[SeenComment, ...] = ()
    gone: tuple[int, ...] = ()


class GateWatchState(Sent):
    """What `GateWatch` carries through continue-as-new."""

    repository: str
    every: timedelta = timedelta(minutes=5)
    """Between two looks."""
    issues: dict[int, GateIssue] = Field(default_factory=dict)
    """By number; the one that was looked at longest ago first."""
    told: dict[int, dict[int, str]] = Field(default_factory=dict)
    """By issue: the comments that its orchestration was told of, and their authors."""
    strays: dict[str, int] = Field(default_factory=dict)
    """Comments on other issues that each orchestration was told of, by its workflow id."""
    swept_at: datetime | None = None
    checked_at: datetime | None = None


class ReadAnswer(Sent):
    """Read a comment, and what its author may do, as GitHub says now."""

    repository: str
    number: int
    """The approval issue that it must be on."""
    comment_id: int
    opened_at: datetime
    gates: tuple[str, ...]
    """Names that the comment may use."""
    approvers: tuple[str, ...]
    """As the spec has them: logins (delegates too), teams, roles."""


class CommentAnswer(Sent):
    """What a comment says and who wrote it; or why it does not count."""

    refused: str = ""
    author: str = ""
    command: Command | None = None
    counts_as: tuple[str, ...] = ()
    """The approvers of the spec that the author is."""
    created_at: datetime | None = None
    url: str = ""
