"""Branches, commits, pull requests and SARIF uploads, in GitHub's shape."""

import base64
import gzip
import json
from typing import Any

import pytest
from githubkit_schemas.v2022_11_28 import models as m

from tests.sandbox.conftest import Repo


def encoded(text: str) -> str:
    """Text as the contents endpoints take and give it."""
    return base64.b64encode(text.encode()).decode()


def a_branch(repo: Repo, name: str = "docs") -> str:
    """Make a branch and give the commit it starts from."""
    sha = str(repo.get("/git/ref/heads/main")["object"]["sha"])
    assert (
        repo.ask("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": sha}).status_code == 201
    )
    return sha


def put(repo: Repo, path: str, text: str, **more: str) -> Any:
    """Commit a file to the branch `docs`."""
    body = {"message": "Write", "content": encoded(text), "branch": "docs"} | more
    return repo.ask("PUT", f"/contents/{path}", body)


def test_a_branch_is_made_once_and_from_a_known_commit(repo: Repo) -> None:
    sha = a_branch(repo)
    again = repo.ask("POST", "/git/refs", {"ref": "refs/heads/docs", "sha": sha})
    unknown = repo.ask("POST", "/git/refs", {"ref": "refs/heads/x", "sha": "0" * 40})

    assert m.GitRef.model_validate(repo.get("/git/ref/heads/docs")).object_.sha == sha
    assert (again.status_code, again.json()["message"]) == (422, "Reference already exists")
    assert (unknown.status_code, unknown.json()["message"]) == (422, "Object does not exist")
    assert repo.ask("DELETE", "/git/refs/heads/docs").status_code == 204
    assert repo.ask("GET", "/git/ref/heads/docs").status_code == 404


def test_a_file_is_committed_to_its_branch_only(repo: Repo) -> None:
    before = a_branch(repo)
    made = put(repo, "docs/a.md", "first")
    commit = m.FileCommit.model_validate(made.json()).commit
    listed = [entry["name"] for entry in repo.get("/contents/docs", ref="docs")]

    assert made.status_code == 201
    assert commit.sha != before
    assert repo.get("/git/ref/heads/docs")["object"]["sha"] == commit.sha
    assert base64.b64decode(repo.get("/contents/docs/a.md", ref="docs")["content"]) == b"first"
    assert listed == ["a.md"]
    assert repo.ask("GET", "/contents/docs/a.md").status_code == 404
    assert repo.get("/contents/.github/workflows/worker.yml", ref="docs")["type"] == "file"


def test_a_file_is_replaced_only_by_who_has_seen_it(repo: Repo) -> None:
    a_branch(repo)
    sha = put(repo, "a.md", "first").json()["content"]["sha"]

    assert put(repo, "a.md", "second").status_code == 422
    assert put(repo, "a.md", "second", sha="0" * 40).status_code == 409
    assert put(repo, "a.md", "second", sha=sha).status_code == 200
    assert put(repo, "a.md", "on main", branch="main").status_code == 409
    assert put(repo, "../a.md", "x").status_code in {404, 422}


def test_a_pull_request_is_opened_once_and_is_an_issue_too(repo: Repo) -> None:
    a_branch(repo)
    body = {"title": "Docs", "body": "Text", "head": "docs", "base": "main"}
    empty = repo.ask("POST", "/pulls", body)
    put(repo, "a.md", "line 1\nline 2\n")
    pull = m.PullRequest.model_validate(repo.ask("POST", "/pulls", body).json())
    again = repo.ask("POST", "/pulls", body)
    (simple,) = repo.get("/pulls", head="octo-org:docs", base="main")
    (entry,) = (m.DiffEntry.model_validate(f) for f in repo.get(f"/pulls/{pull.number}/files"))

    assert "No commits between" in empty.json()["errors"][0]["message"]
    assert "already exists" in again.json()["errors"][0]["message"]
    assert (pull.additions, pull.changed_files, pull.head.ref) == (2, 1, "docs")
    assert m.PullRequestSimple.model_validate(simple).number == pull.number
    assert (entry.filename, entry.status, entry.additions) == ("a.md", "added", 2)
    assert repo.get("/issues")[0]["pull_request"]["url"].endswith(f"/pulls/{pull.number}")
    closed = repo.ask("PATCH", f"/pulls/{pull.number}", {"state": "closed"}).json()
    assert closed["state"] == "closed"
    assert repo.get("/pulls") == []


def test_pull_requests_need_branches_that_exist(repo: Repo) -> None:
    answer = repo.ask("POST", "/pulls", {"title": "x", "head": "nowhere", "base": "main"})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "head")


def sarif(document: Any) -> dict[str, str]:
    """The body of an upload."""
    packed = base64.b64encode(gzip.compress(json.dumps(document).encode())).decode()
    return {"commit_sha": "a" * 40, "ref": "refs/heads/main", "sarif": packed}


