"""A stateful GitHub in memory, behind the adapter's seams: no HTTP, any clock."""

import io
import json
import zipfile
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from activities.github import NotFoundError
from activities.github.actions import Dispatched, Run, RunsPage
from activities.github.client import Answer
from contracts.names import find_dispatch_id
from contracts.runs import RunState
from contracts.watch import RunRow

WORKER_FILE = """
name: analyzer
run-name: "analyzer ${{ inputs.item }} [${{ inputs.dispatch_id }}]"
on:
  workflow_dispatch:
    inputs:
      item: {required: true}
      dispatch_id: {required: false}
jobs: {}
"""


@dataclass
class Behaviour:
    """How one run goes."""

    seconds: float = 0
    queue_seconds: float = 0
    held_seconds: float = 0
    """How long an environment's reviewers hold it, before it queues."""
    conclusion: str = "success"
    result: Any = "default"
    """`default`, None for no artifact, a string as it stands, or changes to the default result."""
    ignores_cancel: bool = False


@dataclass
class FakeRun:
    """One run and its fate."""

    run_id: int
    dispatch_id: str
    inputs: dict[str, str]
    behaviour: Behaviour
    created: datetime
    cancelled: datetime | None = None
    forced: bool = False
    attempt: int = 1

    @property
    def started(self) -> datetime:
        return self.released + timedelta(seconds=self.behaviour.queue_seconds)

    @property
    def released(self) -> datetime:
        return self.created + timedelta(seconds=self.behaviour.held_seconds)

    @property
    def ended(self) -> datetime:
        planned = self.started + timedelta(seconds=self.behaviour.seconds)
        stopped = self.cancelled if self.forced or not self.behaviour.ignores_cancel else None
        return min(planned, stopped) if stopped else planned

    def status(self, now: datetime) -> str:
        if now >= self.ended:
            return "completed"
        if now < self.released:
            return "waiting"
        return "in_progress" if now >= self.started else "queued"

    def conclusion(self, now: datetime) -> str | None:
        if now < self.ended:
            return None
        return "cancelled" if self.cancelled == self.ended else self.behaviour.conclusion


