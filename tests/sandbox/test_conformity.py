"""Every kind of answer is checked against models generated from GitHub's own description."""

from typing import Any

import pytest
from githubkit_schemas.v2022_11_28 import models as m

from tests.sandbox.conftest import Repo

WAITING = """
on: workflow_dispatch
jobs: {a: {runs-on: ubuntu-latest, environment: production, steps: [{run: 'true'}]}}
"""


def _a_waiting_run(repo: Repo) -> int:
    repo.control.settings(protected_environments=["production"], reviewers=["octo-boss"])
    repo.control.add_repository(repo.name, files={".github/workflows/deploy.yml": WAITING})
    run_id = repo.dispatch("deploy.yml")
    repo.wait_for(run_id, "waiting")
    return run_id


def test_runs_jobs_workflows_and_artifacts_have_githubs_shape(repo: Repo) -> None:
    repo.control.timed([{"duration_seconds": 0}])
    details = repo.ask(
        "POST",
        "/actions/workflows/worker.yml/dispatches",
        {"ref": "main", "return_run_details": True},
    ).json()
    run_id = m.WorkflowDispatchResponse.model_validate(details).workflow_run_id
    repo.ended(run_id)
    runs = m.ReposOwnerRepoActionsRunsGetResponse200.model_validate(repo.get("/actions/runs"))
    jobs = m.ReposOwnerRepoActionsRunsRunIdJobsGetResponse200.model_validate(
        repo.get(f"/actions/runs/{run_id}/jobs")
    )
    workflows = m.ReposOwnerRepoActionsWorkflowsGetResponse200.model_validate(
        repo.get("/actions/workflows")
    )
    artifacts = m.ReposOwnerRepoActionsRunsRunIdArtifactsGetResponse200.model_validate(
        repo.get(f"/actions/runs/{run_id}/artifacts")
    )

    assert [run.id for run in runs.workflow_runs] == [run_id]
    assert [job.name for job in jobs.jobs] == ["work"]
    assert [workflow.path for workflow in workflows.workflows] == [".github/workflows/worker.yml"]
    assert [artifact.name for artifact in artifacts.artifacts] == ["podium-result"]
    m.WorkflowRun.model_validate(repo.get(f"/actions/runs/{run_id}"))
    m.WorkflowRun.model_validate(repo.get(f"/actions/runs/{run_id}/attempts/1"))
    m.Workflow.model_validate(repo.get(f"/actions/workflows/{workflows.workflows[0].id}"))
    m.Artifact.model_validate(repo.get(f"/actions/artifacts/{artifacts.artifacts[0].id}"))


def test_deployments_and_approvals_have_githubs_shape(repo: Repo) -> None:
    run_id = _a_waiting_run(repo)
    path = f"/actions/runs/{run_id}/pending_deployments"
    (pending,) = (m.PendingDeployment.model_validate(p) for p in repo.get(path))
    answer = repo.ask(
        "POST",
        path,
        {"environment_ids": [pending.environment.id], "state": "approved", "comment": "go"},
    )
    (approval,) = (
        m.EnvironmentApprovals.model_validate(a)
        for a in repo.get(f"/actions/runs/{run_id}/approvals")
    )

    assert [m.Deployment.model_validate(d).environment for d in answer.json()] == ["production"]
    assert (approval.state, approval.comment) == ("approved", "go")


def test_issues_comments_labels_and_reactions_have_githubs_shape(repo: Repo) -> None:
    body = {"title": "Broken", "body": None, "labels": ["bug"], "assignees": ["octo-boss"]}
    issue = m.Issue.model_validate(repo.ask("POST", "/issues", body).json())
    comment = m.IssueComment.model_validate(
        repo.ask("POST", f"/issues/{issue.number}/comments", {"body": "Why?"}).json()
    )
    reaction = repo.ask("POST", f"/issues/comments/{comment.id}/reactions", {"content": "eyes"})
    closed = repo.ask("PATCH", f"/issues/{issue.number}", {"state": "closed"}).json()

    assert m.Reaction.model_validate(reaction.json()).content == "eyes"
    assert m.Issue.model_validate(closed).state_reason == "completed"
    assert [m.Issue.model_validate(i).number for i in repo.get("/issues", state="all")] == [1]
    assert [m.IssueComment.model_validate(c).id for c in repo.get("/issues/1/comments")] == [
        comment.id
    ]
    assert [m.IssueComment.model_validate(c).id for c in repo.get("/issues/comments")] == [
        comment.id
    ]
    assert [m.Label.model_validate(label).name for label in repo.get("/labels")] == ["bug"]
    assert [m.Label.model_validate(label).name for label in repo.get("/issues/1/labels")] == ["bug"]


def _absolute(repo: Repo, path: str) -> Any:
    response = repo.session.get(f"{repo.sandbox.api_url}{path}", timeout=20)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("", m.FullRepository),
        ("/contents/.github/workflows/worker.yml", m.ContentFile),
        ("/commits/main", m.Commit),
        ("/git/ref/heads/main", m.GitRef),
        ("/branches/main", m.BranchWithProtection),
        ("/collaborators/octo-operator/permission", m.RepositoryCollaboratorPermission),
    ],
)
def test_repository_parts_have_githubs_shape(repo: Repo, path: str, model: Any) -> None:
    assert model.model_validate(repo.get(path))


def test_a_tree_has_githubs_shape(repo: Repo) -> None:
    tree = m.GitTree.model_validate(repo.get("/git/trees/main", recursive=1))
    flat = m.GitTree.model_validate(repo.get("/git/trees/main"))

    assert [(one.path, one.type) for one in tree.tree] == [
        (".github", "tree"),
        (".github/workflows", "tree"),
        (".github/workflows/worker.yml", "blob"),
    ]
    assert [one.path for one in flat.tree] == [".github"]
    assert not tree.truncated
    assert repo.ask("GET", "/git/trees/nothing").status_code == 404


def test_folders_accounts_limits_and_searches_have_githubs_shape(repo: Repo) -> None:
    repo.ask("POST", "/issues", {"title": "Findable"})
    found = _absolute(repo, f"/search/issues?q=findable+repo:{repo.name}")

    assert [m.ContentDirectoryItems.model_validate(e).name for e in repo.get("/contents")] == [
        ".github"
    ]
    assert m.PublicUser.model_validate(_absolute(repo, "/user")).login == "octo-operator"
    assert m.RateLimitOverview.model_validate(_absolute(repo, "/rate_limit")).rate.limit == 5_000
    assert m.SearchIssuesGetResponse200.model_validate(found).total_count == 1


def test_a_teams_memberships_have_githubs_shape(repo: Repo) -> None:
    repo.control.settings(teams={"octo-org/ops": ["octo-boss"]})
    path = "/orgs/octo-org/teams/ops/memberships"
    found = m.TeamMembership.model_validate(_absolute(repo, f"{path}/octo-boss"))

    assert (found.state, found.role) == ("active", "member")
    url = f"{repo.sandbox.api_url}{path}/somebody"
    assert repo.session.get(url, timeout=20).status_code == 404


def test_refusals_have_githubs_shape(repo: Repo) -> None:
    invalid = repo.ask("POST", "/issues", {}).json()
    unknown = repo.ask("GET", "/no/such/thing").json()

    assert m.ValidationError.model_validate(invalid).errors
    assert m.BasicError.model_validate(unknown).message == "Not Found"
    assert unknown["status"] == "404"
