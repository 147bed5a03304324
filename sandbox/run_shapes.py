"""Runs, jobs, artifacts and deployments in the shape of GitHub's description."""

import json
from typing import Any

from sandbox.identities import account_id
from sandbox.model import Artifact, Job, Repository, Run, RunState, Step
from sandbox.shapes import Shapes
from sandbox.wire import iso, iso_or_none, node_id, now

_CACHE_SIZE = 20_000
_RUN_LINKS = {
    "jobs_url": "/jobs",
    "logs_url": "/logs",
    "artifacts_url": "/artifacts",
    "cancel_url": "/cancel",
    "rerun_url": "/rerun",
}


class RunShapes:
    """Builds the bodies of everything under `/actions`."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._cache: dict[tuple[int, RunState], bytes] = {}
        self._shared_ends: dict[int, bytes] = {}

    def run_url(self, repository: Repository, run: Run) -> str:
        """The API link of a run."""
        return f"{self._shapes.repo_url(repository)}/actions/runs/{run.id}"

    def run_html_url(self, repository: Repository, run: Run) -> str:
        """The page of a run."""
        return f"{self._shapes.html_url(repository)}/actions/runs/{run.id}"

    def run_bytes(self, repository: Repository, run: Run, state: RunState) -> bytes:
        """A `workflow-run` as JSON, as it was in a given state."""
        key = (run.id, state)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            own = json.dumps(self._own(repository, run, state), ensure_ascii=False)
            found = self._cache[key] = own[:-1].encode("utf-8", "replace") + self._shared(
                repository
            )
        return found

    def _shared(self, repository: Repository) -> bytes:
        """The end of every run of a repository: most of its bytes, written once."""
        found = self._shared_ends.get(repository.id)
        if found is None:
            minimal = json.dumps(self._shapes.minimal_repository(repository))
            end = f', "repository": {minimal}, "head_repository": {minimal}}}'
            found = self._shared_ends[repository.id] = end.encode()
        return found

    def _own(self, repository: Repository, run: Run, state: RunState) -> dict[str, Any]:
        shapes, url = self._shapes, self.run_url(repository, run)
        repo_url = shapes.repo_url(repository)
        attempt = run.attempts[state.attempt - 1]
        previous = f"{url}/attempts/{state.attempt - 1}" if state.attempt > 1 else None
        return {
            "id": run.id,
            "name": run.workflow_name,
            "node_id": node_id("WorkflowRun", run.id),
            "head_branch": run.branch,
            "head_sha": run.sha,
            "path": run.workflow_path,
            "display_title": run.title,
            "run_number": run.number,
            "event": run.event,
            "status": state.status,
            "conclusion": state.conclusion,
            "workflow_id": run.workflow_id,
            "check_suite_id": run.id + 1,
            "check_suite_node_id": node_id("CheckSuite", run.id + 1),
            "url": url,
            "html_url": self.run_html_url(repository, run),
            "pull_requests": [],
            "created_at": iso(run.created_at),
            "updated_at": iso(state.at),
            "actor": shapes.user(run.login),
            "run_attempt": state.attempt,
            "referenced_workflows": [],
            "run_started_at": iso(state.started_at),
            "triggering_actor": shapes.user(attempt.login),
            "check_suite_url": f"{repo_url}/check-suites/{run.id + 1}",
            "previous_attempt_url": previous,
            "workflow_url": f"{repo_url}/actions/workflows/{run.workflow_id}",
            "head_commit": self._head_commit(repository, run),
        } | {name: url + rest for name, rest in _RUN_LINKS.items()}

    def _head_commit(self, repository: Repository, run: Run) -> dict[str, Any]:
        person = {"name": repository.owner, "email": f"{repository.owner}@localhost"}
        return {
            "id": run.sha,
            "tree_id": run.sha,
            "message": "Snapshot",
            "timestamp": iso(repository.created_at),
            "author": person,
            "committer": person,
        }

    def job(self, repository: Repository, run: Run, number: int, job: Job) -> dict[str, Any]:
        """A `job` of attempt `number` of a run."""
        repo_url = self._shapes.repo_url(repository)
        ran = job.status != "queued" and job.conclusion != "skipped"
        return {
            "id": job.id,
            "run_id": run.id,
            "workflow_name": run.workflow_name,
            "head_branch": run.branch,
            "run_url": self.run_url(repository, run),
            "run_attempt": number,
            "node_id": node_id("CheckRun", job.id),
            "head_sha": run.sha,
            "url": f"{repo_url}/actions/jobs/{job.id}",
            "html_url": f"{self.run_html_url(repository, run)}/job/{job.id}",
            "status": job.status,
            "conclusion": job.conclusion,
            "created_at": iso(job.created_at),
            "started_at": iso(job.started_at),
            "completed_at": iso_or_none(job.completed_at),
            "name": job.name,
            "steps": [_step(step) for step in job.steps],
            "check_run_url": f"{repo_url}/check-runs/{job.id}",
            "labels": job.labels,
            "runner_id": 1 if ran else None,
            "runner_name": "sandbox" if ran else None,
            "runner_group_id": 0 if ran else None,
            "runner_group_name": "Default" if ran else None,
        }

    def artifact(self, repository: Repository, run: Run, artifact: Artifact) -> dict[str, Any]:
        """An `artifact`."""
        url = f"{self._shapes.repo_url(repository)}/actions/artifacts/{artifact.id}"
        return {
            "id": artifact.id,
            "node_id": node_id("Artifact", artifact.id),
            "name": artifact.name,
            "size_in_bytes": artifact.size,
            "url": url,
            "archive_download_url": f"{url}/zip",
            "expired": artifact.expires_at <= now(),
            "digest": artifact.digest,
            "created_at": iso(artifact.created_at),
            "updated_at": iso(artifact.created_at),
            "expires_at": iso(artifact.expires_at),
            "workflow_run": {
                "id": run.id,
                "repository_id": repository.id,
                "head_repository_id": repository.id,
                "head_branch": run.branch,
                "head_sha": run.sha,
            },
        }

    def environment(self, repository: Repository, name: str) -> dict[str, Any]:
        """The environment part of deployments and their reviews."""
        number = account_id(f"{repository.full_name}/{name}")
        created = iso(repository.created_at)
        return {
            "id": number,
            "node_id": node_id("Environment", number),
            "name": name,
            "url": f"{self._shapes.repo_url(repository)}/environments/{name}",
            "html_url": f"{self._shapes.html_url(repository)}/deployments/{name}",
            "created_at": created,
            "updated_at": created,
        }

    def pending(self, repository: Repository, name: str, reviewers: list[str]) -> dict[str, Any]:
        """A `pending-deployment`."""
        users = [{"type": "User", "reviewer": self._shapes.user(login)} for login in reviewers]
        return {
            "environment": self.environment(repository, name),
            "wait_timer": 0,
            "wait_timer_started_at": None,
            "current_user_can_approve": True,
            "reviewers": users,
        }

    def deployment(self, repository: Repository, run: Run, name: str) -> dict[str, Any]:
        """A `deployment`, as approving a pending one gives."""
        number = account_id(f"{run.id}/{name}")
        url = f"{self._shapes.repo_url(repository)}/deployments/{number}"
        at = iso(run.state.at)
        return {
            "url": url,
            "id": number,
            "node_id": node_id("Deployment", number),
            "sha": run.sha,
            "ref": run.branch,
            "task": "deploy",
            "payload": {},
            "original_environment": name,
            "environment": name,
            "description": None,
            "creator": self._shapes.user(run.login),
            "created_at": at,
            "updated_at": at,
            "statuses_url": f"{url}/statuses",
            "repository_url": self._shapes.repo_url(repository),
        }


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "status": step.status,
        "conclusion": step.conclusion,
        "number": step.number,
        "started_at": iso_or_none(step.started_at),
        "completed_at": iso_or_none(step.completed_at),
    }
