"""Troubles with GitHub, each by itself or all together, as the sandbox makes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.github.errors import GitHubError, to_application_error
from contracts import errors
from sandbox.control import LedgerView
from sandbox.control_models import Posted
from tests.system.stand import REPOSITORY, Stand

RUN_LISTS = r"/actions/(workflows/[^/]+/)?runs$"
LISTS = rf"({RUN_LISTS})|/(issues|comments)$"
GATED = "octo-org/gated"


@dataclass(frozen=True)
class Spans:
    """How long troubles last, in seconds."""

    secondary: float
    primary: float
    stale: float
    artifact: float
    late: float
    calls: int
    """Per item, until the primary limit is used up where everything goes wrong; it takes about 8."""
    settle: str
    """For `PODIUM_SETTLE_SECONDS`: what is shipped where empty."""


SHORT = Spans(secondary=2, primary=6, stale=2, artifact=4, late=1, calls=5, settle="4")
FULL = Spans(secondary=60, primary=90, stale=10, artifact=5, late=10, calls=3, settle="")
_BEFORE_LIMIT = 10.0
"""Seconds that a run of full length needs to use up a primary limit of a third of its calls."""
_LONGEST_WAIT = timedelta(seconds=4)
"""Between two attempts of a hurried run, but for what a limit asks; otherwise it is a minute."""


@dataclass(frozen=True)
class Trouble:
    """What is put in force, and what must be seen of it afterwards."""

    rules: tuple[Mapping[str, Any], ...] = ()
    hook: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    told: frozenset[str] = frozenset()
    """Types of failures that histories must show."""

    def __or__(self, other: "Trouble") -> "Trouble":
        return Trouble(
            rules=(*self.rules, *other.rules),
            hook={**self.hook, **other.hook},
            settings={**self.settings, **other.settings},
            told=self.told | other.told,
        )

    def arm(self, stand: Stand) -> None:
        """Put it in force."""
        stand.control.settings(seed=11, **self.settings)
        stand.control.faults(self.rules)


def troubles(spans: Spans, items: int) -> dict[str, Trouble]:
    """All of them by name, and all together; limits come with items still to do."""
    limited = {"kind": "rate-limit", "skip": items, "lasts_seconds": spans.secondary}
    refused = frozenset({errors.GITHUB_RATE_LIMITED})
    secondary = Trouble(({**limited, "seconds": spans.secondary},), told=refused)
    window = {"rate_window_seconds": spans.primary + min(_BEFORE_LIMIT, spans.primary)}
    primary = Trouble(settings={**window, "rate_limit": items * 2}, told=refused)
    certain = {"kind": "status", "status": 502, "when": "after", "method": "POST", "times": 1}
    gateway = Trouble(
        (
            # One of each for certain, whatever the dice say.
            *({**certain, "path": path} for path in ("widgets/.*/dispatches$", "/issues$")),
            {"kind": "status", "status": 502, "when": "after", "share": 0.1},
            {"kind": "status", "status": 502, "when": "before", "share": 0.1 / 0.9},
        ),
        told=frozenset({errors.GITHUB_UNAVAILABLE}),
    )
    stale = Trouble(({"kind": "stale", "method": "GET", "path": LISTS, "seconds": spans.stale},))
    artifacts = Trouble(settings={"artifact_seconds": spans.artifact})
    # Where all are lost nothing can come twice: that happens beside the items, to everything else.
    hook = {"twice": 1.0, "late_seconds": spans.late, "early": 1.0, "silent": [REPOSITORY]}
    return {
        "webhooks-lost": Trouble(hook={"lost": 1.0}),
        "webhooks-twice": Trouble(hook={"twice": 1.0}),
        "webhooks-reordered": Trouble(hook={"late_seconds": spans.late}),
        "webhooks-early": Trouble(hook={"early": 1.0}),
        "bad-gateway": gateway,
        "secondary-limit": secondary,
        "secondary-limit-unhinted": Trouble(
            ({**limited, "seconds": 0, "status": 429},), told=refused
        ),
        "primary-limit": primary,
        # Where deliveries come, hardly any list is read.
        "stale-lists": stale | Trouble(hook={"lost": 1.0}),
        "late-artifacts": artifacts,
        "gate-and-breaker": Trouble(),
        "all": secondary
        | primary
        | gateway
        | stale
        | artifacts
        | Trouble(hook=hook, settings={"rate_limit": items * spans.calls}),
    }


def judge_deliveries(posted: Posted, ledger: LedgerView, name: str) -> None:
    """Of the items all were lost, or more came than were told, or in another order, or too early."""
    together, runs = name == "all", len(ledger.runs)
    if together or name == "webhooks-lost":
        items = [run for run in ledger.runs if run.repository == REPOSITORY]
        assert posted.lost >= 2 * len(items), "requested and completed, at least"
        assert together or posted.posted == 0
    if together or name == "webhooks-twice":
        assert posted.twice >= (1 if together else 2 * runs)
    if together or name == "webhooks-reordered":
        assert posted.overtaken >= (1 if together else runs / 4)
    if together or name == "webhooks-early":
        assert posted.early >= (1 if together else runs)


def hurried(error: GitHubError) -> ApplicationError:
    """Translate as always, but have Temporal wait as it does between the first attempts.

    Its waits double with each attempt, also after one that a limit refused: where limits end within
    seconds, and refuse often, one more 502 would cost a read a minute.
    """
    told = to_application_error(error)
    if told.non_retryable or told.next_retry_delay is not None:
        return told
    wait = min(timedelta(seconds=2 ** (activity.info().attempt - 1)), _LONGEST_WAIT)
    return ApplicationError(told.message, type=told.type, next_retry_delay=wait)
