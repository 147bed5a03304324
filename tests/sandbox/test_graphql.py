"""GraphQL tells what REST does not: whether the text of an issue or pull request was edited."""

from typing import Any

from tests.sandbox.conftest import Repo

QUERY = """
query($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Issue { id title lastEditedAt } ... on PullRequest { id lastEditedAt } }
}
"""


def asked(repo: Repo, *ids: str, query: str = QUERY) -> dict[str, Any]:
    sent = {"query": query, "variables": {"ids": list(ids)}}
    url = f"{repo.sandbox.api_url}/graphql"
    response = repo.session.post(url, json=sent, timeout=20)
    assert response.status_code == 200, response.text
    assert response.headers["x-ratelimit-resource"] == "graphql"
    answer: dict[str, Any] = response.json()
    return answer


def opened(repo: Repo, title: str) -> dict[str, Any]:
    made: dict[str, Any] = repo.ask("POST", "/issues", {"title": title, "body": "text"}).json()
    return made


def test_an_edit_of_the_text_shows_and_nothing_else_does(repo: Repo) -> None:
    edited, labelled, same = (opened(repo, title) for title in ("edited", "labelled", "same"))
    repo.ask("PATCH", f"/issues/{edited['number']}", {"body": "other text"})
    for change in ({"labels": ["x"]}, {"title": "new"}, {"state": "closed"}):
        repo.ask("PATCH", f"/issues/{labelled['number']}", change)
    repo.ask("POST", f"/issues/{labelled['number']}/comments", {"body": "why?"})
    repo.ask("PATCH", f"/issues/{same['number']}", {"body": "text"})

    nodes = asked(repo, edited["node_id"], labelled["node_id"], same["node_id"])["data"]["nodes"]

    listed = {one["number"]: one for one in repo.get("/issues", state="all")}
    changed = listed[edited["number"]]
    assert nodes[0]["lastEditedAt"] == changed["updated_at"] > changed["created_at"]
    assert [node["lastEditedAt"] for node in nodes[1:]] == [None, None]
    assert nodes[1] == {"id": labelled["node_id"], "title": "new", "lastEditedAt": None}


def test_a_pull_request_is_a_node_of_its_own_kind(repo: Repo) -> None:
    repo.control.seed_issues(repo.name, [{"number": 9, "title": "p", "pull_request": {}}])
    node = repo.get("/issues")[0]["node_id"]

    assert asked(repo, node)["data"]["nodes"] == [{"id": node, "lastEditedAt": None}]
    assert repo.get("/pulls/9")["node_id"] == node


def test_what_is_unknown_is_null_and_told(repo: Repo) -> None:
    answer = asked(repo, "nothing", opened(repo, "a")["node_id"])

    assert answer["data"]["nodes"][0] is None
    assert answer["data"]["nodes"][1] is not None
    assert [(one["type"], one["path"]) for one in answer["errors"]] == [("NOT_FOUND", ["nodes", 0])]


def test_an_enterprise_server_has_it_beside_its_api(repo: Repo) -> None:
    node = opened(repo, "a")["node_id"]
    sent = {"query": QUERY, "variables": {"ids": [node]}}
    response = repo.session.post(f"{repo.sandbox.api_url}/api/graphql", json=sent, timeout=20)

    assert response.json()["data"]["nodes"][0]["id"] == node
    assert repo.session.post(
        f"{repo.sandbox.api_url}/api/v3/repos/{repo.name}/issues", json={"title": "b"}, timeout=20
    ).ok


def test_other_questions_are_refused_as_graphql_refuses(repo: Repo) -> None:
    unknown = asked(repo, query="query($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { x } } }")

    assert "'x'" in unknown["errors"][0]["message"]
    assert "answers only" in asked(repo, query="{ viewer { login } }")["errors"][0]["message"]
    assert "100" in asked(repo, *["x"] * 101)["errors"][0]["message"]
