"""Lists of branches, and labels that are changed, in GitHub's shape."""

import pytest
from githubkit_schemas.v2022_11_28 import models as m

from tests.sandbox.conftest import Repo


def test_branches_are_listed_by_name_in_pages(repo: Repo) -> None:
    sha = str(repo.get("/git/ref/heads/main")["object"]["sha"])
    for name in ("old/b", "a"):
        repo.ask("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
    listed = [m.ShortBranch.model_validate(one) for one in repo.get("/branches")]
    second = repo.ask("GET", "/branches?per_page=2&page=2")

    assert [(one.name, one.commit.sha) for one in listed] == [
        ("a", sha),
        ("main", sha),
        ("old/b", sha),
    ]
    assert [one["name"] for one in second.json()] == ["old/b"]
    assert 'rel="prev"' in second.headers["link"]
    assert repo.get("/branches", protected="true") == []


def test_a_label_is_changed_and_its_issues_follow(repo: Repo) -> None:
    repo.ask("POST", "/issues", {"title": "One", "labels": ["Bug", "docs"]})
    body = {"new_name": "defect", "color": "#D73A4A", "description": "Wrong"}
    changed = m.Label.model_validate(repo.ask("PATCH", "/labels/bug", body).json())

    assert (changed.name, changed.color, changed.description) == ("defect", "D73A4A", "Wrong")
    assert sorted(one["name"] for one in repo.get("/issues/1")["labels"]) == ["defect", "docs"]
    assert repo.ask("GET", "/labels/bug").status_code == 404
    kept = repo.ask("PATCH", "/labels/defect", {"color": "ffffff"}).json()
    assert (kept["name"], kept["description"]) == ("defect", "Wrong")


@pytest.mark.parametrize(("label", "status"), [("nothing", 404), ("bug", 422)])
def test_a_label_that_cannot_be_changed_is_refused(repo: Repo, label: str, status: int) -> None:
    repo.ask("POST", "/issues", {"title": "One", "labels": ["bug", "docs"]})

    assert repo.ask("PATCH", f"/labels/{label}", {"new_name": "docs"}).status_code == status
