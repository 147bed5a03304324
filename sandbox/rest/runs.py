"""Workflow runs: lists, attempts, jobs, logs, cancelling, re-running, reviews."""

import json
import re

from sandbox.artifacts import make_zip
from sandbox.gate import Call, Handler
from sandbox.model import Attempt, Review, Run, RunState
from sandbox.rest.actions import redirect
from sandbox.rest.paging import page_of
from sandbox.wire import Answer, ApiError, invalid_field, not_found, now, parse_time

MAX_FILTERED = 1_000
"""Results that GitHub gives at most when a list is filtered."""
_FILTERS = ("actor", "branch", "event", "status", "created", "head_sha", "check_suite_id")
_DAY = 86_400.0
_CREATED = re.compile(r"^(>=|<=|>|<)?(.+)$")

Shown = tuple[Run, RunState]


def list_runs(call: Call) -> Answer:
    """`GET .../actions/runs`, newest first."""
    return _run_list(call, None)


def list_workflow_runs(call: Call) -> Answer:
    """`GET .../actions/workflows/{id or file name}/runs`, newest first."""
    return _run_list(call, call.hub.workflow(call.repository, str(call.params["key"])).id)


def _run_list(call: Call, workflow_id: int | None) -> Answer:
    repo, moment = call.repository, call.as_of or now()
    shown: list[Shown] = []
    for run in reversed(call.hub.world.runs.values()):
        if run.repository == repo.full_name and workflow_id in {None, run.workflow_id}:
            state = run.state_at(moment)
            if state and _asked(call, run, state):
                shown.append((run, state))
    limited = shown[:MAX_FILTERED] if any(call.query.get(n) for n in _FILTERS) else shown
    page, headers = page_of(call, limited)
    bodies = (call.hub.run_shapes.run_bytes(repo, run, state) for run, state in page)
    head = json.dumps({"total_count": len(shown)})[:-1].encode()
    return Answer(200, head + b', "workflow_runs": [' + b",".join(bodies) + b"]}", headers)


def _asked(call: Call, run: Run, state: RunState) -> bool:
    query = call.query
    return (
        query.get("actor", run.login).lower() == run.login.lower()
        and query.get("branch", run.branch) == run.branch
        and query.get("event", run.event) == run.event
        and query.get("head_sha", run.sha) == run.sha
        and query.get("check_suite_id", str(run.id + 1)) == str(run.id + 1)
        and query.get("status", state.status) in {state.status, state.conclusion}
        and _created(query.get("created", ""), run.created_at)
    )


def _created(expression: str, at: float) -> bool:
    """Search syntax for times: a time or date, `>=X`, `A..B`, `*..B`, `A..*`."""
    if not expression:
        return True
    at = float(int(at))
    first, dots, last = expression.partition("..")
    try:
        if dots:
            after = first == "*" or at >= parse_time(first)
            return after and (last == "*" or at < _end(last))
        match = _CREATED.match(expression)
        operator, text = match.groups() if match else (None, expression)
        return {
            ">=": at >= parse_time(text),
            "<=": at < _end(text),
            ">": at >= _end(text),
            "<": at < parse_time(text),
        }.get(operator or "", parse_time(text) <= at < _end(text))
    except ValueError:
        raise invalid_field("WorkflowRun", "created") from None


def _end(text: str) -> float:
    """The first second after a time or, for a bare date, after that day."""
    return parse_time(text) + (1.0 if "T" in text else _DAY)


def _run(call: Call) -> Run:
    return call.hub.run(call.repository, call.params["run_id"])


def get_run(call: Call) -> Answer:
    """`GET .../actions/runs/{run_id}`."""
    run = _run(call)
    return Answer(200, call.hub.run_shapes.run_bytes(call.repository, run, run.state))


def _attempt(call: Call, run: Run) -> Attempt:
    number = int(call.params.get("attempt", len(run.attempts)))
    if not 1 <= number <= len(run.attempts):
        raise not_found()
    return run.attempts[number - 1]


def get_attempt(call: Call) -> Answer:
    """`GET .../actions/runs/{run_id}/attempts/{attempt}`."""
    run = _run(call)
    number = _attempt(call, run).number
    state = next(s for s in reversed(run.history) if s.attempt == number)
    return Answer(200, call.hub.run_shapes.run_bytes(call.repository, run, state))


def list_jobs(call: Call) -> Answer:
    """`GET .../actions/runs/{run_id}/jobs`, and the same of an attempt."""
    run = _run(call)
    every = call.query.get("filter") == "all" and "attempt" not in call.params
    attempts = run.attempts if every else [_attempt(call, run)]
    jobs = [(attempt.number, job) for attempt in attempts for job in attempt.jobs]
    page, headers = page_of(call, jobs)
    shapes = call.hub.run_shapes
    bodies = [shapes.job(call.repository, run, number, job) for number, job in page]
    return Answer(200, {"total_count": len(jobs), "jobs": bodies}, headers)


