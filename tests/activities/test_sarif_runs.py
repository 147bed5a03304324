"""Runs as they are uploaded: told apart, within limits, counted; what a result says stays."""

import gzip
import json
import random
from typing import Any

import pytest

from activities.sarif import preparing
from activities.sarif.figures import figures_of
from activities.sarif.preparing import files_of, log_of, prepare
from activities.sarif.reading import read_artifact
from activities.sarif.rules import Rules, level_of, severity_of
from sandbox.sarif import results_in
from tests.activities.sarif_samples import identity, log, packed, read, result, rule, run, runs_of


@pytest.mark.parametrize(
    ("own", "configured", "level"),
    [
        ({"level": "note"}, "error", "note"),
        ({}, "error", "error"),
        ({}, "", "warning"),
        ({"kind": "pass"}, "error", "none"),
    ],
)
def test_a_level_is_the_results_own_else_the_rules_else_warning(
    own: dict[str, Any], configured: str, level: str
) -> None:
    assert level_of(result(**own), rule("r1", configured)) == level


@pytest.mark.parametrize(
    ("score", "level", "severity"),
    [
        *(("9.0", "note", "critical"), ("8.9", "note", "high"), ("7.0", "note", "high")),
        *(("6.9", "note", "medium"), ("4.0", "note", "medium"), ("3.9", "error", "low")),
        *((None, "error", "high"), (None, "warning", "medium"), (None, "note", "low")),
        *(("0.0", "error", "high"), ("11", "error", "high"), ("x", "error", "high")),
        *((9.5, "note", "critical"), (True, "error", "high"), (None, "none", "low")),
    ],
)
def test_severity_is_the_rules_score_else_the_level(score: Any, level: str, severity: str) -> None:
    assert severity_of(result(level=level), rule("r1", "", score)) == severity


def with_extension() -> dict[str, Any]:
    made = run(rules=[rule("d0"), rule("d1", "error")])
    made["tool"]["extensions"] = [
        {"name": "pack", "guid": "g", "version": "1", "rules": [rule("e0"), rule("e1", "note")]}
    ]
    return dict(made)


@pytest.mark.parametrize(
    ("reference", "wanted"),
    [
        ({"ruleId": "d1"}, "d1"),
        ({"ruleId": ..., "ruleIndex": 1}, "d1"),
        ({"ruleId": "d1/part"}, "d1"),
        ({"ruleId": "e1", "rule": {"index": 1, "toolComponent": {"index": 0}}}, "e1"),
        ({"ruleId": "e1", "rule": {"toolComponent": {"name": "pack"}}}, "e1"),
        ({"ruleId": "e1", "rule": {"index": 1, "toolComponent": {"guid": "g"}}}, "e1"),
        ({"ruleId": "e0"}, "e0"),
        ({"ruleId": "d1", "ruleIndex": 9}, "d1"),
        ({"ruleId": "none"}, None),
        ({"ruleId": "d1", "rule": {"index": 0, "toolComponent": {"index": 7}}}, None),
    ],
)
def test_a_rule_is_found_by_index_component_or_name(
    reference: dict[str, Any], wanted: str | None
) -> None:
    found = Rules(with_extension()).of(result(**reference))

    assert (found or {}).get("id") == wanted


def test_findings_are_counted_by_severity_and_rule_and_passes_are_none() -> None:
    rules = [rule("bad", "error", "9.8"), rule("odd", "note")]
    made = run(result("bad"), result("bad"), result("odd"), result("bad", kind="pass"), rules=rules)
    figures = figures_of([made, run()])

    assert (figures.runs, figures.findings) == (2, 3)
    assert figures.by_severity == {"critical": 2, "high": 0, "medium": 0, "low": 1}
    assert figures.by_rule == {"bad": 2, "odd": 1}


def test_an_empty_run_is_kept_because_it_closes_alerts() -> None:
    (part,) = prepare(read(run(identity="scan/")))

    assert part.results == 0
    assert identity(json.loads(part.content)) == "scan/"


def test_tools_and_categories_stay_distinct() -> None:
    made = runs_of(
        prepare(read(run(name="a"), run(name="b"), run(name="a", identity="x/"), run(name="a")))
    )

    assert [(one["tool"]["driver"]["name"], identity(one)) for one in made] == [
        ("a", ""),
        ("b", ""),
        ("a", "x/"),
    ]


