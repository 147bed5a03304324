"""Reading `act --json`: which job and step runs, and how each ended."""

import json
import re
from typing import Any

from sandbox.model import Attempt, Job, Step, World
from sandbox.runs.engine import finish_job
from sandbox.runs.workflow_file import WorkflowFile, WorkflowJob
from sandbox.wire import now

MAX_LOG_LINES = 5_000
_MAX_LINE = 4_000
_MATRIX_SUFFIX = re.compile(r"-\d+$")


class ActLog:
    """Turns lines of the log into the jobs and steps of one attempt."""

    def __init__(self, world: World, file: WorkflowFile, attempt: Attempt) -> None:
        self._world = world
        self._file = file
        self._attempt = attempt
        self._jobs: dict[str, Job] = {}
        self._forgiven: set[tuple[str, str]] = set()
        self.any_job_started = False

    def feed(self, line: bytes) -> Job | None:
        """Take one line; gives the job that has just started, if one has."""
        text = line.decode("utf-8", "replace").rstrip()
        try:
            entry = json.loads(text)
        except ValueError:
            entry = None
        if not isinstance(entry, dict):
            self.note(text)
            return None
        self._log(entry)
        key = str(entry.get("jobID", ""))
        return self._job_event(entry, key) if key in self._file.jobs else None

    def note(self, text: str) -> None:
        """Add a line to the log that people download."""
        if text and len(self._attempt.log) < MAX_LOG_LINES:
            self._attempt.log.append(text[:_MAX_LINE])

    def _log(self, entry: dict[str, Any]) -> None:
        said = str(entry.get("msg", "")).rstrip()
        if entry.get("level") in {"error", "warning"} and entry.get("error"):
            said = f"{said} {entry['error']}"
        job = str(entry.get("job", "")).strip()
        self.note(f"{entry.get('time', '')} {job}: {said}" if job else said)

    def _job_event(self, entry: dict[str, Any], key: str) -> Job | None:
        marker = f"{key} {json.dumps(entry.get('matrix') or {}, sort_keys=True)}"
        job, started = self._jobs.get(marker), None
        if job is None:
            job = started = self._jobs[marker] = self._start(entry, self._file.jobs[key])
        step_ids = entry.get("stepID") or []
        if entry.get("stage") == "Main" and len(step_ids) == 1:
            self._step_event(job, marker, str(step_ids[0]), entry)
        if "jobResult" in entry:
            self._end(job, self._file.jobs[key], str(entry["jobResult"]))
        return started

    def _start(self, entry: dict[str, Any], declared: WorkflowJob) -> Job:
        self.any_job_started = True
        moment, jobs = now(), self._attempt.jobs
        waiting = [j for j in jobs if j.key == declared.key and j.status == "queued"]
        if waiting:
            job = waiting[0]
        else:
            labels = list(declared.labels)
            job = Job(self._world.new_id(), declared.key, "", labels, moment, moment)
            jobs.append(job)
        job.name = self._name(entry, declared)
        job.status, job.started_at = "in_progress", moment
        job.steps = [Step("Set up job", 1, "completed", "success", moment, moment)]
        return job

    def _name(self, entry: dict[str, Any], declared: WorkflowJob) -> str:
        """The job's name as GitHub shows it; `act` numbers the jobs of a matrix instead."""
        shown = str(entry.get("job", "")).strip()
        for workflow in (self._file.name, self._file.path.rsplit("/", 1)[-1]):
            shown = shown.removeprefix(f"{workflow}/")
        matrix = entry.get("matrix") or {}
        if not matrix:
            return shown or declared.name
        if "${{" in declared.name:
            return _MATRIX_SUFFIX.sub("", shown)
        return f"{declared.name} ({', '.join(str(value) for value in matrix.values())})"

    def _step_event(self, job: Job, marker: str, step_id: str, entry: dict[str, Any]) -> None:
        name, moment = _step_name(str(entry.get("step", step_id))), now()
        said = str(entry.get("msg", ""))
        if said.startswith("⭐"):
            job.steps.append(Step(name, len(job.steps) + 1, started_at=moment))
        elif said == "Failed but continue next step":
            self._forgiven.add((marker, step_id))
        elif "stepResult" in entry and job.steps:
            step = job.steps[-1]
            good = (marker, step_id) in self._forgiven
            step.status, step.completed_at = "completed", moment
            step.conclusion = "success" if good else str(entry["stepResult"])

    def _end(self, job: Job, declared: WorkflowJob, result: str) -> None:
        # `act` gives every job of a matrix the result of the worst of them.
        failed = any(step.conclusion == "failure" for step in job.steps)
        if declared.has_matrix and result == "failure" and not failed:
            result = "success"
        moment = now()
        number = len(job.steps) + 1
        job.steps.append(Step("Complete job", number, "completed", "success", moment, moment))
        finish_job(job, result, moment)


def _step_name(shown: str) -> str:
    """GitHub puts `Run` before the name of a step that has none; such names hold code or `@`."""
    first = shown.strip().splitlines()[0] if shown.strip() else shown
    return f"Run {first}" if "@" in first and " " not in first else first
