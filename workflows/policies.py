"""Every timeout and retry policy, by kind of work."""

from collections.abc import Iterator
from datetime import timedelta

from temporalio.common import Priority, RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig

from contracts import names

_PATIENT = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=1),
)
"""Bounded by schedule-to-close, not by a count: an outage may last longer than any count."""
_OUTLASTS_A_LIMIT = timedelta(hours=2)
"""GitHub's primary limit may ask for a wait of an hour, and an activity whose wait would end after
its schedule-to-close fails at once. So may the count of what was written."""

DISPATCH = ActivityConfig(
    task_queue=names.DISPATCH_QUEUE,
    # An attempt sends only while its deadline for sending ends before this, so a frozen attempt
    # never sends beside the next one; it is also how long a killed Temporal Worker is missed.
    start_to_close_timeout=timedelta(seconds=25),
    retry_policy=_PATIENT,
    # A dispatch that is under way when the workflow is cancelled is awaited: its run must be
    # known to be cancelled on GitHub.
    cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)
"""One `workflow_dispatch`; see `dispatch` for how long it may take."""

CANCEL = ActivityConfig(
    task_queue=names.DISPATCH_QUEUE,
    start_to_close_timeout=timedelta(seconds=25),
    schedule_to_close_timeout=timedelta(minutes=30),
    retry_policy=_PATIENT,
)
"""Cancelling a run on GitHub, which may be repeated freely."""

READ = ActivityConfig(
    task_queue=names.READ_QUEUE,
    start_to_close_timeout=timedelta(seconds=60),
    schedule_to_close_timeout=_OUTLASTS_A_LIMIT,
    retry_policy=_PATIENT,
)
"""Reads, and the collection of results."""

GLANCE = ActivityConfig(
    task_queue=names.READ_QUEUE,
    start_to_close_timeout=timedelta(seconds=20),
    schedule_to_close_timeout=timedelta(minutes=1),
    retry_policy=RetryPolicy(maximum_attempts=2),
)
"""What is only shown: it is read again soon, or nobody misses it."""

POLL = ActivityConfig(
    task_queue=names.WATCH_QUEUE,
    start_to_close_timeout=timedelta(seconds=60),
    schedule_to_close_timeout=_OUTLASTS_A_LIMIT,
    retry_policy=_PATIENT,
)
"""One look at a list of runs; after a failure the watcher simply looks again later, so that a look
that gave up before a limit's end would be followed by others, each refused."""

POLL_ONCE: ActivityConfig = {**POLL, "start_to_close_timeout": timedelta(seconds=25)}
"""One request of a look: when the Temporal Worker that sent it dies, all ends are missed for so long."""

CONTENT = ActivityConfig(
    task_queue=names.CONTENT_QUEUE,
    start_to_close_timeout=timedelta(seconds=25),
    schedule_to_close_timeout=_OUTLASTS_A_LIMIT,
    retry_policy=_PATIENT,
)
"""Issues, comments, pull requests."""

SARIF = ActivityConfig(
    task_queue=names.CONTENT_QUEUE,
    start_to_close_timeout=timedelta(minutes=10),
    heartbeat_timeout=timedelta(seconds=30),
    schedule_to_close_timeout=timedelta(hours=1),
    retry_policy=_PATIENT,
)
"""Fetching findings and uploading them; the same upload again replaces itself."""

SARIF_FOLLOW = ActivityConfig(
    task_queue=names.READ_QUEUE,
    start_to_close_timeout=timedelta(seconds=60),
    schedule_to_close_timeout=timedelta(minutes=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=2),
        backoff_coefficient=1.5,
        maximum_interval=timedelta(seconds=30),
        maximum_attempts=40,
    ),
)
"""Until GitHub has processed an upload; about a quarter of an hour."""

LOCAL = ActivityConfig(
    task_queue=names.TASK_QUEUE,
    start_to_close_timeout=timedelta(seconds=30),
    schedule_to_close_timeout=timedelta(minutes=10),
    retry_policy=_PATIENT,
)
"""Work that calls Temporal, or nothing."""


def dispatch(left: timedelta) -> ActivityConfig:
    """Dispatch for as long as the orchestration has time: an operator may stop the queue."""
    return {**DISPATCH, "schedule_to_close_timeout": max(left, timedelta(minutes=1))}