def test_a_repository_goes_before_categories_and_paths_where_runs_of_several_meet() -> None:
    absolute = result(uri="https://example.test/x.py")
    related: dict[str, Any] = {
        "relatedLocations": [{"physicalLocation": {"artifactLocation": {"uri": "./b.py"}}}]
    }
    (made,) = runs_of(
        prepare(read(run(result(**related), absolute, identity="scan/")), repository="o/r")
    )
    first, second = made["results"]

    assert identity(made) == "o/r/scan/"
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "o/r/src/a.py"
    related_to = first["relatedLocations"][0]["physicalLocation"]["artifactLocation"]
    assert related_to["uri"] == "o/r/b.py"
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].startswith("https")


def test_too_many_results_are_split_into_categories_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparing, "MAX_RESULTS", 3)
    monkeypatch.setattr(preparing, "SHOWN_RESULTS", 2)
    found = read(run(*(result(uri=f"{n}.py") for n in range(7)), identity="scan/night"))
    parts = prepare(found)

    assert [part.results for part in parts] == [3, 3, 1]
    assert [identity(one) for one in runs_of(parts)] == [
        "scan/night",
        "scan/part-2/night",
        "scan/part-3/night",
    ]
    assert any("GitHub keeps 2" in text for _, text in found.notes)
    assert any("split into runs of at most 3" in text for _, text in found.notes)


def test_runs_are_shared_out_by_number_and_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = prepare(read(*(run(name=f"tool{n}") for n in range(45))))
    assert [len(one) for one in files_of(parts)] == [20, 20, 5]

    monkeypatch.setattr(preparing, "MAX_GZIP_BYTES", 2 * parts[0].packed + 5)
    assert max(len(one) for one in files_of(parts)) == 2


def test_a_run_that_is_too_large_is_halved_until_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "MAX_GZIP_BYTES", 2_000)
    chance = random.Random(1)  # noqa: S311 - the same ones each time
    texts = ["".join(chance.choice("abcdefghij") for _ in range(500)) for _ in range(8)]
    large = run(*(result(message={"text": text}) for text in texts), identity="scan/")
    found = read(large)
    parts = prepare(found)
    made = runs_of(parts)

    assert [one["message"]["text"] for part in made for one in part["results"]] == texts
    assert all(part.packed <= 2_000 for part in parts)
    assert len({identity(one) for one in made}) == len(parts)
    assert results_in({"runs": made}) == len(texts)


def test_a_result_that_fits_nowhere_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "MAX_GZIP_BYTES", 100)
    found = read(run(result()))

    assert prepare(found) == []
    assert "cannot be split" in found.problems[0][1]


def test_missing_fingerprints_and_failed_scans_are_told_not_mended() -> None:
    failed = [{"executionSuccessful": False}]
    found = read(run(result(partialFingerprints=...), invocations=failed))
    (made,) = runs_of(prepare(found))

    assert "partialFingerprints" not in made["results"][0]
    assert "1 results have no primaryLocationLineHash" in found.notes[0][1]
    assert "its own execution failed" in found.notes[1][1]


def test_lists_that_code_scanning_cuts_are_cut_to_its_limits() -> None:
    tags = rule("r1", properties={"tags": [f"t{n}" for n in range(30)]})
    step: dict[str, Any] = {"location": {}}
    flows = [{"threadFlows": [{"locations": [step] * 9_000}]}] * 2
    many = result(locations=result()["locations"] * 1_200, codeFlows=flows)
    (made,) = runs_of(prepare(read(run(many, rules=[tags]))))

    assert len(made["results"][0]["locations"]) == 1_000
    assert len(made["tool"]["driver"]["rules"][0]["properties"]["tags"]) == 20
    steps = [t["locations"] for f in made["results"][0]["codeFlows"] for t in f["threadFlows"]]
    assert sum(map(len, steps)) <= 10_000


def test_the_same_runs_give_the_same_bytes() -> None:
    parts = [
        part.content for part in prepare(read(run(result()), run(result(), identity="other/")))
    ]

    assert log_of(parts) == log_of(parts)
    assert json.loads(gzip.decompress(log_of(parts)))["version"] == "2.1.0"


@pytest.mark.parametrize("key", ["codeFlows", "relatedLocations", "fixes", "properties", "rule"])
@pytest.mark.parametrize("odd", [7, "x", [7], {"index": "x"}, [[{}]]])
def test_no_shape_of_a_result_breaks_what_follows(key: str, odd: Any) -> None:
    found = read(run(result(), name="good"), run(result(**{key: odd}), name="odd"))
    parts = prepare(found, repository="o/r")
    figures_of(found.runs)

    assert runs_of(parts)[0]["tool"]["driver"]["name"] == "good"
    assert len(parts) + len(found.problems) >= 2


def test_several_files_of_one_artifact_are_one_upload() -> None:
    files = {"a__sarif": log(run(name="a")), "b__sarif": log(run(name="b"), run(name="c"))}
    assert len(files_of(prepare(read_artifact(packed(**files), None)))) == 1
