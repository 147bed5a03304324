"""What `safe-outputs` may say, and which labels a worker may name."""

from typing import Any

import pytest

from contracts.markdown import fit
from contracts.orchestration import BadInputError, parse_spec
from contracts.specs.router import RouterSpec
from contracts.specs.safe_outputs import AddLabelsOutput, SafeOutputs

WORKER = {"workflow": "analyzer.yml", "inputs": {"item": "${{ item.number }}"}}


def spec(outputs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "test",
        "pattern": "orchestrator-worker",
        "repository": "octo-org/widgets",
        "for-each": {"source": "open-issues"},
        "worker": WORKER,
        "safe-outputs": outputs,
    }
    return base | changes


def refusal(data: dict[str, Any]) -> str:
    with pytest.raises(BadInputError) as refused:
        parse_spec(data)
    return str(refused.value)


def test_both_words_for_a_comment_mean_the_same() -> None:
    ours = parse_spec(spec({"create-comment": {"max": 7}}))
    theirs = parse_spec(spec({"add-comment": {"max": 7}}))

    assert ours == theirs
    assert ours.safe_outputs.create_comment is not None
    assert ours.safe_outputs.create_comment.max == 7
    both: dict[str, Any] = {"add-comment": {}, "create-comment": {}}
    assert "add-comment and create-comment are the same" in refusal(spec(both))


@pytest.mark.parametrize(
    ("outputs", "changes", "said"),
    [
        ({"create-isue": {}}, {}, "did you mean create-issue?"),
        ({"add-labels": {"from": "outputs.labels"}}, {}, "say what workers may name"),
        (
            {"add-labels": {"from": "outputs.labels", "allowed": ["bug"]}},
            {"worker": {**WORKER, "result": {"channels": ["comment"]}}},
            "can forge it",
        ),
        (
            {"close-issue": {"when": {"field": "outputs.done"}}},
            {"for-each": {"source": "list", "items": [1]}, "worker": {"workflow": "a.yml"}},
            "the items of this spec are none",
        ),
        ({"close-issue": {}}, {}, "safe-outputs.close-issue.when"),
        ({"create-issue": {"labels": ["x" * 51]}}, {}, "50 characters"),
        ({"create-issue": {"target-repo": "${{ item.x }}"}}, {}, "target-repo"),
    ],
)
def test_outputs_that_cannot_mean_anything_are_refused(
    outputs: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    assert said in refusal(spec(outputs, **changes))


def test_a_route_may_label_only_where_labels_may_be_added() -> None:
    route = {"worker": WORKER, "labels": ["triage"]}
    data = spec({}, pattern="router", routes={"all": route}, default="all")
    del data["worker"]

    assert "declare add-labels" in refusal(data)
    found = parse_spec({**data, "safe-outputs": {"add-labels": {}}})
    assert isinstance(found, RouterSpec)
    assert found.routes["all"].labels == ("triage",)


def test_labels_are_blocked_first_then_allowed_then_counted() -> None:
    leave = AddLabelsOutput(allowed=("area-*", "Bug"), blocked=("area-secret*",))

    good, bad = leave.sorted_out(["bug", "area-ui", "area-secrets", "bug", "wontfix", "x" * 60, ""])

    assert good == ("bug", "area-ui")
    assert bad["area-secrets"] == "blocked"
    assert bad["wontfix"] == "not allowed"
    assert "50 characters" in bad["x" * 60]
    assert "50 characters" in bad[""]


def test_a_label_that_looks_like_an_order_has_all_refused() -> None:
    good, bad = AddLabelsOutput(allowed=("*",)).sorted_out(["bug", "-bug"])

    assert good == ()
    assert set(bad) == {"bug", "-bug"}


def test_no_more_labels_than_fit_one_write() -> None:
    good, bad = AddLabelsOutput(allowed=("*",)).sorted_out(f"l{n}" for n in range(15))

    assert len(good) == 10
    assert len(bad) == 5


def test_every_output_is_off_unless_declared() -> None:
    assert SafeOutputs().model_dump(exclude_none=True) == {"staged": False}


TOLD = "(cut)"


def test_text_that_fits_stays_as_it_is() -> None:
    assert fit("a\nb", 3, TOLD) == "a\nb"


def test_a_table_is_cut_between_rows_and_what_was_open_is_closed() -> None:
    rows = "".join(f"| row {n} | {'x' * 30} |\n" for n in range(100))
    text = f"<details><summary>s</summary>\n\n| a | b |\n| --- | --- |\n{rows}"

    shown = fit(text, 1_500, TOLD)

    assert len(shown) <= 1_500
    body, closing = shown.split("\n\n</details>\n")
    assert all(line.endswith("|") for line in body.splitlines() if line.startswith("| row"))
    assert closing.strip() == TOLD


@pytest.mark.parametrize("fence", ["```", "~~~~", "  `````"])
def test_a_fence_is_closed_with_its_own_kind(fence: str) -> None:
    shown = fit(f"{fence}python\n" + "code\n" * 500, 900, TOLD)

    assert len(shown) <= 900
    assert shown.split()[-2:] == [fence.strip(), TOLD]


@pytest.mark.parametrize("text", ["x" * 2_000, "`" * 100 + "\nx\n" * 900, "<details>\n" * 900, ""])
@pytest.mark.parametrize("limit", [300, 1_000])
def test_what_cannot_be_cut_well_is_left_out(text: str, limit: int) -> None:
    shown = fit(text, limit, TOLD)

    assert len(shown) <= limit
    assert shown == text or shown.rstrip().endswith(TOLD)


def test_a_megabyte_of_anything_is_cut_in_time() -> None:
    for text in ("(" * 10**6, "<details>" * 10**5, "`\n" * 500_000, "``` `\n" * 160_000):
        assert len(fit(text, 65_536, TOLD)) <= 65_536