@dataclass
class FakeGitHub:
    """Actions, issues and repositories of one repository, `octo-org/widgets`."""

    behave: Callable[[dict[str, str], int], Behaviour] = lambda inputs, attempt: Behaviour()
    """From a run's inputs and how often that item ran before."""
    clock: Callable[[], Awaitable[datetime]] | None = None
    worker_file: str = WORKER_FILE
    open_issues: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[int, list[str]] = field(default_factory=dict)
    """Files that pull requests change, by number."""
    gone: set[int] = field(default_factory=set)
    """Issues that lists still tell, and that cannot be read any more."""
    created_issues: list[dict[str, Any]] = field(default_factory=list)
    opened_pulls: list[dict[str, Any]] = field(default_factory=list)
    written_comments: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    closed_issues: list[int] = field(default_factory=list)
    started: dict[int, FakeRun] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    """Dispatches by item."""
    requests: int = 0
    looks: int = 0
    """At the comments of approval issues."""
    counted: int = 0
    """Reads for answers in comments that GitHub would count; what is unchanged is free."""
    known_comments: dict[int, int] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    peak: int = 0

    def __post_init__(self) -> None:
        self.pages = frozenset({"https://github.test"})
        self.actions = self.issues = self.repositories = self

    async def call(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        self.now = await self.clock() if self.clock else datetime.now(UTC)
        return function(*arguments, **named)

    # actions

    def dispatch(
        self, repository: str, workflow: str, ref: str, inputs: dict[str, str]
    ) -> Dispatched:
        self.requests += 1
        key = inputs.get("item", "")
        before, self.sent[key] = self.sent[key], self.sent[key] + 1
        run_id = 1_000 + len(self.started)
        self.started[run_id] = FakeRun(
            run_id, inputs.get("dispatch_id", ""), inputs, self.behave(inputs, before), self.now
        )
        self.peak = max(self.peak, self.simultaneous())
        return Dispatched(run_id, self._url(run_id))

    def simultaneous(self) -> int:
        return sum(run.status(self.now) != "completed" for run in self.started.values())

    def run(self, repository: str, run_id: int) -> Run:
        self.requests += 1
        if run_id not in self.started:
            raise NotFoundError("no such run", 404)
        return self._row(self.started[run_id])

    def state(self, repository: str, run_id: int) -> RunState:
        row, run = self.run(repository, run_id).row, self.started[run_id]
        started = run.started if row.status == "in_progress" else None
        return RunState(
            run_id=run_id,
            run_attempt=run.attempt,
            status=row.status,
            conclusion=row.conclusion,
            started_at=started,
            url=row.url,
        )

    def run_again(self, run_id: int, behaviour: Behaviour) -> None:
        """What a person does on the run's page."""
        run = self.started[run_id]
        run.attempt, run.behaviour, run.created = run.attempt + 1, behaviour, self.now

    def cancel(self, repository: str, run_id: int, *, force: bool = False) -> bool:
        self.requests += 1
        run = self.started[run_id]
        if run.status(self.now) == "completed":
            return False
        run.cancelled, run.forced = self.now, run.forced or force
        return True

    def artifacts(self, repository: str, run_id: int, name: str) -> list[dict[str, Any]]:
        self.requests += 1
        run = self.started[run_id]
        if run.behaviour.result is None:
            return []
        return [{"id": run_id, "name": name, "expired": False, "digest": None}]

    def artifact_zip(self, repository: str, artifact_id: int, max_bytes: int) -> bytes:
        self.requests += 1
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as files:
            files.writestr("result.json", self._result(self.started[artifact_id]))
        return packed.getvalue()

    # issues

    def open_page(self, repository: str, page: int) -> Answer:
        self.requests += 1
        start = (page - 1) * 100
        more = '<x>; rel="next"' if len(self.open_issues) > start + 100 else ""
        return Answer(200, {"link": more}, self.open_issues[start : start + 100])

    def newest(self, repository: str, *, max_pages: int) -> list[dict[str, Any]]:
        self.requests += 1
        return list(reversed(self.created_issues))

    def create(
        self, repository: str, title: str, body: str, labels: tuple[str, ...]
    ) -> dict[str, Any]:
        self.requests += 1
        number = 1 + len(self.created_issues)
        issue = {
            "number": number,
            "title": title,
            "body": body,
            "labels": labels,
            "created_at": self.now.isoformat(),
            "user": {"login": "podium"},
            "html_url": f"https://github.test/octo-org/widgets/issues/{number}",
        }
        self.created_issues.append(issue)
        return issue

    def read(self, repository: str, number: int) -> dict[str, Any]:
        self.requests += 1
        for issue in self.open_issues:
            if issue["number"] == number and number not in self.gone:
                return issue
        if number in self.gone or number > len(self.created_issues):
            raise NotFoundError("no such issue", 404)
        return self.created_issues[number - 1]

    def changed_paths(self, repository: str, number: int) -> list[str]:
        self.requests += 1
        return self.changed.get(number, [])

    def comment(self, repository: str, number: int, body: str) -> dict[str, Any]:
        self.requests += 1
        comment = {
            "id": 1 + len(self.written_comments),
            "body": body,
            "created_at": self.now.isoformat(),
            "user": {"login": "podium"},
            "html_url": f"https://github.test/octo-org/widgets/issues/{number}#issuecomment-1",
        }
        self.written_comments.append((number, comment))
        return comment

    def close(self, *place: Any) -> None:
        """Close an issue, given its repository and number; without, nothing is open."""
        if place:
            self.closed_issues.append(place[1])

    def page(self, repository: str, number: int) -> str:
        return f"https://github.test/{repository}/issues/{number}"

    def comments(self, repository: str, number: int, **_: Any) -> list[dict[str, Any]]:
        self.requests += 1
        return [one for at, one in self.written_comments if at == number]

    def reread_comments(
        self, repository: str, number: int, *, since: datetime
    ) -> list[dict[str, Any]]:
        """What was written on an issue; only a change costs."""
        self.looks += 1
        found = [one for at, one in self.written_comments if at == number and "id" in one]
        self.counted += len(found) != self.known_comments.get(number, 0)
        self.known_comments[number] = len(found)
        return found

    def role_of(self, repository: str, login: str) -> str:
        self.counted += 1
        return "write"

    def edit(self, repository: str, number: int, *, body: str, state: str) -> None:
        self.requests += 1
        self.created_issues[number - 1]["body"] = body
        if state == "closed":
            self.closed_issues.append(number)

    def open_pull(self, repository: str, **asked: Any) -> dict[str, Any]:
        self.requests += 1
        number = 1 + len(self.opened_pulls)
        pull = {
            **asked,
            "number": number,
            "labels": (),
            "created_at": self.now.isoformat(),
            "user": {"login": "podium"},
            "html_url": f"https://github.test/octo-org/widgets/pull/{number}",
        }
        self.opened_pulls.append(pull)
        return pull

    def pulls_of(self, repository: str, head: str) -> list[dict[str, Any]]:
        self.requests += 1
        return [pull for pull in self.opened_pulls if pull["head"] == head]

    def label(self, repository: str, number: int, labels: tuple[str, ...]) -> None:
        self.requests += 1
        self.opened_pulls[number - 1]["labels"] = labels

    # repositories

    def login(self) -> str:
        return "podium"

    def identity(self, repository: str) -> str:
        return self.login()

    def get(self, repository: str) -> dict[str, Any]:
        self.requests += 1
        return {"default_branch": "main"}

    def text(self, repository: str, path: str, ref: str) -> str:
        self.requests += 1
        if not path.endswith("/analyzer.yml"):
            raise NotFoundError(path, 404)
        return self.worker_file

    def names(self, repository: str, path: str, ref: str) -> list[str]:
        return ["analyzer.yml"]

    # lists of runs

    def runs(
        self, repository: str, *, workflow: str = "", page: int = 1, etag: str = ""
    ) -> RunsPage:
        self.requests += 1
        newest = sorted(self.started.values(), key=lambda run: -run.run_id)
        rows = [self._row(run) for run in newest[(page - 1) * 100 : page * 100]]
        mark = str(hash(tuple((r.row.run_id, r.row.status) for r in rows)))
        same = bool(etag) and etag == mark
        more = len(newest) > page * 100
        return RunsPage(() if same else tuple(rows), mark, same, more, self.now)

    def _row(self, run: FakeRun) -> Run:
        row = RunRow(
            run_id=run.run_id,
            run_attempt=run.attempt,
            status=run.status(self.now),
            conclusion=run.conclusion(self.now),
            dispatch_id=find_dispatch_id(f"analyzer [{run.dispatch_id}]"),
            workflow="analyzer.yml",
            url=self._url(run.run_id),
            seconds=run.behaviour.seconds,
        )
        return Run(row, run.created, "workflow_dispatch", "podium")

    def _result(self, run: FakeRun) -> str:
        if isinstance(run.behaviour.result, str) and run.behaviour.result != "default":
            return run.behaviour.result
        changes = run.behaviour.result if isinstance(run.behaviour.result, dict) else {}
        result = {
            "protocol": "podium/v1",
            "dispatch_id": run.dispatch_id,
            "worker": "analyzer",
            "run_id": run.run_id,
            "run_attempt": run.attempt,
            "status": "success",
            "summary": f"looked at {run.inputs.get('item')}",
            "outputs": {"item": run.inputs.get("item", "")},
        }
        return json.dumps(result | changes)

    def _url(self, run_id: int) -> str:
        return f"https://github.test/octo-org/widgets/actions/runs/{run_id}"
