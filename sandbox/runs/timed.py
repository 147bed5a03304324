"""Runs that end by the clock: no YAML is executed, so a thousand cost next to nothing."""

import random
from collections import Counter
from functools import partial

from sandbox.hub import Hub
from sandbox.model import Run, Step
from sandbox.runs.engine import Engine, finish_job
from sandbox.runs.results import publish_results
from sandbox.settings import TimedRule
from sandbox.wire import now


class TimedRules:
    """The rules in force and how often each has applied."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._rules: list[TimedRule] = []
        self._applied: Counter[tuple[int, str]] = Counter()
        self._random = random.Random(0)  # noqa: S311 - repeatable, not secret

    @property
    def rules(self) -> list[TimedRule]:
        """The rules, in order."""
        return list(self._rules)

    def replace(self, rules: list[TimedRule]) -> None:
        """Put new rules in force; counts and the random sequence start afresh."""
        self._rules = rules
        self._applied.clear()
        self._random = random.Random(self._hub.settings.seed)  # noqa: S311 - repeatable

    def choose(self, run: Run) -> TimedRule:
        """The rule that applies to the newest attempt of a run."""
        for index, rule in enumerate(self._rules):
            if not _matches(rule, run):
                continue
            if rule.share < 1 and self._random.random() >= rule.share:
                continue
            key = (index, str(run.inputs.get(rule.per_input, "")) if rule.per_input else "")
            if rule.times is not None and self._applied[key] >= rule.times:
                continue
            self._applied[key] += 1
            return rule
        return TimedRule()


class TimedExecutor:
    """Ends runs by timers of the event loop."""

    def __init__(self, engine: Engine, rules: TimedRules) -> None:
        self._engine = engine
        self._rules = rules
        self._chosen: dict[int, TimedRule] = {}

    def start(self, run: Run) -> None:
        """Begin the newest attempt."""
        rule = self._chosen[run.id] = self._rules.choose(run)
        self._engine.after(run, partial(self._started, run, rule), rule.queue_seconds)

    def stop(self, run: Run, *, force: bool) -> None:
        """End a run at once, unless its rule ignores all but force."""
        rule = self._chosen.get(run.id)
        if rule is None or force or not rule.ignore_cancel:
            self._chosen.pop(run.id, None)
            self._engine.complete(run, "cancelled")

    async def close(self) -> None:
        """Timers die with the engine."""

    def _started(self, run: Run, rule: TimedRule) -> None:
        self._engine.started(run)
        for job in run.attempt.jobs:
            job.status, job.started_at = "in_progress", now()
            job.steps = [Step("Set up job", 1, started_at=job.started_at)]
        if not rule.hang:
            work = max(0.0, rule.duration_seconds - rule.cleanup_seconds)
            self._engine.after(run, partial(self._published, run, rule), work)

    def _published(self, run: Run, rule: TimedRule) -> None:
        publish_results(self._engine.hub, run, rule)
        left = min(rule.cleanup_seconds, rule.duration_seconds)
        if left:
            self._engine.after(run, partial(self._ended, run, rule), left)
        else:
            self._ended(run, rule)

    def _ended(self, run: Run, rule: TimedRule) -> None:
        self._chosen.pop(run.id, None)
        moment = now()
        for job in run.attempt.jobs:
            finish_job(job, rule.jobs.get(job.name, rule.conclusion), moment)
        self._engine.complete(run, rule.conclusion)


def _matches(rule: TimedRule, run: Run) -> bool:
    if rule.workflow and rule.workflow != run.workflow_path.rsplit("/", 1)[-1]:
        return False
    if rule.repository and rule.repository.lower() != run.repository.lower():
        return False
    return all(str(run.inputs.get(name)) == value for name, value in rule.inputs.items())
