"""The maintenance workers of X7: alone, against a site that can be down, and as files that run."""

import importlib
import itertools
import shutil
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.names import RESULT_FILE
from contracts.worker import WorkerResult
from sandbox.launch import SandboxProcess, start_sandbox
from tests.examples.workbench import (
    RUN,
    Example,
    dispatched,
)
from tests.sandbox.conftest import Repo

X7 = Example("guarded-tasks")
SCRIPTS = X7.repository / ".github" / "scripts"
SCHEMAS = {
    "check_links": "schemas/link-check.json",
    "sync_labels": "schemas/label-sync.json",
    "find_stale_branches": "schemas/stale-branches.json",
    "check_licences": "schemas/licence-headers.json",
}
PUBLISHED = "https://widgets.example"
_NUMBERS = itertools.count(1)

sys.path[:0] = [str(SCRIPTS), str(X7.folder / "target")]
site_server = importlib.import_module("site_server")
check_links = importlib.import_module("check_links")
sync_labels = importlib.import_module("sync_labels")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxProcess]:
    with start_sandbox(mode="act", runners=4) as running:
        yield running


@pytest.fixture
def repo(sandbox: SandboxProcess) -> Iterator[Repo]:
    """A fresh copy of the sample repository."""
    name = f"octo-org/widgets-{next(_NUMBERS)}"
    sandbox.control.add_repository(name, folder=X7.repository)
    yield Repo(sandbox, name)
    sandbox.control.clear_faults()


