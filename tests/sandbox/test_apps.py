"""A GitHub App at the sandbox: who it is, where it is installed, what its tokens may do."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from githubkit_schemas.v2022_11_28 import models as m

from sandbox.control import ControlError
from sandbox.launch import SandboxProcess
from tests.sandbox.apps import APP_ID, SLUG, ask, keys, signed, token_of
from tests.sandbox.conftest import WORKER

_NUMBERS = itertools.count(1)


@dataclass
class Installed:
    """An App in two accounts: all of `first`, one of two repositories of `second`."""

    sandbox: SandboxProcess
    first: str
    second: str
    ids: dict[str, int]

    def as_app(self, path: str, method: str = "GET", body: Any = None, **claims: Any) -> Any:
        return ask(self.sandbox, signed(**claims), method, path, body)

    def as_first(self, path: str, method: str = "GET", body: Any = None, **more: Any) -> Any:
        token = token_of(self.sandbox, self.ids[self.first])
        return ask(self.sandbox, token, method, path, body, **more)


@pytest.fixture
def installed(timed: SandboxProcess) -> Iterator[Installed]:
    number = next(_NUMBERS)
    first, second = f"first-{number}", f"second-{number}"
    before = timed.control.settings()
    for name in (f"{first}/a", f"{first}/b", f"{second}/a", f"{second}/hidden"):
        timed.control.add_repository(name, files={".github/workflows/worker.yml": WORKER})
    ids = timed.control.add_app(
        APP_ID,
        SLUG,
        keys()[1],
        {"owner": first},
        {
            "owner": second,
            "kind": "User",
            "repositories": ["a"],
            "permissions": {"actions": "read", "issues": "read"},
        },
    )
    yield Installed(timed, first, second, ids)
    timed.control.settings(**before.model_dump())


def test_answers_have_githubs_shape(installed: Installed) -> None:
    first, second, ids = installed.first, installed.second, installed.ids
    app = m.Integration.model_validate(installed.as_app("/app").json())
    every = [
        m.Installation.model_validate(i) for i in installed.as_app("/app/installations").json()
    ]
    paths = (f"/repos/{first}/b/installation", f"/orgs/{first}/installation")
    found = [m.Installation.model_validate(installed.as_app(path).json()) for path in paths]
    person = m.Installation.model_validate(installed.as_app(f"/users/{second}/installation").json())
    one = m.Installation.model_validate(installed.as_app(f"/app/installations/{ids[first]}").json())
    path = f"/app/installations/{ids[first]}/access_tokens"
    token = m.InstallationToken.model_validate(
        installed.as_app(path, "POST", {"repositories": ["a"]}).json()
    )
    seen = m.InstallationRepositoriesGetResponse200.model_validate(
        installed.as_first("/installation/repositories").json()
    )

    assert (app.id, app.slug, app.installations_count) == (APP_ID, SLUG, 2)
    assert {i.id: i.repository_selection for i in every} == {
        ids[first]: "all",
        ids[second]: "selected",
    }
    assert [i.id for i in (*found, one)] == [ids[first]] * 3
    assert (person.id, person.target_type) == (ids[second], "User")
    assert token.token.startswith(f"ghs_{APP_ID}_")
    assert len(token.token) > 100, "nobody may rely on forty characters"
    assert token.repositories
    assert [repository.name for repository in token.repositories] == ["a"]
    assert [r.full_name for r in seen.repositories] == [f"{first}/a", f"{first}/b"]


def test_graphql_shows_what_an_installation_sees(installed: Installed) -> None:
    second = installed.second
    nodes = [
        ask(
            installed.sandbox, installed.sandbox.token, "POST", f"/repos/{name}/issues", sent
        ).json()["node_id"]
        for name, sent in ((f"{second}/a", {"title": "A"}), (f"{second}/hidden", {"title": "B"}))
    ]
    token = token_of(installed.sandbox, installed.ids[second])
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { title } } }"
    sent = {"query": query, "variables": {"ids": nodes}}
    answer = ask(installed.sandbox, token, "POST", "/graphql", sent).json()

    assert answer["data"]["nodes"] == [{"title": "A"}, None]


@pytest.mark.parametrize(
    ("claims", "status", "said"),
    [
        ({"exp": 700}, 401, "is too far in the future"),
        ({"exp": 630}, 401, "is too far in the future"),
        ({"exp": 0}, 401, "must be a numeric value representing the future time"),
        ({"exp": None}, 401, "must be a numeric value representing the future time"),
        ({"iat": 60}, 401, "must be an Integer representing the time"),
        ({"iat": None}, 401, "must be an Integer representing the time"),
        ({"iss": None}, 401, "Missing 'issuer' claim"),
        ({"iss": "8"}, 404, "Integration not found"),
        ({"algorithm": "HS256", "key": "a secret of thirty-two characters"}, 401, "not be decoded"),
        ({"algorithm": "RS512"}, 401, "could not be decoded"),
    ],
)
def test_what_is_signed_wrongly_is_refused(
    installed: Installed, claims: dict[str, Any], status: int, said: str
) -> None:
    now = int(time.time()) + 1
    times = {n: v + now for n, v in claims.items() if n in ("exp", "iat") and v is not None}
    if claims.get("exp") == 0:
        times["exp"] = now - 2
    answer = installed.as_app("/app", **{**claims, **times})

    assert (answer.status_code, said in answer.json()["message"]) == (status, True), answer.text


def test_ten_minutes_are_allowed_and_another_key_is_not(installed: Installed) -> None:
    good = installed.as_app("/app", exp=int(time.time()) + 600)
    broken = ask(installed.sandbox, signed()[:-6] + "AAAAAA", "GET", "/app")
    number = installed.ids[installed.first]
    token = token_of(installed.sandbox, number)
    no_app = ask(installed.sandbox, token, "GET", "/app")

    assert good.status_code == 200
    assert [one.status_code for one in (broken, no_app)] == [401, 401]
    with pytest.raises(ControlError, match="public_key"):
        installed.sandbox.control.add_app(9, "other", "no key")


def test_an_installation_sees_its_own_repositories_and_no_others(installed: Installed) -> None:
    first, second, box = installed.first, installed.second, installed.sandbox
    token = token_of(box, installed.ids[second])
    paths = {
        f"/repos/{second}/a": 200,
        f"/repos/{second}/hidden": 404,
        f"/repos/{first}/a": 404,
        f"/repos/{first}/a/issues": 404,
        f"/orgs/{first}/repos": 404,
        "/user": 403,
    }
    answers = {path: ask(box, token, "GET", path).status_code for path in paths}
    post = ask(box, token, "POST", f"/repos/{first}/a/issues", {"title": "x"})
    found = ask(box, token, "GET", "/installation/repositories").json()
    ours = ask(box, box.token, "GET", "/installation/repositories")
    hidden = installed.as_app(f"/repos/{second}/hidden/installation")
    as_app = installed.as_app(f"/repos/{first}/a")

    assert answers == paths
    assert post.status_code == 404
    assert [one["full_name"] for one in found["repositories"]] == [f"{second}/a"]
    assert (ours.status_code, "installation access token" in ours.text) == (403, True)
    assert (hidden.status_code, as_app.status_code) == (404, 404)


def test_a_token_does_what_it_is_permitted_to_and_is_named_as_the_bot(installed: Installed) -> None:
    first, second, box = installed.first, installed.second, installed.sandbox
    made = installed.as_first(f"/repos/{first}/a/issues", "POST", {"title": "x"}).json()
    weak = token_of(box, installed.ids[second])
    refused = ask(box, weak, "POST", f"/repos/{second}/a/issues", {"title": "x"})
    unread = ask(box, weak, "GET", f"/repos/{second}/a/contents/.github")
    read = ask(box, weak, "GET", f"/repos/{second}/a/actions/runs")
    narrow = token_of(
        box, installed.ids[first], {"repositories": ["a"], "permissions": {"issues": "read"}}
    )
    narrowed = {
        path: ask(box, narrow, "GET", f"/repos/{first}/{path}").status_code
        for path in ("a/issues", "b/issues", "a/actions/runs")
    }

    assert (made["user"]["login"], made["user"]["type"]) == (f"{SLUG}[bot]", "Bot")
    assert [one.status_code for one in (refused, unread, read)] == [403, 403, 200]
    assert narrowed == {"a/issues": 200, "b/issues": 404, "a/actions/runs": 403}


@pytest.mark.parametrize(
    "body",
    [
        {"repositories": ["a", "hidden"]},
        {"repository_ids": [1]},
        {"permissions": {"issues": "write"}},
        {"permissions": {"contents": "read"}},
    ],
)
def test_more_than_the_installation_has_is_not_given(installed: Installed, body: Any) -> None:
    path = f"/app/installations/{installed.ids[installed.second]}/access_tokens"

    assert installed.as_app(path, "POST", body).status_code == 422


def test_a_token_expires(installed: Installed) -> None:
    box = installed.sandbox
    box.control.settings(installation_token_seconds=1)
    token = token_of(box, installed.ids[installed.first])
    end = time.monotonic() + 10
    while ask(box, token, "GET", "/installation/repositories").status_code == 200:
        assert time.monotonic() < end
        time.sleep(0.1)

    again = ask(box, token, "GET", "/installation/repositories")
    assert (again.status_code, again.json()["message"]) == (401, "Bad credentials")


def test_an_installation_has_one_window_for_all_its_tokens(installed: Installed) -> None:
    box, numbers = installed.sandbox, installed.ids
    one, two = (token_of(box, numbers[installed.first]) for _ in range(2))
    other = token_of(box, numbers[installed.second])
    path = "/installation/repositories"
    used = [
        int(ask(box, token, "GET", path).headers["x-ratelimit-used"])
        for token in (one, two, one, other)
    ]
    tag = ask(box, one, "GET", path).headers["etag"]
    kept = ask(box, one, "GET", path, headers={"If-None-Match": tag})
    box.control.settings(rate_limit=4)
    refused = ask(box, two, "GET", path)

    assert used == [1, 2, 3, 1]
    assert (kept.status_code, kept.headers["x-ratelimit-used"]) == (304, "4")
    assert (refused.status_code, refused.headers["x-ratelimit-remaining"]) == (403, "0")
    assert ask(box, other, "GET", path).status_code == 200


def test_lists_are_paged(installed: Installed) -> None:
    page = installed.as_first("/installation/repositories?per_page=1")
    more = installed.as_first("/installation/repositories?per_page=1&page=2")
    apps = installed.as_app("/app/installations?per_page=1&page=2")

    assert 'rel="next"' in page.headers["link"]
    assert 'rel="next"' not in more.headers["link"]
    assert more.json()["total_count"] == 2
    assert [one["id"] for one in apps.json()] == [installed.ids[installed.second]]


def test_what_an_app_is_taken_off_is_closed_to_its_tokens(installed: Installed) -> None:
    box, first = installed.sandbox, installed.first
    token, other = (
        token_of(box, n) for n in (installed.ids[first], installed.ids[installed.second])
    )
    ids = box.control.add_app(APP_ID, SLUG, keys()[1], {"owner": first, "suspended": True})
    path = f"/app/installations/{ids[first]}/access_tokens"
    suspended = installed.as_app(path, "POST")
    box.control.add_app(APP_ID, SLUG, keys()[1], {"owner": first})

    assert ids[first] == installed.ids[first], "the same owner keeps its number"
    assert suspended.status_code == 403
    assert ask(box, token, "GET", f"/repos/{first}/a").status_code == 200
    assert ask(box, other, "GET", "/installation/repositories").status_code == 401