def named(policy: ActivityConfig, summary: str, *, of: str = "") -> ActivityConfig:
    """Give an activity its policy, and its line in the Temporal UI (at most 400 bytes).

    Args:
        policy: one of this module's.
        summary: what is done.
        of: the repository that it is done in, where its queue has a limit: with fairness on
            (`matching.enableFairness`) the server takes repositories in turn.
    """
    if not of:
        return {**policy, "summary": summary}
    return {**policy, "summary": summary, "priority": Priority(fairness_key=names.fairness_key(of))}


CANCEL_GRACE = timedelta(seconds=60)
"""How long a cancelled run may take to end before it is forced, and then given up."""

PERMIT_MARGIN = timedelta(minutes=15)
"""How long dispatching, cancelling and collecting may take besides the run's own limits."""

CANCEL_LOOK = timedelta(seconds=10)
"""How often a cancelled run is read meanwhile, should its watcher not tell sooner."""

MAX_DISPATCHING = 20
"""Dispatches outstanding per fleet, so that a drain is short even under rate limits."""

SILENCE_MIN = timedelta(seconds=30)
SILENCE_MAX = timedelta(minutes=5)
"""After so long without news a fleet tells the watcher again what it waits for."""

POLL_MIN = timedelta(seconds=1)
POLL_MAX = timedelta(seconds=30)
POLL_SHARE = 20
"""A run is looked for about every twentieth of its typical time."""

SWEEP = timedelta(seconds=300)
"""Between two polls while deliveries tell of every end: the polls are for what got lost."""

WAITER_CHECK = timedelta(seconds=30)
"""How often a watcher asks whether its waiters are still running."""

GATE_WAITER_CHECK = timedelta(hours=6)
"""How often a watcher of approval issues asks whether its orchestrations are still running; they say
so themselves when a gate closes."""

GATE_REGISTER = timedelta(hours=12)
"""How often an open gate is told to that watcher again, which may have been terminated."""

DEADLINE_GRACE = timedelta(hours=3)
"""How long an ordered end may take: cancellations, and a report through an outage."""

OLDER_CHILD_CLOSES = DEADLINE_GRACE
"""How long a child's start waits for an older one of its id to close, which is asked to cancel: it ends
in order."""

_OLDER_CHILD_FIRST, _OLDER_CHILD_LONGEST = timedelta(seconds=1), timedelta(minutes=5)
"""Between two tries to start it: most older ones end within seconds, and each try is seven events."""


def older_child_waits() -> Iterator[timedelta]:
    """Give the waits before each further try to start a child whose id an older one has."""
    wait, left = _OLDER_CHILD_FIRST, OLDER_CHILD_CLOSES
    while left:
        yield wait
        left -= wait
        wait = min(2 * wait, _OLDER_CHILD_LONGEST, left)


PAUSE_MAX = timedelta(days=30)
"""Pauses move the deadline by at most so much; the execution timeout lies behind all of it."""

MAX_COLLECTING = 40
"""Results collected at once per worker; each order carries the spec's schema."""

MAX_COMMAND_BYTES = 512 * 1024
"""Of what one kind of activity is scheduled with at once."""

BACKLOG = 100
"""Items that may wait for another attempt before new ones are taken."""

GATHER_UNSURE = timedelta(minutes=10)
"""How long items that a classifier is not sure of are gathered, before people are asked about them."""

TELL_BREAKER_EVERY = timedelta(seconds=1)
"""Least time between two messages of an orchestration to one breaker, where nobody waits for them: a
breaker continues as new while nothing comes in, which many small messages would keep it from."""

MAX_BREAKER_EVENTS = 1_000
"""Length of a breaker's history at which it continues as new.

The server refuses a last task that a message has overtaken, and lets nobody ask until it was tried
again, by replaying everything: that took seconds at the 4,000 events that servers suggest.
"""

HUSH = timedelta(seconds=5)
"""How long a watcher tells an orchestration nothing that is about to continue as new; the chain's next
run ends it.

Where news overtakes its last task, the server refuses that, and all of the history is replayed before
anything else is done: 3 s for 4,000 events.
"""

HUSHED_AFTER = timedelta(seconds=1)
"""How long an orchestration waits for its watcher's answer that it hushes: usually some 10 ms. That of
an older Temporal Worker does not answer; what it had sent has arrived by then."""

MAX_GATE_EVENTS = 500
"""Of a history, in which a gate goes on waiting; beyond, answers that do not count or reminders have
filled it, and the wait goes on in the chain's next run."""