@pytest.fixture
def site() -> Iterator[Any]:
    server = site_server.SiteServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Tree:
    """A work tree in which scripts are run, in this process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder / "tree"
        self._monkeypatch = monkeypatch
        shutil.copytree(X7.repository, self.folder)

    def run(self, script: str, **inputs: str) -> WorkerResult:
        with self._monkeypatch.context() as patch:
            patch.chdir(self.folder)
            patch.setattr(check_links, "PAUSE_SECONDS", 0.0)
            patch.setattr(sync_labels, "PAUSE_SECONDS", 0.0)
            for name, value in (RUN | inputs).items():
                patch.setenv(name, value)
            code = importlib.import_module(script).main()
        result = WorkerResult.model_validate_json((self.folder / RESULT_FILE).read_text())
        assert code == (1 if result.status == "failure" else 0)
        return result if result.status == "failure" else X7.valid(result, SCHEMAS[script])

    def on(self, repo: Repo, script: str, **inputs: str) -> WorkerResult:
        """Run with a token for a repository of the sandbox."""
        return self.run(
            script,
            GITHUB_API_URL=repo.sandbox.api_url,
            GITHUB_REPOSITORY=repo.name,
            GITHUB_TOKEN=repo.sandbox.token,
            **inputs,
        )


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    return Tree(tmp_path, monkeypatch)


def codes(result: WorkerResult) -> list[str]:
    return [error.code for error in result.errors]


def test_broken_links_are_findings_and_other_sites_are_left_alone(tree: Tree, site: Any) -> None:
    (tree.folder / "own.md").write_text("[a](themes.md) [b](/tiles#x) [c](docs/faq.md)")
    ask = {"SITE_URL": site.url, "PUBLISHED_AS": PUBLISHED}
    guide = tree.run("check_links", PAGE="docs/guide.md", **ask)
    own = tree.run("check_links", PAGE="own.md", **ask)
    faq = tree.run("check_links", PAGE="docs/faq.md", **ask)

    assert guide.status == "success"
    assert guide.outputs["broken"] == [{"link": f"{PUBLISHED}/gallery-of-2019", "reason": "404"}]
    assert guide.outputs["checked"] == 5
    assert own.outputs["checked"] == 3
    assert own.outputs["broken"] == [{"link": "themes.md", "reason": "no such file"}]
    assert (faq.outputs["checked"], faq.outputs["elsewhere"]) == (1, 1)


def test_a_site_that_is_down_is_a_failure_until_it_is_up_again(tree: Tree, site: Any) -> None:
    ask = {"PAGE": "docs/guide.md", "SITE_URL": site.url, "PUBLISHED_AS": PUBLISHED}
    for method, down in (("PUT", True), ("DELETE", False)):
        request = urllib.request.Request(f"{site.url}/_down", method=method)  # noqa: S310 - our own
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own
            assert answer.status == 200
        assert site.down is down
        result = tree.run("check_links", **ask)
        assert codes(result) == (["site-down"] if down else [])


def test_a_site_that_does_not_answer_at_all_is_down_too(tree: Tree, site: Any) -> None:
    gone = site_server.SiteServer()
    gone.server_close()
    (tree.folder / "own.md").write_text("[a](/tiles)")

    assert codes(tree.run("check_links", PAGE="own.md", SITE_URL=gone.url)) == ["site-down"]


def test_hostile_links_are_looked_at_without_harm(tree: Tree, site: Any) -> None:
    links = [
        "../../../etc/passwd",
        "//evil.example/x",
        "http://[",
        "/%zz",
        "/ü",
        "a%00b",
        "file:///x",
    ]
    (tree.folder / "page.md").write_text(
        "\n".join(f"[x]({link})" for link in links) + "\n```\n[x](/in-code)\n```\n" + "[" * 20_000
    )
    outputs = tree.run("check_links", PAGE="page.md", SITE_URL=site.url).outputs

    assert [one["link"] for one in outputs["broken"]] == [
        "../../../etc/passwd",
        "/%zz",
        "/ü",
        "a%00b",
    ]
    assert outputs["elsewhere"] == 3


@pytest.mark.parametrize(
    ("script", "inputs", "code"),
    [
        ("check_links", {"PAGE": "nothing.md", "SITE_URL": "http://127.0.0.1:9"}, "no-page"),
        ("check_links", {"PAGE": "../x.md", "SITE_URL": "http://127.0.0.1:9"}, "no-page"),
        ("check_links", {"PAGE": "README.md; ls", "SITE_URL": "http://127.0.0.1:9"}, "bad-input"),
        ("check_links", {"PAGE": "README.md", "SITE_URL": "file:///etc"}, "bad-input"),
        ("find_stale_branches", {"DAYS": "soon"}, "bad-input"),
        ("find_stale_branches", {}, "bad-environment"),
        ("check_licences", {"FOLDER": "nothing"}, "no-folder"),
        ("check_licences", {"FOLDER": "../.."}, "no-folder"),
        ("check_licences", {"LICENCE": "x y"}, "bad-input"),
    ],
)
def test_what_cannot_be_done_is_a_failure_with_a_reason(
    tree: Tree, script: str, inputs: dict[str, str], code: str
) -> None:
    result = tree.run(script, **inputs)

    assert (result.status, codes(result)) == ("failure", [code])


def test_labels_become_what_the_file_says_and_a_second_run_changes_nothing(
    tree: Tree, repo: Repo
) -> None:
    repo.ask("POST", "/labels", {"name": "BUG", "color": "000000"})
    repo.ask("POST", "/labels", {"name": "own", "color": "111111"})
    first = tree.on(repo, "sync_labels").outputs
    labels = {one["name"]: one for one in repo.get("/labels")}
    second = tree.on(repo, "sync_labels").outputs

    assert first["updated"] == ["bug"]
    assert len(first["created"]) == 4
    assert labels["bug"]["color"] == "d73a4a"
    assert labels["own"]["color"] == "111111"
    assert second == {"created": [], "updated": [], "unchanged": 5, "others": 1}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_lost_answer_leaves_each_label_once(tree: Tree, repo: Repo, method: str) -> None:
    repo.ask("POST", "/labels", {"name": "bug", "color": "000000"})
    rule = {"kind": "status", "when": "after", "times": 1, "method": method, "path": "/labels"}
    repo.control.faults([rule])
    tree.on(repo, "sync_labels")
    again = tree.on(repo, "sync_labels").outputs

    assert again["created"] == again["updated"] == []
    assert len(repo.get("/labels")) == 5


@pytest.mark.parametrize("text", ["{", "{}", '[{"name": "x"}]', '[{"name": "x", "color": "red"}]'])
def test_a_label_file_that_is_wrong_changes_no_label(tree: Tree, repo: Repo, text: str) -> None:
    (tree.folder / ".github" / "labels.json").write_text(text)

    assert codes(tree.on(repo, "sync_labels")) == ["bad-labels"]
    assert repo.get("/labels") == []


def test_old_branches_are_named_and_the_default_one_never(tree: Tree, repo: Repo) -> None:
    sha = str(repo.get("/git/ref/heads/main")["object"]["sha"])
    for name in ("one", "two/three"):
        repo.ask("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
    young = tree.on(repo, "find_stale_branches").outputs
    old = tree.on(repo, "find_stale_branches", DAYS="0").outputs

    assert (young["branches"], young["days"], young["stale"]) == (3, 90, [])
    assert sorted(one["branch"] for one in old["stale"]) == ["one", "two/three"]


def test_files_without_their_licence_are_named(tree: Tree) -> None:
    outputs = tree.run("check_licences", FOLDER="widgets").outputs
    other = tree.run("check_licences", FOLDER="widgets", LICENCE="MIT").outputs

    assert outputs == {"checked": 3, "missing": ["widgets/colors.py"], "missing_count": 1}
    assert other["missing_count"] == 3


def test_the_workflow_files_run_and_publish_their_results(repo: Repo, site: Any) -> None:
    ask = {"page": "docs/guide.md", "site_url": site.url, "published_as": PUBLISHED}
    links = dispatched(repo, "link-checker.yml", **ask)
    site.down = True
    down = dispatched(repo, "link-checker.yml", **ask)
    labels = dispatched(repo, "label-sync.yml")
    branches = dispatched(repo, "stale-branches.yml", days="0")
    licences = dispatched(repo, "licence-headers.yml", folder="widgets")

    assert (links[0], len(links[1].outputs["broken"])) == ("success", 1)
    assert (down[0], codes(down[1])) == ("failure", ["site-down"])
    assert (labels[0], len(labels[1].outputs["created"])) == ("success", 5)
    assert (branches[0], branches[1].outputs["branches"]) == ("success", 1)
    assert (licences[0], licences[1].outputs["missing_count"]) == ("success", 1)
