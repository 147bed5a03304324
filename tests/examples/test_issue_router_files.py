"""The files of X4 fit together: both specs, six workers, the agentic one, events and routes."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from activities import yaml12
from activities.workers import parse_worker
from contracts import expressions
from contracts.names import RESULT_ARTIFACT, RESULT_FILE
from contracts.specs.router import RouterSpec, When
from contracts.specs.worker import WorkerSpec
from contracts.worker import WorkerResult, request_problems

EXAMPLE = Path(__file__).parents[2] / "examples" / "issue-router"
WORKFLOWS = EXAMPLE / "repository" / ".github" / "workflows"
EVENTS = {path.stem: json.loads(path.read_text()) for path in (EXAMPLE / "events").glob("*.json")}
EXPECTED = json.loads((EXAMPLE / "expected.json").read_text())
PLAIN = sorted(path.name for path in WORKFLOWS.glob("*.yml"))


def load(name: str) -> RouterSpec:
    data = yaml12.load((EXAMPLE / name).read_text())
    return RouterSpec.model_validate(data, by_alias=True, by_name=False)


def workers_of(spec: RouterSpec) -> list[WorkerSpec]:
    found = [route.worker for route in spec.routes.values()]
    return [*found, spec.classifier.worker] if spec.classifier else found


@pytest.fixture(params=["orchestration.yml", "classified.yml"])
def spec(request: pytest.FixtureRequest) -> RouterSpec:
    return load(request.param)


def test_each_worker_exists_and_takes_what_the_spec_gives(spec: RouterSpec) -> None:
    for worker in workers_of(spec):
        declared = parse_worker(worker.workflow, (WORKFLOWS / worker.workflow).read_text())
        context = {"item": {"number": 12}}
        inputs = {n: expressions.render(str(t), context) for n, t in worker.inputs.items()}

        assert declared.correlated
        assert request_problems(declared, inputs | {"dispatch_id": "pd-1"}) == []
        assert request_problems(declared, {}) != []
        assert (EXAMPLE / str(worker.result.schema_)).is_file()


def test_the_specs_use_every_worker() -> None:
    used = {
        w.workflow
        for name in ("orchestration.yml", "classified.yml")
        for w in workers_of(load(name))
    }

    assert used == set(PLAIN)


def test_the_classifier_may_name_exactly_the_routes() -> None:
    schema = json.loads((EXAMPLE / "schemas" / "issue-classifier.json").read_text())

    assert set(schema["properties"]["route"]["enum"]) == set(load("classified.yml").routes)


def holds(when: When, issue: dict[str, Any]) -> bool:
    """Read a rule as `When` documents it, in a few lines of this test's own."""
    labels = {label["name"] for label in issue["labels"]}
    met = [
        not when.labels or bool(labels & set(when.labels)),
        bool(re.search(when.title, issue["title"], re.IGNORECASE)),
        bool(re.search(when.body, issue["body"] or "", re.IGNORECASE)),
        not when.author_association or issue["author_association"] in when.author_association,
    ]
    return all(met)


@pytest.mark.parametrize("event", sorted(EVENTS))
def test_the_rules_send_each_event_where_a_reader_would(event: str) -> None:
    spec, issue = load("orchestration.yml"), EVENTS[event]["issue"]
    matched = (name for name, r in spec.routes.items() if r.when and holds(r.when, issue))
    route = next(matched, str(spec.default))

    assert route == EXPECTED[event]["route"]
    assert spec.routes[route].worker.workflow == EXPECTED[event]["worker"]


def test_the_manifest_names_every_event_and_the_events_reach_every_worker() -> None:
    workers = {told["worker"] for told in EXPECTED.values()}

    assert set(EXPECTED) == set(EVENTS)
    assert workers == set(PLAIN) - {"issue-classifier.yml"}


