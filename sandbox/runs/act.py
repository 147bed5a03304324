"""Runs that really run: each attempt is one `act` process on this machine."""

import asyncio
import contextlib
import shutil
import subprocess  # nosec - the guardian is this project's own module
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

from sandbox.hub import Hub
from sandbox.model import Job, Run
from sandbox.runs.act_command import ActCommand, Tokens, UnknownActionError, act_command
from sandbox.runs.act_log import ActLog
from sandbox.runs.engine import Engine
from sandbox.runs.processes import kill_marked
from sandbox.runs.workflow_file import WorkflowFile
from sandbox.wire import ApiError

MAX_LINE_BYTES = 4 * 1024 * 1024
_CHUNK = 64 * 1024
_ROOT = Path(__file__).resolve().parent.parent.parent


class ActExecutor:
    """Starts `act`, reads its log, ends it with all that it started."""

    def __init__(self, engine: Engine, scratch: Path, removable: list[Path]) -> None:
        """Nothing is started before the first run.

        Args:
            engine: hears of starts and ends.
            scratch: holds the homes of the runs.
            removable: folders to remove should this process be killed.
        """
        self._engine = engine
        self._hub: Hub = engine.hub
        self._scratch = scratch
        self._removable = removable
        self._mark = uuid.uuid4().hex
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stopped: set[int] = set()
        self._guardian: subprocess.Popen[bytes] | None = None

    def start(self, run: Run) -> None:
        """Begin the newest attempt."""
        if self._guardian is None:
            self._guardian = self._start_guardian()
        self._stopped.discard(run.id)
        self._tasks[run.id] = asyncio.get_running_loop().create_task(self._execute(run))

    def stop(self, run: Run, *, force: bool) -> None:  # noqa: ARG002 - both kill at once
        """Kill a run; it is completed as cancelled when its processes are gone."""
        self._stopped.add(run.id)
        self._hub.background(asyncio.to_thread(kill_marked, self._mark_of(run)))

    async def close(self) -> None:
        """Kill every run and wait for the ends."""
        self._stopped |= self._tasks.keys()
        for task in self._tasks.values():
            task.cancel()
        if self._guardian is None:
            return
        await asyncio.to_thread(kill_marked, self._mark)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._guardian.stdin:
            self._guardian.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._guardian.wait, 2.0)

    def _mark_of(self, run: Run) -> str:
        return f"{self._mark}/{run.id}"

    def _start_guardian(self) -> subprocess.Popen[bytes]:
        folders = [str(folder) for folder in self._removable]
        return subprocess.Popen(  # noqa: S603 - this project's own module
            [sys.executable, "-m", "sandbox.runs.guardian", self._mark, *folders],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    async def _execute(self, run: Run) -> None:
        hub = self._hub
        repository = hub.repository(*run.repository.split("/"))
        conclusion = "startup_failure"
        try:
            file = hub.workflow_file(repository, run.workflow_path)
            with self._tokens(run, file) as tokens:
                command = act_command(
                    hub, repository, run, file, tokens, self._scratch, self._mark_of(run)
                )
                conclusion = await self._run_act(run, file, command)
        except UnknownActionError as error:
            run.attempt.log.append(f"##[error]{error}")
            conclusion = "failure"
        except (ApiError, OSError) as error:
            run.attempt.log.append(f"##[error]{error}")
        finally:
            self._tasks.pop(run.id, None)
            self._engine.complete(run, "cancelled" if run.id in self._stopped else conclusion)

    @contextlib.contextmanager
    def _tokens(self, run: Run, file: WorkflowFile) -> Iterator[Tokens]:
        identities = self._hub.identities
        tokens = Tokens(
            identities.issue_run_token(run, file.permissions), identities.issue_runtime_token(run)
        )
        try:
            yield tokens
        finally:
            identities.revoke(tokens.github)
            identities.revoke_runtime(tokens.runtime)

    async def _run_act(self, run: Run, file: WorkflowFile, command: ActCommand) -> str:
        process = await asyncio.create_subprocess_exec(
            *command.arguments,
            cwd=command.home,
            env=command.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        if run.id in self._stopped:
            # The cancel came while the process was being made, and found nothing to kill.
            kill_marked(self._mark_of(run))
        self._engine.started(run)
        log = ActLog(self._hub.world, file, run.attempt)
        timers: list[asyncio.TimerHandle] = []
        try:
            async for line in _lines(process.stdout):
                started = log.feed(line)
                if started:
                    timers.append(self._limit(run, file, started, log))
            code = await process.wait()
        finally:
            for timer in timers:
                timer.cancel()
            if process.returncode is None:
                kill_marked(self._mark_of(run))
            self._hub.background(asyncio.to_thread(shutil.rmtree, command.home, True))  # noqa: FBT003 - ignore_errors
        return _conclusion(code, log, run)

    def _limit(self, run: Run, file: WorkflowFile, job: Job, log: ActLog) -> asyncio.TimerHandle:
        """End the run when a job takes longer than its `timeout-minutes`."""
        minutes = file.jobs[job.key].timeout_minutes
        seconds = minutes * self._hub.settings.minute_seconds
        return asyncio.get_running_loop().call_later(
            seconds, partial(self._overdue, run, job, log, minutes)
        )

    def _overdue(self, run: Run, job: Job, log: ActLog, minutes: float) -> None:
        if job.status == "in_progress":
            log.note(f"##[error]The job has exceeded the maximum execution time of {minutes:g}m0s")
            self.stop(run, force=True)


def _conclusion(code: int, log: ActLog, run: Run) -> str:
    if not log.any_job_started:
        return "skipped" if code == 0 else "startup_failure"
    failed = any(job.conclusion == "failure" for job in run.attempt.jobs)
    return "success" if code == 0 and not failed else "failure"


async def _lines(stream: asyncio.StreamReader | None) -> AsyncIterator[bytes]:
    """Lines of any length; what goes beyond 4 MiB of one line is dropped."""
    rest = b""
    while stream is not None and (chunk := await stream.read(_CHUNK)):
        *whole, rest = (rest + chunk).split(b"\n")
        rest = rest[:MAX_LINE_BYTES]
        for line in whole:
            yield line
    if rest:
        yield rest
