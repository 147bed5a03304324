"""The pages behind `html_url`."""

import requests

from tests.sandbox.conftest import Repo

HOSTILE = (
    "**bold** <script>alert(1)</script> [x](javascript:alert(1))\n\n```json podium-result\n{}\n```"
)


def test_an_issue_page_renders_markdown_and_escapes_the_rest(repo: Repo) -> None:
    issue = repo.ask("POST", "/issues", {"title": "<b>", "body": HOSTILE}).json()
    comment = repo.ask("POST", "/issues/1/comments", {"body": "a < b"}).json()
    page = requests.get(issue["html_url"], timeout=20)

    assert page.status_code == 200
    assert "<strong>bold</strong>" in page.text
    assert "<script>" not in page.text
    assert 'href="javascript:' not in page.text
    assert "&lt;b&gt; #1" in page.text
    assert f'id="issuecomment-{comment["id"]}"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_run_page_shows_state_inputs_jobs_and_artifacts(repo: Repo) -> None:
    repo.control.timed([{"duration_seconds": 0}])
    run = repo.ended(repo.dispatch(dispatch_id="<d>"))
    text = requests.get(run["html_url"], timeout=20).text

    assert all(word in text for word in ("success", "&lt;d&gt;", "Set up job", "podium-result"))
    assert "<d>" not in text


def test_a_repository_page_links_to_its_issues_and_runs(repo: Repo) -> None:
    repo.ask("POST", "/issues", {"title": "One"})
    run_id = repo.dispatch()
    text = requests.get(f"{repo.sandbox.api_url}/{repo.name}", timeout=20).text

    assert f"/{repo.name}/issues/1" in text
    assert f"/{repo.name}/actions/runs/{run_id}" in text


def test_pages_of_nothing_are_not_found(repo: Repo) -> None:
    for path in ("nobody/nothing", f"{repo.name}/issues/99", f"{repo.name}/actions/runs/1"):
        assert requests.get(f"{repo.sandbox.api_url}/{path}", timeout=20).status_code == 404