@pytest.mark.parametrize("name", PLAIN)
def test_each_worker_reads_only_is_bounded_and_publishes_whatever_happened(name: str) -> None:
    text = (WORKFLOWS / name).read_text()
    plain = yaml12.load(text)
    (job,) = plain["jobs"].values()
    steps = job["steps"]

    assert text.startswith("# One worker, one job: ")
    assert plain["name"] == name.removesuffix(".yml")
    assert plain["permissions"] == {"contents": "read", "issues": "read"}
    assert job["timeout-minutes"] <= 10
    assert not [step for step in steps if "${{" in step.get("run", "")]
    assert all(
        re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", s["uses"]) for s in steps if "uses" in s
    )
    assert steps[-1]["if"] == "always()"
    assert steps[-1]["with"]["name"] == RESULT_ARTIFACT
    assert steps[-1]["with"]["path"] == RESULT_FILE


@pytest.fixture
def agent() -> tuple[dict[str, Any], str]:
    """Frontmatter and prompt of the agentic worker."""
    text = (WORKFLOWS / "bug-triage-agent.md").read_text()
    _, frontmatter, prompt = text.split("---\n", 2)
    return yaml12.load(frontmatter), prompt


def test_the_agentic_worker_has_the_contract_of_the_plain_one(
    agent: tuple[dict[str, Any], str],
) -> None:
    frontmatter, prompt = agent
    plain = yaml12.load((WORKFLOWS / "bug-triage.yml").read_text())
    schema = json.loads((EXAMPLE / "schemas" / "bug-triage.json").read_text())
    (block,) = re.findall(r"^```json\n(.*?)^```$", prompt, re.MULTILINE | re.DOTALL)
    publish, own = frontmatter["post-steps"][1], plain["jobs"]["work"]["steps"][-1]
    words = [
        word
        for key in ("missing", "suggested_labels")
        for word in schema["properties"][key]["items"]["enum"]
    ]

    assert frontmatter["on"] == plain["on"]
    assert frontmatter["run-name"] == plain["run-name"]
    assert frontmatter["permissions"] == plain["permissions"]
    assert "safe-outputs" not in frontmatter, "it writes nothing to GitHub"
    assert (publish["uses"], publish["with"]) == (own["uses"], own["with"])
    assert list(json.loads(block)) == schema["required"]
    assert not [word for word in words if f"`{word}`" not in prompt]
    assert "inputs.issue_number" in frontmatter["concurrency"]["group"]
    assert set(re.findall(r"\$\{\{ (.*?) \}\}", prompt)) == {
        "inputs.issue_number",
        "github.repository",
    }


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ('{"issue_number": 7, "title": "`$(x)` \\" ; rm"}', "success"),
        (None, "failure"),
        ("", "failure"),
        ("{", "failure"),
        ("[]", "failure"),
        ("{} {}", "failure"),
    ],
)
def test_what_the_agent_leaves_is_wrapped_as_data_or_told_as_a_failure(
    agent: tuple[dict[str, Any], str], written: str | None, status: str, tmp_path: Path
) -> None:
    wrap, _, end = agent[0]["post-steps"]
    outputs = tmp_path / "outputs.json"
    if written is not None:
        outputs.write_text(written)
    given = {"PATH": os.environ["PATH"], "DISPATCH_ID": "pd-1 '\"$(id)", "OUTPUTS": str(outputs)}
    given |= {"GITHUB_RUN_ID": "26000000042", "GITHUB_RUN_ATTEMPT": "2"}

    def shell(script: str) -> int:
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(
            command, cwd=tmp_path, env=given, check=False, capture_output=True, timeout=20
        ).returncode

    assert "${{" not in wrap["run"] + end["run"]
    assert shell(wrap["run"]) == 0
    result = WorkerResult.model_validate_json((tmp_path / "result.json").read_text())
    assert (result.status, result.dispatch_id, result.run_attempt) == (
        status,
        "pd-1 '\"$(id)",
        2,
    )
    assert result.outputs == (json.loads(written) if status == "success" and written else {})
    assert (shell(end["run"]) == 0) == (status == "success")
