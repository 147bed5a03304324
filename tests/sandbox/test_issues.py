"""Issues, comments, labels, reactions, search and who wrote them."""

from tests.sandbox.conftest import Repo

SEED = [
    {
        "number": 41,
        "title": "日本語 \u202eevil <b>",
        "body": None,
        "state": "open",
        "user": {"login": "reporter", "type": "User"},
        "labels": [{"name": "Bug"}],
        "created_at": "2026-01-02T03:04:05Z",
        "updated_at": "2026-01-02T03:04:05Z",
        "author_association": "NONE",
    },
    {
        "number": 43,
        "title": "A pull request",
        "body": "x" * 65_536,
        "user": {"login": "dependabot[bot]", "type": "Bot"},
        "pull_request": {"url": "x"},
    },
]


def test_seeded_issues_keep_number_text_labels_and_author(repo: Repo) -> None:
    assert repo.control.seed_issues(repo.name, SEED) == [41, 43]
    pull, issue = repo.get("/issues")
    made = repo.ask("POST", "/issues", {"title": "New"}).json()

    assert (issue["number"], issue["title"], issue["body"]) == (41, SEED[0]["title"], None)
    assert (issue["created_at"], issue["user"]["login"]) == ("2026-01-02T03:04:05Z", "reporter")
    assert [label["name"] for label in issue["labels"]] == ["Bug"]
    assert len(pull["body"]) == 65_536
    assert pull["pull_request"]["url"].endswith("/pulls/43")
    assert pull["user"]["type"] == "Bot"
    assert "pull_request" not in issue
    assert made["number"] == 44


def test_what_says_that_it_is_a_pull_request_is_one_whatever_it_says_of_it(repo: Repo) -> None:
    entries = [
        {"number": 1, "title": "Nothing more", "pull_request": {}},
        {"number": 2, "title": "An issue", "pull_request": None},
        {"number": 3, "title": "Merged", "pull_request": {"merged_at": "2026-01-02T03:04:05Z"}},
    ]
    repo.control.seed_issues(repo.name, entries)

    listed = {issue["number"]: issue for issue in repo.get("/issues")}

    assert [n for n, issue in sorted(listed.items()) if "pull_request" in issue] == [1, 3]
    assert [pull["number"] for pull in repo.get("/pulls", direction="asc")] == [1, 3]


def test_lists_filter_sort_and_leave_out_closed_issues(repo: Repo) -> None:
    for title, labels in (("a", ["x"]), ("b", ["x", "Y"]), ("c", [])):
        repo.ask("POST", "/issues", {"title": title, "labels": labels})
    repo.ask("PATCH", "/issues/3", {"state": "closed", "state_reason": "not_planned"})

    def titles(**query: str) -> list[str]:
        return [issue["title"] for issue in repo.get("/issues", **query)]

    assert titles() == ["b", "a"]
    assert titles(direction="asc") == ["a", "b"]
    assert titles(state="closed") == ["c"]
    assert titles(state="all", labels="X,y") == ["b"]
    assert titles(creator="nobody") == []
    assert titles(since="2999-01-01T00:00:00Z") == []
    assert repo.get("/issues/3")["state_reason"] == "not_planned"


def test_an_issue_is_closed_and_opened_again(repo: Repo) -> None:
    repo.ask("POST", "/issues", {"title": "a"})
    closed = repo.ask("PATCH", "/issues/1", {"state": "closed"}).json()
    opened = repo.ask("PATCH", "/issues/1", {"state": "open", "title": "b", "labels": ["l"]}).json()

    assert (closed["state_reason"], closed["closed_by"]["login"]) == ("completed", "octo-operator")
    assert (opened["state_reason"], opened["closed_at"], opened["title"]) == ("reopened", None, "b")


