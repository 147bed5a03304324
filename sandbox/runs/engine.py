"""The life of runs: queued, waiting for its turn, in progress, completed.

The engine decides when a run may start and when it has ended; executors do the running.
Everything happens on one event loop, so no step can interleave with another.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from sandbox.hub import Hub
from sandbox.model import Attempt, Job, Review, Run, RunState
from sandbox.runs.groups import Groups
from sandbox.runs.workflow_file import WorkflowFile
from sandbox.settings import Mode
from sandbox.wire import ApiError, now


class Executor(Protocol):
    """Something that runs one attempt and then calls `Engine.complete`."""

    def start(self, run: Run) -> None:
        """Begin the newest attempt; must not block."""

    def stop(self, run: Run, *, force: bool) -> None:
        """End a run in progress soon; it is completed through the engine."""

    async def close(self) -> None:
        """End everything at once and wait for it (bounded)."""


class Engine:
    """Queues, slots and state changes of all runs."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.executors: dict[Mode, Executor] = {}
        self.held = False
        self.groups = Groups()
        self._queues: dict[Mode, deque[Run]] = {"act": deque(), "timed": deque()}
        self._active: dict[Mode, set[int]] = {"act": set(), "timed": set()}
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def submit(self, run: Run, file: WorkflowFile) -> None:
        """Take a new run."""
        self._begin(run, file, run.login, failed_jobs_only=False)

    def rerun(self, run: Run, file: WorkflowFile, login: str, *, failed_jobs_only: bool) -> None:
        """Start another attempt of a completed run.

        Raises:
            ApiError: 403 while the run is not completed.
        """
        if run.state.status != "completed":
            raise ApiError(403, "This workflow is already running")
        self._begin(run, file, login, failed_jobs_only=failed_jobs_only)

    def _begin(self, run: Run, file: WorkflowFile, login: str, *, failed_jobs_only: bool) -> None:
        moment = now()
        attempt = Attempt(len(run.attempts) + 1, login, moment, failed_jobs_only=failed_jobs_only)
        attempt.jobs = [
            Job(self.hub.world.new_id(), job.key, job.name, list(job.labels), moment, moment)
            for job in file.jobs.values()
        ]
        run.attempts.append(attempt)
        run.reviews = []
        run.problem = file.problem
        self.set_state(run, "queued", None)
        if file.problem:
            self.complete(run, "startup_failure")
        elif self.hub.settings.action_required and attempt.number == 1:
            self.complete(run, "action_required")
        else:
            self._admit(run, file)

    def _admit(self, run: Run, file: WorkflowFile) -> None:
        cancel = bool((file.concurrency or {}).get("cancel-in-progress"))
        displaced, waits = self.groups.enter(run, cancel_in_progress=cancel)
        if waits:
            self.set_state(run, "pending", None)
        for other in displaced:
            self.cancel(self.hub.world.runs[other], "", force=True)
        if not waits:
            self.enqueue(run)

    def enqueue(self, run: Run) -> None:
        """Let a run wait for a runner, or first for a review of its environment."""
        if self.waiting_for(run):
            self.set_state(run, "waiting", None)
            return
        if run.state.status != "queued":
            self.set_state(run, "queued", None)
        self._queues[run.mode].append(run)
        self.pump()

    def waiting_for(self, run: Run) -> list[str]:
        """Protected environments of a run that nobody has approved yet."""
        approved = {review.environment for review in run.reviews if review.state == "approved"}
        protected = self.hub.settings.protected_environments
        return [name for name in run.environments if name in protected and name not in approved]

    def review(self, run: Run, reviews: list[Review]) -> None:
        """Take answers to a run that waits: a rejection ends it, the last approval frees it."""
        run.reviews += reviews
        if any(review.state == "rejected" for review in reviews):
            self.complete(run, "failure")
        elif not self.waiting_for(run):
            self.enqueue(run)

    def hold(self, *, held: bool) -> None:
        """Keep all runs from starting, or let them start again."""
        self.held = held
        self.pump()

    def pump(self) -> None:
        """Start what may start."""
        for mode, queue in self._queues.items():
            limit = self._limit(mode)
            while queue and not self.held and (limit is None or len(self._active[mode]) < limit):
                run = queue.popleft()
                if run.state.status == "queued":
                    self._active[mode].add(run.id)
                    self.executors[run.mode].start(run)

    def _limit(self, mode: Mode) -> int | None:
        settings = self.hub.settings
        return settings.runners if mode == "act" else settings.timed_runners

    def started(self, run: Run) -> None:
        """A runner has taken the run."""
        run.attempt.running_since = now()
        self.set_state(run, "in_progress", None)

    def complete(self, run: Run, conclusion: str) -> None:
        """A run has ended; its jobs that have not, end with it."""
        if run.state.status == "completed":
            return
        self.after(run, None, 0)
        moment = now()
        for job in run.attempt.jobs:
            if job.status != "completed":
                finish_job(job, _job_conclusion(job, conclusion), moment)
        self.set_state(run, "completed", conclusion)
        self._active[run.mode].discard(run.id)
        promoted = self.groups.leave(run)
        if promoted is not None:
            self.enqueue(self.hub.world.runs[promoted])
        self.pump()

    def cancel(self, run: Run, login: str, *, force: bool) -> None:
        """Ask a run to end.

        Raises:
            ApiError: 409 when it has ended.
        """
        if run.state.status == "completed":
            raise ApiError(409, "Cannot cancel a workflow run that is completed.")
        run.attempt.cancelled_by = login
        if run.state.status == "in_progress" or run.id in self._active[run.mode]:
            self.executors[run.mode].stop(run, force=force)
        else:
            self.complete(run, "cancelled")

    def after(self, run: Run, act: Callable[[], None] | None, seconds: float) -> None:
        """Set the one timer of a run; None only clears it."""
        timer = self._timers.pop(run.id, None)
        if timer:
            timer.cancel()
        if act:
            self._timers[run.id] = asyncio.get_running_loop().call_later(seconds, act)

    def set_state(self, run: Run, status: str, conclusion: str | None) -> None:
        """Append to a run's history."""
        attempt = run.attempt
        run.history.append(RunState(now(), status, conclusion, attempt.number, attempt.started_at))
        self.hub.changed()
        self.hub.run_changed(run)

    async def close(self) -> None:
        """End every run in progress at once."""
        self.held = True
        for timer in self._timers.values():
            timer.cancel()
        await asyncio.gather(*(executor.close() for executor in self.executors.values()))


def finish_job(job: Job, conclusion: str, at: float) -> None:
    """End a job and its open steps."""
    job.status, job.conclusion, job.completed_at = "completed", conclusion, at
    for step in job.steps:
        if step.status != "completed":
            step.status, step.conclusion, step.completed_at = "completed", conclusion, at


def _job_conclusion(job: Job, conclusion: str) -> str:
    if conclusion in {"startup_failure", "action_required"}:
        return "action_required" if conclusion == "action_required" else "failure"
    return "skipped" if job.status == "queued" and conclusion != "cancelled" else conclusion
