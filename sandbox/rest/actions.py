"""Workflows, dispatches and artifacts."""

from sandbox.gate import Call, Handler
from sandbox.model import Artifact
from sandbox.rest.paging import page_of
from sandbox.runs.dispatch import dispatch
from sandbox.wire import Answer, ApiError, not_found, now


def list_workflows(call: Call) -> Answer:
    """`GET .../actions/workflows`."""
    repo, hub = call.repository, call.hub
    entries = hub.workflows(repo)
    page, headers = page_of(call, entries)
    bodies = [hub.shapes.workflow(repo, e, hub.workflow_name(repo, e.path)) for e in page]
    return Answer(200, {"total_count": len(entries), "workflows": bodies}, headers)


def get_workflow(call: Call) -> Answer:
    """`GET .../actions/workflows/{id or file name}`."""
    repo, hub = call.repository, call.hub
    entry = hub.workflow(repo, str(call.params["key"]))
    return Answer(200, hub.shapes.workflow(repo, entry, hub.workflow_name(repo, entry.path)))


def create_dispatch(call: Call) -> Answer:
    """`POST .../actions/workflows/{id or file name}/dispatches`."""
    repo, hub, body = call.repository, call.hub, call.fields()
    call.identity.require("actions", repo)
    run, file = dispatch(hub, repo, str(call.params["key"]), call.login, body)
    call.engine.submit(run, file)
    if not body.get("return_run_details") or hub.settings.always_204:
        return Answer(204)
    details = {
        "workflow_run_id": run.id,
        "run_url": hub.run_shapes.run_url(repo, run),
        "html_url": hub.run_shapes.run_html_url(repo, run),
    }
    return Answer(200, details)


def run_artifacts(call: Call) -> Answer:
    """`GET .../actions/runs/{run_id}/artifacts`, newest first."""
    run = call.hub.run(call.repository, call.params["run_id"])
    return _artifact_list(call, call.hub.artifacts.of_run(run))


def all_artifacts(call: Call) -> Answer:
    """`GET .../actions/artifacts`, newest first."""
    name = call.repository.full_name
    every = reversed(call.hub.world.artifacts.values())
    return _artifact_list(call, [a for a in every if a.repository == name])


def _artifact_list(call: Call, artifacts: list[Artifact]) -> Answer:
    name = call.query.get("name")
    until = now() - call.hub.settings.artifact_seconds
    chosen = [a for a in artifacts if name in {None, a.name} and a.created_at <= until]
    if call.query.get("direction") == "asc":
        chosen.reverse()
    page, headers = page_of(call, chosen)
    runs, shapes, repo = call.hub.world.runs, call.hub.run_shapes, call.repository
    bodies = [shapes.artifact(repo, runs[a.run_id], a) for a in page]
    return Answer(200, {"total_count": len(chosen), "artifacts": bodies}, headers)


def _artifact(call: Call) -> Artifact:
    artifact = call.hub.world.artifacts.get(call.params["artifact"])
    if artifact is None or artifact.repository != call.repository.full_name:
        raise not_found()
    return artifact


def get_artifact(call: Call) -> Answer:
    """`GET .../actions/artifacts/{id}`."""
    artifact = _artifact(call)
    run = call.hub.world.runs[artifact.run_id]
    return Answer(200, call.hub.run_shapes.artifact(call.repository, run, artifact))


def artifact_zip(call: Call) -> Answer:
    """`GET .../actions/artifacts/{id}/zip`: a link to the other origin."""
    artifact = _artifact(call)
    if artifact.expires_at <= now():
        raise ApiError(410, "Artifact has expired")
    path = call.hub.artifacts.path(artifact)
    return redirect(
        call,
        call.hub.artifacts.link(
            path, f"{artifact.name}.zip", call.hub.settings.artifact_link_seconds
        ),
    )


def redirect(call: Call, secret: str) -> Answer:
    """A 302 to an archive on the other origin."""
    return Answer(302, None, {"location": f"{call.hub.blob_url}/archives/{secret}"})


_A = "/repos/{owner}/{repo}/actions"
ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", f"{_A}/workflows"): list_workflows,
    ("GET", f"{_A}/workflows/{{key}}"): get_workflow,
    ("POST", f"{_A}/workflows/{{key}}/dispatches"): create_dispatch,
    ("GET", f"{_A}/artifacts"): all_artifacts,
    ("GET", f"{_A}/artifacts/{{artifact:int}}"): get_artifact,
    ("GET", f"{_A}/artifacts/{{artifact:int}}/zip"): artifact_zip,
    ("GET", f"{_A}/runs/{{run_id:int}}/artifacts"): run_artifacts,
}
