"""The worker security-scanner at work: the sample organization in the sandbox, and real runs."""

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.worker import WorkerResult
from sandbox.launch import SandboxProcess, start_sandbox
from tests.examples.isolated import scripts
from tests.examples.sarif_checks import problems_of
from tests.sandbox.conftest import Repo

EXAMPLE = Path(__file__).parents[2] / "examples" / "security-audit"
REPOSITORY = EXAMPLE / "repository"
SCHEMA = json.loads((EXAMPLE / "schemas" / "security-scan.json").read_text())
EXPECTED = json.loads((EXAMPLE / "expected.json").read_text())["repositories"]
DISPATCH_ID = "pd-0123456789abcdef01234567"
HOME = "octo-org/security"

worker = scripts(REPOSITORY / ".github" / "scripts")
make_organization = scripts(EXAMPLE)["make_organization"]


@pytest.fixture(scope="module")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """The organization as the sandbox serves it, its home repository from the example."""
    folder = tmp_path_factory.mktemp("octo-org")
    made = make_organization.write(folder)["repositories"]
    with start_sandbox(repositories={HOME: REPOSITORY}, runners=4) as sandbox:
        for name, told in made.items():
            more = {key: told[key] for key in ("archived", "fork", "topics")}
            sandbox.control.add_repository(f"octo-org/{name}", folder=folder / name, **more)
        yield sandbox


