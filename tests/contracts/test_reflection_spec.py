"""Specs of reflections, names of branches, and rules of rounds: what is refused, and how it is told."""

import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.branches import branch_name
from contracts.orchestration import BadInputError, parse_spec

SPEC: dict[str, Any] = {
    "name": "pages",
    "pattern": "reflection",
    "repository": "octo-org/widgets",
    "safe-outputs": {"create-pull-request": {}},
    "generator": {"workflow": "g.yml", "inputs": {"f": "${{ reflection.feedback }}"}},
    "critic": {"workflow": "c.yml", "inputs": {"b": "${{ draft.outputs.branch }}"}},
    "pull-request": {},
}
CONCLUSION = {"workflow": "w.yml", "result": {"channels": ["conclusion"]}}


def test_the_smallest_spec_has_the_defaults_of_the_documentation() -> None:
    spec = parse_spec(SPEC).model_dump(by_alias=True)

    assert (spec["threshold"], spec["max-score"], spec["max-iterations"]) == (8, 10, 3)
    assert (spec["score"], spec["feedback"]) == ("outputs.score", "outputs.feedback")
    assert spec["pull-request"]["branch"] == "outputs.branch"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"threshold": 11}, "threshold: at most max-score, which is 10"),
        ({"threshold": float("nan")}, "threshold"),
        ({"max-iterations": 21}, "max-iterations"),
        ({"max-iterations": 0}, "max-iterations"),
        ({"max-score": 0}, "max-score"),
        ({"score": "score"}, "score: string should match"),
        ({"critics": {}}, "unknown key"),
        ({"generator": CONCLUSION}, "generator.result.channels: a conclusion names no branch"),
        ({"critic": CONCLUSION}, "critic.result.channels: a conclusion is no score; add artifact"),
        ({"safe-outputs": {}}, "pull-request: declare create-pull-request in safe-outputs"),
        ({"pull-request": {"base": "a..b"}}, "'a..b' is no branch name that git takes"),
        ({"pull-request": {"base": "refs/heads/x"}}, "base: write x"),
        ({"pull-request": {"title": "${{ draft.summary }}"}}, "pull-request.title"),
        (
            {"generator": {"workflow": "g.yml", "inputs": {"f": "${{ draft.summary }}"}}},
            "generator.inputs.f: ${{ draft.summary }} is not known",
        ),
        (
            {"generator": {"workflow": "g.yml", "inputs": {"f": "${{ reflection.feed }}"}}},
            "did you mean reflection.feedback?",
        ),
        (
            {"critic": {"workflow": "c.yml", "inputs": {"b": "${{ draft.branch }}"}}},
            "critic.inputs.b: ${{ draft.branch }}: write draft.outputs.<name>, draft.status",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_fix(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadInputError) as refused:
        parse_spec(SPEC | changes)

    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("said", "name"),
    [("docs/x", "docs/x"), (" refs/heads/docs/x\n", "docs/x"), ("a.b-c_d@e", "a.b-c_d@e")],
)
def test_a_branch_is_taken_with_and_without_its_prefix(said: str, name: str) -> None:
    assert branch_name(said) == name


@pytest.mark.parametrize(
    "said",
    [
        *(None, 3, "", " ", [], "x" * 245, "é" * 123, "-x", "/x", "x/", "x//y", ".x", "x/.y", "x."),
        *(
            "x.lock",
            "x.lock/y",
            "x..y",
            "x y",
            "x\ny",
            "x~1",
            "x^",
            "x:y",
            "x?",
            "x*",
            "x[",
            "x\\y",
        ),
        *("@", "HEAD", "x@{1}", "x\x7fy", "refs/tags/x", "refs/heads/refs/heads/x", "\udcff"),
    ],
)
def test_what_is_no_branch_is_refused(said: Any) -> None:
    with pytest.raises(ValueError, match="branch"):
        branch_name(said)


@settings(max_examples=150)
@given(st.text(alphabet="ab./-@{~^: *\\[?k\x7fé", min_size=1, max_size=9))
def test_git_takes_every_name_that_passes(said: str) -> None:
    try:
        name = branch_name(said)
    except ValueError:
        return
    checked = subprocess.run(
        ["git", "check-ref-format", "--branch", name], capture_output=True, check=False
    )

    assert checked.returncode == 0, name
