"""Named moments of a Temporal Worker's work, and a fuse that ends the process at one of them.

The names say where: `before actions.dispatch` is just before the adapter sends the POST, and
`after actions.dispatch` is when GitHub has accepted it and nobody has recorded that.
"""

import asyncio
import functools
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from temporalio import activity, workflow
from temporalio.worker import (
    ActivityInboundInterceptor,
    ContinueAsNewInput,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    Interceptor,
    SignalExternalWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

MOMENT, PASSING = "PODIUM_TEST_MOMENT", "PODIUM_TEST_PASSING"
MARKER, SIGNAL = "PODIUM_TEST_MARKER", "PODIUM_TEST_SIGNAL"


@dataclass
class Fuse:
    """Sends this process a signal at the N-th passing of one moment, once."""

    moment: str
    passing: int
    marker: Path
    signal: signal.Signals
    passed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Fuse":
        return cls(
            moment=environment[MOMENT],
            passing=int(environment[PASSING]),
            marker=Path(environment[MARKER]),
            signal=signal.Signals[environment[SIGNAL]],
        )

    def reach(self, moment: str) -> None:
        """Pass a moment; a process that is killed here does not come back."""
        if moment != self.moment:
            return
        with self.lock:
            self.passed += 1
            if self.passed != self.passing:
                return
            self.marker.write_text(moment)
            # To this thread: one to the process is the main thread's to take, and this one would go
            # on meanwhile (59 of 60 times on a busy machine, measured).
            signal.pthread_kill(threading.get_ident(), self.signal)
        if self.signal is signal.SIGKILL:  # pragma: no cover - the kernel ends us first
            threading.Event().wait()


_lit: list[Fuse] = []


def light(fuse: Fuse) -> None:
    """Have the workflows of this process pass their moments too."""
    _lit.append(fuse)


class Fused:
    """An object of which each method call is two moments."""

    def __init__(self, inner: Any, area: str, fuse: Fuse) -> None:
        self._inner, self._area, self._fuse = inner, area, fuse

    def __getattr__(self, name: str) -> Any:
        method, moment = getattr(self._inner, name), f"{self._area}.{name}"
        if asyncio.iscoroutinefunction(method):
            return self._awaited(method, moment)

        @functools.wraps(method)
        def passing(*arguments: Any, **named: Any) -> Any:
            self._fuse.reach(f"before {moment}")
            answer = method(*arguments, **named)
            self._fuse.reach(f"after {moment}")
            return answer

        return passing

    def _awaited(self, method: Any, moment: str) -> Any:
        @functools.wraps(method)
        async def passing(*arguments: Any, **named: Any) -> Any:
            self._fuse.reach(f"before {moment}")
            answer = await method(*arguments, **named)
            self._fuse.reach(f"after {moment}")
            return answer

        return passing


class FusedWorker(Interceptor):
    """Moments around activities, and at what workflows command."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _FusedActivity(next, self._fuse)

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the SDK's name
    ) -> type[WorkflowInboundInterceptor]:
        return FusedWorkflow


class _FusedActivity(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, fuse: Fuse) -> None:
        super().__init__(following)
        self._fuse = fuse

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        name = activity.info().activity_type
        self._fuse.reach(f"before {name}")
        answer = await super().execute_activity(input)
        self._fuse.reach(f"after {name}")
        return answer


class FusedWorkflow(WorkflowInboundInterceptor):
    """Moments of workflows; passed on replay too, where a command is given again."""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_FusedCommands(outbound))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - the SDK's name
        if workflow.info().continued_run_id:
            _pass("after continue-as-new")
        return await super().execute_workflow(input)


class _FusedCommands(WorkflowOutboundInterceptor):
    def continue_as_new(self, input: ContinueAsNewInput) -> Any:  # noqa: A002 - the SDK's name
        _pass("before continue-as-new")
        super().continue_as_new(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:  # noqa: A002 - the SDK's name
        _pass(f"before signal {input.signal}")
        await super().signal_external_workflow(input)


def _pass(moment: str) -> None:
    """Pass a moment of a workflow; each type of workflow has its own."""
    with workflow.unsafe.sandbox_unrestricted():
        for fuse in _lit:
            fuse.reach(f"{moment} of {workflow.info().workflow_type}")
