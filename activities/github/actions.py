"""GitHub Actions: dispatches, runs, jobs, artifacts."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from activities.github.client import NOT_MODIFIED, PER_PAGE, Answer, GitHubClient
from activities.github.errors import GitHubError, RefusedError
from contracts.names import find_dispatch_id
from contracts.runs import COMPLETED, RunState
from contracts.watch import RunRow

DISPATCHED = "workflow_dispatch"
"""The event of the runs that Podium starts; only their titles may carry an id of ours."""
_CONFLICT = 409
_FILE = re.compile(r"([^/]+?\.ya?ml)(?:@.*)?$")
"""The file in a run's `path`, which may end in `@` and a ref."""


@dataclass(frozen=True)
class Dispatched:
    """An accepted dispatch; the run id is None where the server answers 204."""

    run_id: int | None
    url: str


@dataclass(frozen=True)
class Run:
    """One row of a list of runs."""

    row: RunRow
    created_at: datetime
    event: str
    actor: str
    """Who started it; whoever ran it again is somebody else."""
    ended_at: datetime | None = None
    """By GitHub's clock; None while it goes on."""


@dataclass(frozen=True)
class RunsPage:
    """One page of runs, newest first."""

    runs: tuple[Run, ...]
    etag: str
    not_modified: bool
    more: bool
    server_time: datetime
    """GitHub's own clock when it answered."""


class Actions:
    """The part of the REST API under `/actions`."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client
        self._tells_run = True

    def dispatch(
        self, repository: str, workflow: str, ref: str, inputs: dict[str, str]
    ) -> Dispatched:
        """Start one run. Sends exactly one POST that can start one.

        Servers that do not know `return_run_details` refuse the key before anything is
        started, so that the second POST is the first one that counts. They are asked without
        it from then on.

        Raises:
            GitHubError: `AmbiguousError` where the run may have started all the same.
        """
        body: dict[str, Any] = {"ref": ref, "inputs": inputs}
        path = f"/repos/{repository}/actions/workflows/{workflow}/dispatches"
        details = {"return_run_details": True} if self._tells_run else {}
        try:
            answer = self._client.request("POST", path, body=body | details)
        except RefusedError as error:
            if not details or "return_run_details" not in str(error):
                raise
            self._tells_run = False
            answer = self._client.request("POST", path, body=body)
        told = answer.data or {}
        return Dispatched(told.get("workflow_run_id"), str(told.get("html_url") or ""))

    def runs(
        self, repository: str, *, workflow: str = "", page: int = 1, etag: str = ""
    ) -> RunsPage:
        """Read one page of runs, unfiltered: GitHub's filtered lists can be stale for days."""
        scope = f"workflows/{workflow}/runs" if workflow else "runs"
        path = f"/repos/{repository}/actions/{scope}"
        answer = self._client.get(path, etag=etag, per_page=PER_PAGE, page=page)
        rows = (answer.data or {}).get("workflow_runs", [])
        return RunsPage(
            runs=tuple(run_of(row) for row in rows),
            etag=answer.etag or etag,
            not_modified=answer.status == NOT_MODIFIED,
            more=answer.has_next,
            server_time=_server_time(answer),
        )

    def run(self, repository: str, run_id: int) -> Run:
        """Read one run."""
        return run_of(self._client.get(f"/repos/{repository}/actions/runs/{run_id}").data)

    def state(self, repository: str, run_id: int) -> RunState:
        """Read one run and, while it is in progress, when its first job began."""
        row = self.run(repository, run_id).row
        started = self._first_job(repository, run_id) if row.status == "in_progress" else None
        return RunState(
            run_id=run_id,
            run_attempt=row.run_attempt,
            status=row.status,
            conclusion=row.conclusion,
            started_at=started,
            url=row.url,
        )

    def cancel(self, repository: str, run_id: int, *, force: bool = False) -> bool:
        """Ask for a cancellation; False where the run had ended before."""
        verb = "force-cancel" if force else "cancel"
        try:
            self._client.request("POST", f"/repos/{repository}/actions/runs/{run_id}/{verb}")
        except GitHubError as error:
            if error.status == _CONFLICT:
                return False
            raise
        return True

    def artifacts(self, repository: str, run_id: int, name: str) -> list[dict[str, Any]]:
        """List a run's artifacts of one name, newest first."""
        path = f"/repos/{repository}/actions/runs/{run_id}/artifacts"
        return list(self._client.get(path, name=name).data["artifacts"])

    def all_artifacts(self, repository: str, run_id: int) -> list[dict[str, Any]]:
        """List a run's artifacts, the first hundred."""
        path = f"/repos/{repository}/actions/runs/{run_id}/artifacts"
        return list(self._client.get(path, per_page=PER_PAGE).data["artifacts"])

    def jobs(self, repository: str, run_id: int) -> list[dict[str, Any]]:
        """List the jobs of a run's last attempt, the first hundred."""
        path = f"/repos/{repository}/actions/runs/{run_id}/jobs"
        return list(self._client.get(path, per_page=PER_PAGE).data["jobs"])

    def artifact_zip(self, repository: str, artifact_id: int, max_bytes: int) -> bytes:
        """Download an artifact, in its zip."""
        path = f"/repos/{repository}/actions/artifacts/{artifact_id}/zip"
        return self._client.download(self._client.redirect_of(path), max_bytes)

    def _first_job(self, repository: str, run_id: int) -> datetime | None:
        jobs = self.jobs(repository, run_id)
        starts = [job["started_at"] for job in jobs if job.get("started_at")]
        return min(datetime.fromisoformat(start) for start in starts) if starts else None


def run_of(data: dict[str, Any]) -> Run:
    """Keep of GitHub's answer what Podium needs.

    Titles of other events are a stranger's text, such as the title of a commit.
    """
    event = data.get("event") or ""
    title = data.get("display_title") or ""
    file = _FILE.search(data.get("path") or "")
    return Run(
        row=RunRow(
            run_id=data["id"],
            run_attempt=data.get("run_attempt") or 1,
            status=data.get("status") or "",
            conclusion=data.get("conclusion"),
            dispatch_id=find_dispatch_id(title) if event == DISPATCHED else None,
            workflow=file.group(1) if file else "",
            url=data.get("html_url") or "",
            seconds=_seconds(data) if data.get("status") == COMPLETED else None,
        ),
        created_at=datetime.fromisoformat(data["created_at"]),
        event=event,
        ended_at=_ended(data),
        actor=(data.get("actor") or data.get("triggering_actor") or {}).get("login") or "",
    )


def _ended(data: dict[str, Any]) -> datetime | None:
    told = data.get("updated_at")
    if data.get("status") != COMPLETED or not told:
        return None
    return datetime.fromisoformat(told)


def _seconds(data: dict[str, Any]) -> float | None:
    start, end = data.get("run_started_at"), data.get("updated_at")
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def _server_time(answer: Answer) -> datetime:
    date = answer.headers.get("date")
    return parsedate_to_datetime(date) if date else datetime.now(UTC)