@pytest.fixture
def scan(
    organization: SandboxProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Any]:
    """Run the script in this process, with the environment of a job."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker["github_api"], "FIRST_PAUSE_SECONDS", 0.0)
    given = {"GITHUB_API_URL": organization.api_url, "GITHUB_TOKEN": organization.token}
    for name, value in (given | {"DISPATCH_ID": DISPATCH_ID, "GITHUB_RUN_ID": "7"}).items():
        monkeypatch.setenv(name, value)

    def run(repository: str) -> tuple[int, WorkerResult]:
        code: int = worker["scan_repository"].main(["--repository", repository])
        return code, WorkerResult.model_validate_json(Path("result.json").read_text())

    yield run
    organization.control.clear_faults()


def read(name: str = "results.sarif") -> dict[str, Any]:
    return dict(json.loads((Path("sarif") / name).read_text()))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_repository_is_scanned_to_what_the_manifest_says(name: str, scan: Any) -> None:
    told = EXPECTED[name]
    code, result = scan(f"octo-org/{name}")

    assert (code, result.status) == (int(told["status"] == "failure"), told["status"])
    if told["status"] == "failure":
        assert result.errors[0].code == "over-limit"
        assert not Path("sarif").exists(), "an empty file would say that all is well"
        return
    Draft202012Validator(SCHEMA).validate(result.outputs)
    outputs = result.outputs
    assert {key: outputs[key] for key in ("by_severity", "by_rule", "passed_along")} == {
        key: told[key] for key in ("by_severity", "by_rule", "passed_along")
    }
    log = read()
    assert problems_of(log) == []
    (run,) = log["runs"]
    assert len(run["results"]) == outputs["findings"] == sum(told["by_rule"].values())
    assert run["automationDetails"]["id"] == f"security-scanner/octo-org/{name}/"
    assert run["versionControlProvenance"][0]["revisionId"] == outputs["commit_sha"]
    assert len(list(Path("sarif").iterdir())) == 1 + len(told["passed_along"])


def test_a_clean_repository_gives_an_empty_run_with_all_rules(scan: Any) -> None:
    scan("octo-org/design-system")
    (run,) = read()["runs"]

    assert run["results"] == []
    assert len(run["tool"]["driver"]["rules"]) == len(worker["rules"].RULES)


def test_no_secret_leaves_the_repository_that_holds_it(scan: Any) -> None:
    for sample in make_organization.samples():
        code, _ = scan(f"octo-org/{sample.name}")
        written = Path("result.json").read_text() + ("" if code else json.dumps(read()))
        for text in sample.files.values():
            words = [word.strip("\"'`,;[]{}()") for word in text.split()]
            # Long words with digits: keys, tokens and passwords, whatever they look like.
            hidden = [w for w in words if len(w) > 24 and any(c.isdigit() for c in w)]
            assert not [word for word in hidden if word in written]


def test_what_a_repositorys_own_tools_committed_goes_along_as_it_is(scan: Any) -> None:
    scan("octo-org/legacy-billing")
    with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
        read("passed-along-1.sarif")

    scan("octo-org/web-shop")
    assert read("passed-along-1.sarif")["runs"][0]["tool"]["driver"]["name"] == "stylecheck"


def test_a_scan_done_again_writes_the_same_bytes_and_leaves_nothing_of_the_last(scan: Any) -> None:
    scan("octo-org/web-shop")
    first = (Path("sarif") / "results.sarif").read_bytes()
    scan("octo-org/billing")
    scan("octo-org/web-shop")

    assert (Path("sarif") / "results.sarif").read_bytes() == first
    assert os.environ["GITHUB_TOKEN"] not in Path("result.json").read_text()


@pytest.mark.parametrize(
    ("repository", "code"),
    [
        ("octo-org/nothing-here", "not-found"),
        ("", "bad-input"),
        ("octo-org", "bad-input"),
        ("octo-org/../x", "bad-input"),
        ("octo-org/a;rm -rf", "bad-input"),
        ("octo-org/a?b", "bad-input"),
    ],
)
def test_what_cannot_be_scanned_is_told(repository: str, code: str, scan: Any) -> None:
    ended, result = scan(repository)

    assert (ended, result.status, result.errors[0].code) == (1, "failure", code)
    assert not Path("sarif").exists()


def test_reads_are_tried_again_and_then_given_up(organization: SandboxProcess, scan: Any) -> None:
    rule = {"kind": "status", "path": "/contents/billing/export.py", "status": 502}
    organization.control.faults([rule | {"times": 2}])
    assert scan("octo-org/billing")[1].status == "success"

    organization.control.faults([rule])
    code, result = scan("octo-org/billing")
    assert (code, result.errors[0].code) == (1, "github")


def test_a_commit_without_files_is_clean(organization: SandboxProcess, scan: Any) -> None:
    organization.control.add_repository("octo-labs/empty", files={})

    code, result = scan("octo-labs/empty")

    assert (code, result.status, result.outputs["findings"]) == (0, "success", 0)


def test_a_file_that_github_gives_no_content_of_makes_the_scan_partial(
    organization: SandboxProcess, scan: Any
) -> None:
    files = {"big.txt": "x" * (1024 * 1024 + 1), "a.py": "eval(x)\n"}
    organization.control.add_repository("octo-labs/big", files=files)

    _, result = scan("octo-labs/big")

    assert (result.status, result.outputs["findings"]) == ("partial", 1)
    assert "big.txt" in result.errors[0].message


def files_of(repo: Repo, run_id: int, artifact: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(repo.artifact(run_id, artifact))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_workflow_file_runs_and_publishes_both_artifacts(organization: SandboxProcess) -> None:
    """Three dispatches at once: findings, another tool's broken file, and a scan that fails."""
    repo = Repo(organization, HOME)
    runs = {
        name: repo.dispatch(
            "security-scanner.yml", repository=f"octo-org/{name}", dispatch_id=DISPATCH_ID
        )
        for name in ("auth-service", "legacy-billing", "data-lake")
    }
    ended = {name: repo.ended(run_id, timeout=90) for name, run_id in runs.items()}
    results = {
        name: WorkerResult.model_validate_json(
            files_of(repo, run_id, "podium-result")["result.json"]
        )
        for name, run_id in runs.items()
    }
    artifacts = repo.get(f"/actions/runs/{runs['data-lake']}/artifacts")["artifacts"]

    assert {name: run["conclusion"] for name, run in ended.items()} == {
        "auth-service": "success",
        "legacy-billing": "success",
        "data-lake": "failure",
    }
    assert ended["auth-service"]["display_title"] == (
        f"security-scanner octo-org/auth-service [{DISPATCH_ID}]"
    )
    for name, result in results.items():
        assert (result.dispatch_id, result.run_id) == (DISPATCH_ID, runs[name])
        assert result.status == EXPECTED[name]["status"]
        assert result.outputs.get("by_rule") == EXPECTED[name]["by_rule"]
    assert [one["name"] for one in artifacts] == ["podium-result"]
    assert set(files_of(repo, runs["auth-service"], "sarif")) == {"results.sarif"}
    assert set(files_of(repo, runs["legacy-billing"], "sarif")) == {
        "results.sarif",
        "passed-along-1.sarif",
    }
