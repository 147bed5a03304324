"""Runs that somebody else started: noise for whoever has to find their own."""

from sandbox.control_models import ForeignRuns
from sandbox.hub import Hub
from sandbox.model import Attempt, RunState
from sandbox.runs.dispatch import Origin, create_run
from sandbox.wire import now


def inject_runs(hub: Hub, asked: ForeignRuns) -> list[int]:
    """Put runs into a repository; they are listed, but nothing executes.

    Raises:
        ApiError: an unknown repository or workflow.
    """
    repository = hub.repository(*asked.repository.split("/"))
    entry = hub.workflow(repository, asked.workflow)
    file = hub.workflow_file(repository, entry.path)
    origin = Origin(asked.login, repository.default_branch, hub.tree(repository).sha, asked.event)
    at = now() - asked.age_seconds
    made = []
    for _ in range(asked.count):
        run = create_run(hub, repository, entry, file, dict(asked.inputs), origin)
        run.created_at = at
        run.title = asked.title or run.title
        run.attempts = [Attempt(1, asked.login, at, running_since=at)]
        run.history = [RunState(at, "in_progress", None, 1, at)]
        if asked.conclusion:
            run.history.append(RunState(at, "completed", asked.conclusion, 1, at))
        made.append(run.id)
    hub.changed()
    return made