def logs(call: Call) -> Answer:
    """`GET .../actions/runs/{run_id}/logs`: a link to a zip on the other origin."""
    run, hub = _run(call), call.hub
    path = hub.data_folder / f"logs-{run.id}.zip"
    text = "\n".join(_attempt(call, run).log) + "\n"
    path.write_bytes(make_zip({"0_run.txt": text.encode("utf-8", "replace")}))
    link = hub.artifacts.link(path, f"logs_{run.id}.zip", hub.settings.artifact_link_seconds)
    return redirect(call, link)


def cancel(call: Call) -> Answer:
    """`POST .../actions/runs/{run_id}/cancel`."""
    return _cancel(call, force=False)


def force_cancel(call: Call) -> Answer:
    """`POST .../actions/runs/{run_id}/force-cancel`."""
    return _cancel(call, force=True)


def _cancel(call: Call, *, force: bool) -> Answer:
    call.identity.require("actions", call.repository)
    call.engine.cancel(_run(call), call.login, force=force)
    return Answer(202, {})


def rerun(call: Call) -> Answer:
    """`POST .../actions/runs/{run_id}/rerun`."""
    return _rerun(call, failed_jobs_only=False)


def rerun_failed_jobs(call: Call) -> Answer:
    """`POST .../actions/runs/{run_id}/rerun-failed-jobs`."""
    return _rerun(call, failed_jobs_only=True)


def _rerun(call: Call, *, failed_jobs_only: bool) -> Answer:
    call.identity.require("actions", call.repository)
    run = _run(call)
    file = call.hub.workflow_file(call.repository, run.workflow_path)
    call.engine.rerun(run, file, call.login, failed_jobs_only=failed_jobs_only)
    return Answer(201, {})


def pending_deployments(call: Call) -> Answer:
    """`GET .../actions/runs/{run_id}/pending_deployments`."""
    run, reviewers = _run(call), call.hub.settings.reviewers
    names = call.engine.waiting_for(run) if run.state.status == "waiting" else []
    shapes = call.hub.run_shapes
    return Answer(200, [shapes.pending(call.repository, name, reviewers) for name in names])


def review_deployments(call: Call) -> Answer:
    """`POST .../actions/runs/{run_id}/pending_deployments`: approve or reject."""
    run, fields, repo = _run(call), call.fields(), call.repository
    call.identity.require("deployments", repo)
    if call.identity.permissions is not None:
        raise ApiError(403, "Resource not accessible by integration")
    state, asked = fields.get("state"), fields.get("environment_ids")
    if (
        state not in {"approved", "rejected"}
        or not isinstance(asked, list)
        or "comment" not in fields
    ):
        raise ApiError(422, "Invalid request.")
    shapes = call.hub.run_shapes
    waiting = {shapes.environment(repo, n)["id"]: n for n in call.engine.waiting_for(run)}
    if run.state.status != "waiting" or not set(asked) <= set(waiting):
        message = "There are no pending deployment requests to approve or reject"
        raise ApiError(422, message)
    names = [waiting[number] for number in asked]
    call.engine.review(
        run, [Review(name, state, call.login, str(fields["comment"]), now()) for name in names]
    )
    return Answer(200, [shapes.deployment(repo, run, name) for name in names])


def approvals(call: Call) -> Answer:
    """`GET .../actions/runs/{run_id}/approvals`."""
    hub, repo = call.hub, call.repository
    bodies = [
        {
            "environments": [hub.run_shapes.environment(repo, review.environment)],
            "state": review.state,
            "user": hub.shapes.user(review.login),
            "comment": review.comment,
        }
        for review in _run(call).reviews
    ]
    return Answer(200, bodies)


_A = "/repos/{owner}/{repo}/actions"
_RUN = f"{_A}/runs/{{run_id:int}}"
ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", f"{_A}/runs"): list_runs,
    ("GET", f"{_A}/workflows/{{key}}/runs"): list_workflow_runs,
    ("GET", _RUN): get_run,
    ("GET", f"{_RUN}/attempts/{{attempt:int}}"): get_attempt,
    ("GET", f"{_RUN}/attempts/{{attempt:int}}/jobs"): list_jobs,
    ("GET", f"{_RUN}/jobs"): list_jobs,
    ("GET", f"{_RUN}/logs"): logs,
    ("GET", f"{_RUN}/attempts/{{attempt:int}}/logs"): logs,
    ("POST", f"{_RUN}/cancel"): cancel,
    ("POST", f"{_RUN}/force-cancel"): force_cancel,
    ("POST", f"{_RUN}/rerun"): rerun,
    ("POST", f"{_RUN}/rerun-failed-jobs"): rerun_failed_jobs,
    ("GET", f"{_RUN}/pending_deployments"): pending_deployments,
    ("POST", f"{_RUN}/pending_deployments"): review_deployments,
    ("GET", f"{_RUN}/approvals"): approvals,
}