def a_run(*rules: str, category: str = "") -> dict[str, Any]:
    """A run with a result of each rule."""
    place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}}}
    return {
        "tool": {"driver": {"name": "lint"}},
        "automationDetails": {"id": f"{category}/"},
        "results": [
            {"ruleId": rule, "message": {"text": "Wrong."}, "locations": [place]} for rule in rules
        ],
    }


def test_a_sarif_file_is_received_processed_and_kept(repo: Repo) -> None:
    document = {"version": "2.1.0", "runs": [a_run("a", "b")]}
    answer = repo.ask("POST", "/code-scanning/sarifs", sarif(document))
    receipt = m.CodeScanningSarifsReceipt.model_validate(answer.json())
    status = m.CodeScanningSarifsStatus.model_validate(
        repo.get(f"/code-scanning/sarifs/{receipt.id}")
    )
    (kept,) = repo.control.sarifs(repo.name)

    assert (answer.status_code, status.processing_status) == (202, "complete")
    assert (kept.results, kept.document) == (2, document)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"ref": "main"}, 422),
        ({"commit_sha": "x"}, 422),
        ({"sarif": "%"}, 400),
        ({"extra": "1"}, 422),
        ({"sarif": "A" * (14 * 1024 * 1024)}, 413),
    ],
)
def test_bad_uploads_are_refused(repo: Repo, change: dict[str, str], status: int) -> None:
    answer = repo.ask("POST", "/code-scanning/sarifs", sarif({"runs": []}) | change)

    assert answer.status_code == status


def test_a_file_that_is_not_sarif_fails_in_processing(repo: Repo) -> None:
    answer = repo.ask("POST", "/code-scanning/sarifs", sarif(["no"]))
    status = repo.get(f"/code-scanning/sarifs/{answer.json()['id']}")

    assert (status["processing_status"], len(status["errors"])) == ("failed", 1)


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([a_run("a"), a_run("b")], "same category"),
        ([a_run(category=str(number)) for number in range(21)], "21 runs"),
        ([a_run("a") | {"results": [{"message": {"text": "Nowhere."}}]}], "one location"),
        ([a_run("a") | {"tool": {}}], "driver"),
    ],
)
def test_what_code_scanning_does_not_take_fails_in_processing(
    repo: Repo, runs: list[Any], said: str
) -> None:
    answer = repo.ask("POST", "/code-scanning/sarifs", sarif({"version": "2.1.0", "runs": runs}))
    status = repo.get(f"/code-scanning/sarifs/{answer.json()['id']}")

    assert (answer.status_code, status["processing_status"]) == (202, "failed")
    assert said in status["errors"][0]


def test_an_upload_is_pending_for_a_while(repo: Repo) -> None:
    repo.control.settings(sarif_seconds=600)
    answer = repo.ask("POST", "/code-scanning/sarifs", sarif({"runs": [a_run()]}))
    path = f"/code-scanning/sarifs/{answer.json()['id']}"
    pending = m.CodeScanningSarifsStatus.model_validate(repo.get(path))
    repo.control.settings(sarif_seconds=0)

    assert pending.processing_status == "pending"
    assert repo.get(path)["processing_status"] == "complete"


def test_an_organizations_repositories_are_listed(repo: Repo) -> None:
    url = f"{repo.sandbox.api_url}/orgs/octo-org/repos"
    listed = repo.session.get(url, params={"per_page": 100}, timeout=20).json()

    assert repo.name in [m.MinimalRepository.model_validate(r).full_name for r in listed]
    assert (
        repo.session.get(f"{repo.sandbox.api_url}/orgs/nobody/repos", timeout=20).status_code == 404
    )


def test_an_archived_repository_and_a_fork_are_listed_as_such(repo: Repo) -> None:
    files = {"README.md": "Old"}
    old, copy = "old-org/attic", "old-org/copy"
    repo.control.add_repository(old, files=files, archived=True, topics=["history"])
    repo.control.add_repository(copy, files=files)
    repo.control.add_repository(copy, files=files, fork=True)
    url = repo.sandbox.api_url
    oldest = {"sort": "created", "direction": "asc"}
    listed = repo.session.get(f"{url}/orgs/old-org/repos", params=oldest, timeout=20).json()
    upload = repo.session.post(
        f"{url}/repos/{old}/code-scanning/sarifs", json=sarif({"runs": []}), timeout=20
    )
    whole = repo.session.get(f"{url}/repos/{old}", timeout=20).json()

    assert [(r["name"], r["archived"], r["fork"], r["topics"]) for r in listed] == [
        ("attic", True, False, ["history"]),
        ("copy", False, True, []),
    ]
    assert m.FullRepository.model_validate(whole).archived
    assert upload.status_code == 403
