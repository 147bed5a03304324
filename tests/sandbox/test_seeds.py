"""Issues and pull requests that are taken over with their comments, reviews and figures."""

from typing import Any

from githubkit_schemas.v2022_11_28 import models as m

from tests.sandbox.conftest import Repo

AT = "2026-01-02T03:04:05Z"
LATER = "2026-01-03T03:04:05Z"
REVIEW = {
    "user": {"login": "octo-reviewer"},
    "state": "APPROVED",
    "submitted_at": LATER,
    "author_association": "MEMBER",
}
PULL: dict[str, Any] = {
    "number": 7,
    "title": "Rework everything",
    "user": {"login": "reporter"},
    "created_at": AT,
    "draft": True,
    "pull_request": {
        "head": {"ref": "rework"},
        "additions": 900,
        "deletions": 80,
        "changed_files": 31,
        "mergeable": False,
        "reviews": [REVIEW, {"state": "COMMENTED", "submitted_at": AT}],
    },
}


def test_comments_come_along_with_their_time_and_author(repo: Repo) -> None:
    comment = {
        "user": {"login": "octo-maintainer"},
        "body": "Thank you.",
        "created_at": LATER,
        "author_association": "MEMBER",
    }
    entries = [
        {"number": 3, "title": "Broken", "created_at": AT, "comments": [comment, {}]},
        {"number": 4, "title": "As GitHub lists it", "created_at": AT, "comments": 2},
    ]
    repo.control.seed_issues(repo.name, entries)

    first, second = (m.IssueComment.model_validate(c) for c in repo.get("/issues/3/comments"))

    assert (first.body, first.author_association) == ("Thank you.", "MEMBER")
    assert repo.get("/issues/3/comments")[0]["created_at"] == LATER
    assert second.user
    assert second.user.login == "ghost"
    assert [repo.get(f"/issues/{n}")["comments"] for n in (3, 4)] == [2, 0]


def test_a_pull_request_keeps_its_figures_and_reviews(repo: Repo) -> None:
    repo.control.seed_issues(repo.name, [PULL])

    pull = repo.get("/pulls/7")
    reviews = [m.PullRequestReview.model_validate(r) for r in repo.get("/pulls/7/reviews")]

    assert (pull["additions"], pull["deletions"], pull["changed_files"]) == (900, 80, 31)
    assert (pull["mergeable"], pull["mergeable_state"], pull["draft"]) == (False, "dirty", True)
    assert (pull["head"]["ref"], pull["base"]["ref"]) == ("rework", "main")
    assert [review.state for review in reviews] == ["COMMENTED", "APPROVED"]
    assert m.PullRequest.model_validate(pull).number == 7


def test_what_is_not_told_of_a_pull_request_is_as_before(repo: Repo) -> None:
    repo.control.seed_issues(repo.name, [{"number": 8, "title": "Bare", "pull_request": {}}])

    pull = repo.get("/pulls/8")

    assert (pull["mergeable"], pull["mergeable_state"]) == (True, "clean")
    assert (pull["additions"], pull["head"]["ref"]) == (0, "seed-8")
    assert repo.get("/pulls/8/reviews") == []
    assert repo.ask("GET", "/pulls/9/reviews").status_code == 404
