"""How people and machines talk to a running orchestration; nothing they send can wedge it.

A handler whose input does not decode loops or is dropped without a word. So every handler takes
what comes, validates inside, never raises, and journals what it refuses.
"""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import RawValue

from contracts import names
from contracts.base import clip
from contracts.gates import OpenGate
from contracts.report import Decision, OrchestrationReport, Progress
from contracts.watch import CompletedRuns
from workflows.parts.journal import Journal


class Console:
    """Registers the signals and queries that every pattern has."""

    def __init__(
        self,
        journal: Journal,
        *,
        pause: Callable[[], None],
        resume: Callable[[], None],
        status: Callable[[], Progress],
        report: Callable[[], OrchestrationReport | None],
        gates: Callable[[], list[OpenGate]],
    ) -> None:
        self._journal = journal
        self._pause, self._resume = pause, resume
        self._on_completed: Callable[[CompletedRuns], None] | None = None
        self._early: list[CompletedRuns] = []
        workflow.set_signal_handler(names.SIGNAL_RUNS_COMPLETED, self._runs_completed)
        workflow.set_signal_handler(names.SIGNAL_PAUSE, self._paused)
        workflow.set_signal_handler(names.SIGNAL_RESUME, self._resumed)
        workflow.set_query_handler(names.QUERY_STATUS, status)
        workflow.set_query_handler(names.QUERY_REPORT, report)
        workflow.set_query_handler(names.QUERY_DECISIONS, self._decisions)
        workflow.set_query_handler(names.QUERY_GATES, gates)

    def refuse_the_rest(self) -> None:
        """Refuse signals that nobody takes, once everybody has said what they take.

        Signals that came before the first task, with the start or between two runs of a chain,
        go to whichever handler is set first; this one would take all of them.
        """
        workflow.set_dynamic_signal_handler(self._unknown)

    def connect(self, on_completed: Callable[[CompletedRuns], None]) -> None:
        """Pass news of runs on, from now on and what came before."""
        self._on_completed = on_completed
        early, self._early = self._early, []
        for batch in early:
            on_completed(batch)

    def _runs_completed(self, *arguments: Any) -> None:
        try:
            batch = CompletedRuns.model_validate(*arguments)
        except (ValidationError, TypeError) as error:
            self._refuse(names.SIGNAL_RUNS_COMPLETED, str(error))
            return
        if self._on_completed is None:
            self._early.append(batch)
        else:
            self._on_completed(batch)

    def _paused(self, *_: Any) -> None:
        self._pause()

    def _resumed(self, *_: Any) -> None:
        self._resume()

    def _unknown(self, name: str, _: Sequence[RawValue]) -> None:
        self._refuse(name, "no such signal")

    def _refuse(self, signal: str, reason: str) -> None:
        self._journal.decide("signal-refused", clip(signal, 80), clip(reason, 300))

    def _decisions(self) -> list[Decision]:
        return self._journal.state.decisions
