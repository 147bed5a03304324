"""A merged file, read by a SARIF 2.1.0 implementation that is not ours."""

import gzip
import json
from typing import Any

from sarif_pydantic import Sarif  # type: ignore[import-untyped] # it ships no py.typed

from activities.sarif.preparing import files_of, log_of, prepare
from sandbox.sarif import results_in
from tests.activities.sarif_samples import read, result, run
from tests.activities.test_sarif_combining import random_run


def merged() -> list[bytes]:
    """Consolidated files of twelve repositories with runs of every kind."""
    parts = []
    for number in range(12):
        runs: list[dict[str, Any]] = [random_run(number), random_run(number + 500)]
        runs.append(run(result(), name="other", identity="x/"))
        parts += prepare(read(*runs), repository=f"octo-org/repo-{number}")
    packed = (log_of([part.content for part in file]) for file in files_of(parts))
    return [gzip.decompress(one) for one in packed]


def test_code_scanning_takes_merged_files_whole() -> None:
    documents = [json.loads(text) for text in merged()]
    ids = [one["automationDetails"]["id"] for doc in documents for one in doc["runs"]]

    assert [len(one["runs"]) for one in documents] == [20, 4]
    assert sum(map(results_in, documents)) == 12 * (8 + 8 + 1)
    assert len(set(ids)) == 24


def check_another_reads(text: str | bytes) -> None:
    """Have the other implementation find the same runs, with as many results."""
    read_by_other = Sarif.model_validate_json(text)
    runs = json.loads(text)["runs"]

    assert runs
    assert [len(one.results) for one in read_by_other.runs] == [len(one["results"]) for one in runs]
    assert [one.tool.driver.name for one in read_by_other.runs] == [
        one["tool"]["driver"]["name"] for one in runs
    ]


def test_another_implementation_reads_merged_files() -> None:
    for text in merged():
        check_another_reads(text)
