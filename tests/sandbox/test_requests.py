"""What all requests have in common: tokens, limits, conditional requests, paging of artifacts."""

import hashlib
import time

import requests

from tests.sandbox.conftest import Repo


def test_requests_without_a_known_token_are_refused(repo: Repo) -> None:
    url = f"{repo.sandbox.api_url}/repos/{repo.name}"
    answers = [
        requests.get(url, timeout=20),
        requests.get(url, headers={"Authorization": "Bearer wrong"}, timeout=20),
    ]

    assert [a.status_code for a in answers] == [401, 401]
    assert answers[0].json()["message"] == "Bad credentials"


def test_an_unchanged_answer_is_304_and_costs_nothing(repo: Repo) -> None:
    first = repo.ask("GET", "/actions/runs")
    tag = first.headers["etag"]
    again = repo.ask("GET", "/actions/runs", headers={"If-None-Match": tag})
    repo.dispatch()
    changed = repo.ask("GET", "/actions/runs", headers={"If-None-Match": tag})

    assert tag.startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"]
    assert changed.status_code == 200
    counted = [
        r.counted for r in repo.control.requests() if r.path.endswith(f"{repo.name}/actions/runs")
    ]
    assert counted == [True, False, True]


def test_the_rate_limit_counts_down_and_ends(repo: Repo) -> None:
    token = repo.control.add_token("octo-poor")
    poor = Repo(repo.sandbox, repo.name, token)
    repo.control.settings(rate_limit=2)
    answers = [poor.ask("GET", "") for _ in range(3)]
    left = [answer.headers["x-ratelimit-remaining"] for answer in answers]

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    assert left == ["1", "0", "0"]
    assert "API rate limit exceeded" in answers[2].json()["message"]
    assert int(answers[2].headers["x-ratelimit-reset"]) > time.time()


def test_every_answer_names_version_request_and_date(repo: Repo) -> None:
    headers = repo.ask("GET", "").headers

    assert headers["x-github-api-version-selected"] == "2022-11-28"
    assert headers["x-github-request-id"]
    assert headers["date"].endswith("GMT")
    assert headers["x-ratelimit-resource"] == "core"
    assert repo.ask("GET", "", headers={"X-GitHub-Api-Version": "1999-01-01"}).status_code == 400


def test_an_artifact_is_fetched_from_another_origin_without_credentials(repo: Repo) -> None:
    repo.control.timed([{"duration_seconds": 0}])
    run_id = repo.dispatch()
    repo.ended(run_id)
    (artifact,) = repo.get(f"/actions/runs/{run_id}/artifacts")["artifacts"]
    answer = repo.ask("GET", f"/actions/artifacts/{artifact['id']}/zip")
    link = answer.headers["location"]
    content = requests.get(link, timeout=20).content

    assert answer.status_code == 302
    assert not link.startswith(repo.sandbox.api_url)
    assert artifact["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert artifact["size_in_bytes"] == len(content)
    refused = requests.get(link, headers={"Authorization": "Bearer x"}, timeout=20)
    assert refused.status_code == 403


def test_a_download_link_dies(repo: Repo) -> None:
    repo.control.settings(artifact_link_seconds=0.05)
    repo.control.timed([{"duration_seconds": 0}])
    run_id = repo.dispatch()
    repo.ended(run_id)
    (artifact,) = repo.get(f"/actions/runs/{run_id}/artifacts")["artifacts"]
    link = repo.ask("GET", f"/actions/artifacts/{artifact['id']}/zip").headers["location"]
    time.sleep(0.1)

    assert requests.get(link, timeout=20).status_code == 403


def test_a_half_surrogate_in_json_does_not_break_later_answers(repo: Repo) -> None:
    repo.session.headers["Content-Type"] = "application/json"
    url = f"{repo.sandbox.api_url}/repos/{repo.name}/issues"
    made = repo.session.post(
        url, data=b'{"title": "half \\ud83d", "body": "\\ud83d\\ude00"}', timeout=20
    )

    assert made.status_code == 201
    assert repo.get("/issues/1")["body"] == "\U0001f600"


def test_bodies_that_are_not_json_objects_are_refused(repo: Repo) -> None:
    url = f"{repo.sandbox.api_url}/repos/{repo.name}/issues"

    assert repo.session.post(url, data=b"{", timeout=20).status_code == 400
    assert repo.session.post(url, data=b"[]", timeout=20).status_code == 422
