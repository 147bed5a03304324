"""Whatever an artifact holds: what can be uploaded is read, everything else is named."""

import json
from typing import Any

import pytest

from activities.sarif import reading
from activities.sarif.reading import read_artifact
from tests.activities.sarif_samples import log, packed, read, result, run


def test_every_sarif_file_is_read_in_order_and_nothing_else() -> None:
    found = read_artifact(
        packed(b__sarif=log(run(name="two")), a__SARIF=log(run(name="one")), c__txt="x"), None
    )

    assert [one["tool"]["driver"]["name"] for one in found.runs] == ["one", "two"]
    assert found.files == ["a.SARIF", "b.sarif"]
    assert found.problems == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "no JSON"),
        (b"\xff\xfe{", "no JSON"),
        ('{"version": "2.1.0", "runs": [NaN]}', "NaN"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "version is None"),
        ('{"version": "2.0.0", "runs": []}', "version is '2.0.0'"),
        ('{"version": "2.1.0"}', "list of runs"),
        ('{"version": "2.1.0", "runs": []}', "no runs"),
        (log(7), "names no tool"),
        (log({"tool": {"driver": {"name": ""}}}), "names no tool"),
        (log({"tool": {"driver": {"name": "x"}}}), "no list of results"),
        (log(run(rules=[{}])), "rules with ids"),
        (log(run(result(message={}))), "result 1: it has no message"),
        (log(run(result(), result(locations=[]))), "result 2: it has no location"),
        (log(run(result(locations=[{}]))), "names no file"),
        (log(run(result(level="bad"))), "level is 'bad'"),
        (log(run(result(partialFingerprints={"x": 1}))), "partialFingerprints"),
    ],
)
def test_what_code_scanning_would_refuse_is_named_with_the_reason(
    content: str | bytes, reason: str
) -> None:
    found = read_artifact(packed(bad__sarif=content, good__sarif=log(run(result()))), None)

    assert len(found.runs) == 1
    ((file, said),) = found.problems
    assert file == "bad.sarif"
    assert reason in said


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"x" * 100])
def test_an_artifact_that_is_no_zip_is_named(content: bytes) -> None:
    assert "cannot be read" in read_artifact(content, None).problems[0][1]


def test_an_artifact_with_another_digest_is_not_believed() -> None:
    found = read_artifact(packed(a__sarif=log(run())), "sha256:" + "0" * 64)

    assert found.runs == []
    assert "digest" in found.problems[0][1]


def test_an_artifact_without_sarif_is_told() -> None:
    assert read_artifact(packed(a__txt="x"), None).problems == [
        ("", "the artifact holds no *.sarif file")
    ]


def test_large_files_and_many_files_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 500)
    monkeypatch.setattr(reading, "MAX_FILES", 2)
    files = {"a__sarif": log(run()), "b__sarif": " " * 501, "c__sarif": log(run())}
    found = read_artifact(packed(**files), None)

    assert found.files == ["a.sarif"]
    assert [file for file, _ in found.problems] == ["c.sarif", "b.sarif"]


def test_a_file_may_be_named_by_the_runs_own_list() -> None:
    by_index = {"physicalLocation": {"artifactLocation": {"index": 0}}}
    listed = run(result(locations=[by_index]), artifacts=[{"location": {"uri": "a.py"}}])
    unlisted = run(result(locations=[by_index]), artifacts=[])

    assert read(listed).problems == []
    assert "names no file" in read(unlisted).problems[0][1]


@pytest.mark.parametrize(
    "key", ["results", "tool", "automationDetails", "artifacts", "invocations"]
)
@pytest.mark.parametrize("odd", [None, 7, "x", [7], {"x": 7}, True])
def test_no_shape_of_a_run_breaks_the_reader(key: str, odd: Any) -> None:
    content = json.dumps({"version": "2.1.0", "runs": [{**run(result()), key: odd}]})
    found = read_artifact(packed(a__sarif=content), None)

    assert len(found.runs) + len(found.problems) == 1
