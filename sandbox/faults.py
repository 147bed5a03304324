"""Faults on demand: lost answers, resets, slowness, stale lists, rate limits."""

import math
import random
import re
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.wire import Answer, ApiError, now

SECONDARY_LIMIT = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)


class FaultRule(BaseModel):
    """Which requests fail, how often and how. The first rule that applies wins.

    `when` tells whether the work is left undone (`before`), or is done and only its answer
    is lost or replaced (`after`).
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["status", "reset", "slow", "stale", "rate-limit"]
    method: str | None = None
    path: str = ".*"
    """Regular expression searched in the path (without the query)."""
    login: str | None = None
    when: Literal["before", "after"] = "before"
    share: float = Field(default=1.0, gt=0, le=1)
    """Random share of the matching requests, from the settings' seed."""
    skip: int = Field(default=0, ge=0)
    """Let this many matching requests go by first."""
    times: int | None = Field(default=None, ge=1)
    """Apply this many times, then never again."""
    lasts_seconds: float | None = Field(default=None, gt=0, le=3_600)
    """Apply for so long from the first time on, then never again. A `rate-limit` tells when it
    ends: `retry-after`, unless `seconds` is 0, and `x-ratelimit-reset` for the primary one."""
    status: int = Field(default=502, ge=400, le=599)
    """Status of `status`; for `rate-limit` 429, or anything else for 403."""
    message: str = "Server Error"
    seconds: float = Field(default=1.0, ge=0, le=3_600)
    """How slow, how stale at most, or how long to wait for `rate-limit` (0: no hint)."""
    headers: dict[str, str] = Field(default_factory=dict)
    primary: bool = False
    """For `rate-limit`: the primary limit (`x-ratelimit-remaining: 0`), not the secondary."""

    @model_validator(mode="after")
    def _path_compiles(self) -> Self:
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path is no regular expression: {error}") from error
        return self

    def answer(self, login: str | None) -> Answer:
        """The answer that takes the place of the real one."""
        if self.kind != "rate-limit":
            found = ApiError(self.status, self.message).answer()
        elif self.primary:
            found = ApiError(self._limit_status(), f"API rate limit exceeded for {login}.").answer()
            found.headers["x-ratelimit-remaining"] = "0"
        else:
            found = ApiError(self._limit_status(), SECONDARY_LIMIT).answer()
            if self.seconds:
                found.headers["retry-after"] = str(max(1, round(self.seconds)))
        found.headers |= self.headers
        return found

    def _limit_status(self) -> int:
        return 429 if self.status == 429 else 403


@dataclass(slots=True)
class _Armed:
    rule: FaultRule
    pattern: re.Pattern[str]
    applied: int = 0
    passed: int = 0
    ends_at: float = math.inf

    def begin(self) -> None:
        """Count an application; the first one starts the time for which the rule lasts."""
        self.applied += 1
        if self.applied == 1 and self.rule.lasts_seconds is not None:
            self.ends_at = now() + self.rule.lasts_seconds

    def as_of_now(self) -> FaultRule:
        """The rule, telling what is left of its time where it lasts."""
        if self.rule.lasts_seconds is None or self.rule.kind != "rate-limit":
            return self.rule
        if self.rule.primary:
            reset = {"x-ratelimit-reset": str(math.ceil(self.ends_at))}
            return self.rule.model_copy(update={"headers": reset | self.rule.headers})
        left = math.ceil(self.ends_at - now()) if self.rule.seconds else 0
        return self.rule.model_copy(update={"seconds": left})


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._random = random.Random(0)  # noqa: S311 - repeatable, not secret

    def replace(self, rules: list[FaultRule], seed: int) -> None:
        """Put new rules in force."""
        self._armed = [_Armed(rule, re.compile(rule.path)) for rule in rules]
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def choose(self, method: str, path: str, login: str | None) -> FaultRule | None:
        """The rule that applies to a request, if any."""
        for armed in self._armed:
            if _matches(armed, method, path, login) and not self._is_spared(armed):
                armed.begin()
                return armed.as_of_now()
        return None

    def _is_spared(self, armed: _Armed) -> bool:
        """Whether a request that a rule is about goes unharmed all the same."""
        rule = armed.rule
        if armed.passed < rule.skip:
            armed.passed += 1
            return True
        used_up = rule.times is not None and armed.applied >= rule.times
        if used_up or now() >= armed.ends_at:
            return True
        return rule.share < 1 and self._random.random() >= rule.share

    def staleness(self, rule: FaultRule) -> float:
        """How many seconds old a stale answer is."""
        return self._random.uniform(0, rule.seconds)


def _matches(armed: _Armed, method: str, path: str, login: str | None) -> bool:
    rule = armed.rule
    if rule.method and rule.method.upper() != method:
        return False
    return rule.login in (None, login) and armed.pattern.search(path) is not None