def test_too_long_and_blank_texts_are_refused(repo: Repo) -> None:
    repo.ask("POST", "/issues", {"title": "a"})
    long = "\U0001f600" * 65_537
    answers = [
        repo.ask("POST", "/issues", {"title": "a", "body": long}),
        repo.ask("POST", "/issues", {"title": ""}),
        repo.ask("POST", "/issues/1/comments", {"body": long}),
        repo.ask("POST", "/issues/1/comments", {"body": "  "}),
        repo.ask("PATCH", "/issues/1", {"state": "gone"}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 5
    assert repo.ask("POST", "/issues/1/comments", {"body": long[1:]}).status_code == 201


def test_comments_are_listed_by_id_edited_and_deleted(repo: Repo) -> None:
    repo.ask("POST", "/issues", {"title": "a"})
    first, second = (
        repo.ask("POST", "/issues/1/comments", {"body": text}).json() for text in ("1", "2")
    )
    path = f"/issues/comments/{first['id']}"
    edited = repo.ask("PATCH", path, {"body": "changed"}).json()

    assert [c["id"] for c in repo.get("/issues/1/comments")] == [first["id"], second["id"]]
    assert [c["id"] for c in repo.get("/issues/1/comments", per_page=1, page=2)] == [second["id"]]
    assert edited["body"] == "changed"
    assert edited["updated_at"] > edited["created_at"], "an edit must be visible as one"
    assert repo.ask("DELETE", path).status_code == 204
    assert repo.ask("GET", path).status_code == 404
    assert repo.get("/issues/1")["comments"] == 1


def test_a_reaction_is_created_once(repo: Repo) -> None:
    repo.ask("POST", "/issues", {"title": "a"})
    answers = [
        repo.ask("POST", "/issues/1/reactions", {"content": c}) for c in ("eyes", "eyes", "no")
    ]

    assert [answer.status_code for answer in answers] == [201, 200, 422]
    assert repo.get("/issues/1")["reactions"]["eyes"] == 1


def test_labels_are_added_and_keep_their_first_spelling(repo: Repo) -> None:
    repo.ask("POST", "/issues", {"title": "a", "labels": ["Bug"]})
    repo.ask("POST", "/issues/1/labels", {"labels": ["bug", "new"]})

    assert [label["name"] for label in repo.get("/issues/1/labels")] == ["Bug", "new"]
    assert repo.ask("POST", "/labels", {"name": "BUG"}).status_code == 422


def test_search_finds_by_words_and_qualifiers(repo: Repo) -> None:
    repo.ask("POST", "/issues", {"title": "Red apple", "body": "fruit"})
    repo.ask("POST", "/issues", {"title": "Fruit", "body": "red"})
    repo.ask("PATCH", "/issues/2", {"state": "closed"})

    def found(query: str) -> list[int]:
        url = f"{repo.sandbox.api_url}/search/issues"
        answer = repo.session.get(url, params={"q": f"repo:{repo.name} {query}"}, timeout=20)
        return [item["number"] for item in answer.json()["items"]]

    assert found("red fruit") == [2, 1]
    assert found("fruit in:title") == [2]
    assert found('"red apple" is:issue is:open') == [1]


def test_authors_roles_and_permissions_are_told(repo: Repo) -> None:
    repo.control.settings(collaborators={"octo-helper": "triage"})
    helper = Repo(repo.sandbox, repo.name, repo.control.add_token("octo-helper"))
    made = helper.ask("POST", "/issues", {"title": "a"}).json()

    assert made["author_association"] == "NONE"
    assert (
        repo.ask("POST", "/issues", {"title": "b"}).json()["author_association"] == "COLLABORATOR"
    )
    permission = repo.get("/collaborators/octo-helper/permission")
    assert (permission["permission"], permission["role_name"]) == ("read", "triage")
    assert repo.ask("GET", "/collaborators/nobody-ever/permission").status_code == 404


def test_issues_can_be_switched_off(repo: Repo) -> None:
    repo.control.settings(issues_enabled=False)

    assert repo.ask("POST", "/issues", {"title": "a"}).status_code == 410
