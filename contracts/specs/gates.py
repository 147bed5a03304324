"""What a spec says about a gate: who decides, how many, by when, and what silence means."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.base import Duration, Written

ROLES = ("read", "triage", "write", "maintain", "admin")
"""Permissions of a repository, the least first."""
ROLE = "role:"
YES, NO = "approve", "reject"

_LOGIN = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:\[bot\])?")
_TEAM = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")

Approvers = Annotated[tuple[str, ...], Field(min_length=1, max_length=20)]
"""Each is a login, a team as `org/team`, or the least permission in the repository as
`role:maintain`. Whether somebody is in a team or has a role, only GitHub knows: such an approver
counts only where the answer is a comment on the approval issue."""

Choice = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


def is_login(approver: str) -> bool:
    """Whether an approver is one person, by login."""
    return "/" not in approver and not approver.startswith(ROLE)


def login(written: str) -> str:
    """Spell a login, or a team, as it is compared: GitHub's names ignore case."""
    return written.removeprefix("@").lower()


class FurtherApprovers(Written):
    """Whom to ask besides, when nobody decided in time."""

    approvers: Approvers
    timeout: Duration = Field(default=timedelta(days=1), gt=timedelta())
    """Silence for so long, from the escalation on, rejects."""


class Reminders(Written):
    """Comments on the approval issue while nobody has decided."""

    every: Duration = Field(default=timedelta(days=1), ge=timedelta(minutes=1))
    max: int = Field(default=5, ge=1, le=50)


class Approval(Written):
    """A gate: people decide before something goes on."""

    approvers: Approvers
    """Whose answers count, and whom the approval issue mentions."""
    quorum: int = Field(default=1, ge=1, le=20)
    """So many different people must agree. More than one: only answers verified by GitHub count."""
    any_reject_rejects: bool = True
    """One rejection closes the gate. Else it takes as many rejections as the quorum."""
    allow_self_review: bool = False
    """Whether who started the run may answer. Without, only answers verified by GitHub count where
    nobody knows who started it."""
    verified: bool = False
    """Only answers verified by GitHub count, never those that only claim a login."""
    choices: tuple[Choice, ...] = Field(default=(), max_length=20)
    """What may be answered besides `approve` and `reject`; each lets the work go on."""
    require_comment: bool = False
    """An answer without a comment does not count."""
    delegates: dict[str, tuple[str, ...]] = Field(default_factory=dict, max_length=20)
    """By the login of an approver: who may answer in their stead. Together they have one vote."""
    timeout: Duration = Field(default=timedelta(days=1), gt=timedelta())
    """Silence for so long is what `timeout-action` says."""
    timeout_action: Literal["reject", "approve", "escalate"] = "reject"
    escalate: FurtherApprovers | None = None
    """Whom to ask besides, for `timeout-action: escalate`."""
    reminders: Reminders | None = None
    instructions: str = Field(default="", max_length=2_000)

    @model_validator(mode="after")
    def _fits_together(self) -> "Approval":
        asked = [*self.approvers, *(self.escalate.approvers if self.escalate else ())]
        for one in asked:
            _check_approver(one)
        self._check_choices()
        self._check_silence()
        self._check_delegates(asked)
        if all(map(is_login, asked)) and self.quorum > len(set(map(login, asked))):
            raise ValueError(f"quorum: {self.quorum} of {len(set(map(login, asked)))} approvers")
        return self

    def _check_choices(self) -> None:
        for name in (YES, NO):
            if name in self.choices:
                raise ValueError(f"choices: {name} may always be answered; leave it out")
        if len(set(self.choices)) < len(self.choices):
            raise ValueError("choices: each one once")

    def _check_silence(self) -> None:
        if (self.timeout_action == "escalate") != (self.escalate is not None):
            raise ValueError("escalate: goes with timeout-action: escalate; give both or neither")
        if self.timeout_action == "approve" and (self.verified or self.quorum > 1):
            raise ValueError(
                "timeout-action: approve lets the work go on without anybody; "
                "leave out verified and quorum, or have silence reject"
            )

    def _check_delegates(self, asked: list[str]) -> None:
        names = set(map(login, asked))
        seen: set[str] = set()
        for person, delegates in self.delegates.items():
            if login(person) not in names or not is_login(person):
                raise ValueError(f"delegates: {person} is no approver by login")
            for one in map(login, delegates):
                if not is_login(one) or not _LOGIN.fullmatch(one):
                    raise ValueError(f"delegates: {one} is no login")
                if one in seen or one in names:
                    raise ValueError(f"delegates: {one} would have more than one vote")
                seen.add(one)


def _check_approver(written: str) -> None:
    if written.startswith(ROLE):
        if written.removeprefix(ROLE) not in ROLES:
            raise ValueError(f"approvers: {written} is no role ({', '.join(ROLES)})")
    elif not (_TEAM if "/" in written else _LOGIN).fullmatch(written):
        raise ValueError(
            f"approvers: {written!r} is neither a login, nor a team as org/team, nor role:<role>"
        )
