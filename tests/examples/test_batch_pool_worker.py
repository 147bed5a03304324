"""The worker batch-processor: each good record's effect once, poison named, deaths by data alone."""

import importlib
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.names import RESULT_FILE
from contracts.worker import WorkerResult
from sandbox.launch import start_sandbox
from tests.examples.workbench import (
    RUN,
    Example,
    dispatched,
)
from tests.sandbox.conftest import Repo

X8 = Example("batch-pool")
SCRIPTS = X8.repository / ".github" / "scripts"
SCRIPT = SCRIPTS / "process_batch.py"

for folder in (X8.folder, X8.folder / "target", SCRIPTS):
    sys.path.insert(0, str(folder))
make_catalogue = importlib.import_module("make_catalogue")
effects_server = importlib.import_module("effects_server")
worker = importlib.import_module("process_batch")
effects = importlib.import_module("effects")
normalise = importlib.import_module("catalogue_record").normalise


@pytest.fixture
def target() -> Iterator[Any]:
    server = effects_server.EffectsServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class Bench:
    """Processes batches of a catalogue, in this process where nobody dies."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._url = url

    def stock(self, records: dict[str, Any]) -> list[str]:
        (self._folder / "catalogue").mkdir()
        (self._folder / "catalogue" / "records.json").write_text(json.dumps(records))
        return list(records)

    def _environment(self, items: Any, more: dict[str, str]) -> dict[str, str]:
        text = items if isinstance(items, str) else json.dumps(items)
        return RUN | {"ITEMS": text, "TARGET_URL": self._url} | more

    def process(self, items: Any, **more: str) -> WorkerResult:
        with self._monkeypatch.context() as patch:
            patch.chdir(self._folder)
            for name, value in self._environment(items, more).items():
                patch.setenv(name, value)
            code = worker.main()
        result = WorkerResult.model_validate_json((self._folder / RESULT_FILE).read_text())
        assert code == (1 if result.status == "failure" else 0)
        return X8.valid(result, "schemas/batch-result.json") if result.outputs else result

    def die(self, items: Any) -> bool:
        """Process in a process of its own; tell whether it ended without a result."""
        ended = subprocess.run(
            [sys.executable, str(SCRIPT)],
            cwd=self._folder,
            env=self._environment(items, {}),
            capture_output=True,
            timeout=60,
            check=False,
        )
        there = (self._folder / RESULT_FILE).exists()
        assert (ended.returncode == 70) is not there
        return not there


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: Any) -> Bench:
    monkeypatch.setattr(effects, "PAUSE_SECONDS", 0.0)
    return Bench(tmp_path, monkeypatch, target.url)


def test_good_records_leave_one_effect_each_and_poison_is_named(bench: Bench, target: Any) -> None:
    keys = bench.stock(make_catalogue.catalogue(100, poison=0.05))
    result = bench.process(keys)
    said = result.outputs["items"]
    bad = {key: reason for key, reason in said.items() if reason != "success"}

    assert (result.status, result.outputs["processed"], result.outputs["failed"]) == (
        "partial",
        95,
        5,
    )
    assert list(said) == keys
    assert sorted(bad.values()) == [
        "ean has a wrong check digit",
        "price is in an unknown currency",
        "price is out of bounds",
        "title must have 1 to 120 characters",
        "weight must be a number of g or kg",
    ]
    assert [error.code for error in result.errors] == ["bad-record"] * 5
    assert set(target.effects) == set(keys) - set(bad)


def test_the_same_batch_twice_doubles_nothing(bench: Bench, target: Any) -> None:
    keys = bench.stock(make_catalogue.catalogue(10, poison=0))

    assert bench.process(keys).outputs == bench.process(keys).outputs
    assert len(target.effects) == 10
    assert {effect.versions for effect in target.effects.values()} == {1}
    assert {effect.writes for effect in target.effects.values()} == {2}


def test_a_run_that_dies_half_way_dies_once_and_its_effects_stay(bench: Bench, target: Any) -> None:
    keys = bench.stock(make_catalogue.catalogue(10, poison=0, dies_once=1))

    assert bench.die(keys)
    assert 0 < len(target.effects) < 10
    assert not bench.die(keys)
    assert len(target.effects) == 10
    assert {effect.versions for effect in target.effects.values()} == {1}


def test_a_deadly_item_kills_each_batch_and_alone_no_other_is_hurt(
    bench: Bench, target: Any
) -> None:
    records = make_catalogue.catalogue(4, poison=0, dies_always=1)
    (deadly,) = (key for key, one in records.items() if one.get("drill") == "dies-always")
    keys = bench.stock(records)

    assert bench.die(keys)
    assert bench.die([deadly])
    assert bench.process([key for key in keys if key != deadly]).status == "success"
    assert deadly not in target.effects


@pytest.mark.parametrize(
    "item",
    [
        "W-0001",
        "1:W-0001",
        {"key": "W-0001"},
        {"value": "W-0001"},
        {"key": "1:W-0001"},
        {"key": "any", "value": "W-0001"},
    ],
)
def test_a_result_stands_under_the_key_that_was_given(bench: Bench, target: Any, item: Any) -> None:
    bench.stock(make_catalogue.catalogue(2, poison=0))
    key = item if isinstance(item, str) else item.get("key", "W-0001")

    assert bench.process([item]).outputs["items"] == {key: "success"}
    assert list(target.effects) == ["W-0001"]


def test_what_is_not_in_the_catalogue_or_no_record_fails_by_itself(bench: Bench) -> None:
    bench.stock({"W-0001": make_catalogue.good_record(1), "W-0002": ["x"]})
    said = bench.process(["W-0009", "W-0002", "W-0001"]).outputs["items"]

    assert said == {
        "W-0009": "is not in the catalogue",
        "W-0002": "is no record",
        "W-0001": "success",
    }


@pytest.mark.parametrize(
    "items",
    ["", "W-0001", "{}", "[]", "[null]", "[[" * 9_999, '[""]', json.dumps(["x"] * 501)],
)
def test_items_that_are_no_batch_are_refused(bench: Bench, items: str) -> None:
    result = bench.process(items)

    assert (result.status, [error.code for error in result.errors]) == ("failure", ["bad-input"])


@pytest.mark.parametrize("url", ["", "ftp://host", "file:///etc/passwd", "http://"])
def test_a_target_that_is_no_web_address_is_refused(bench: Bench, url: str) -> None:
    result = bench.process(["x"], TARGET_URL=url)

    assert [error.code for error in result.errors] == ["bad-input"]


def test_a_target_that_fails_ends_the_batch_and_no_item_is_blamed(
    bench: Bench, target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = bench.stock(make_catalogue.catalogue(3, poison=0))
    put = target.put
    monkeypatch.setattr(
        target, "put", lambda key, said: put(key, said) if key == keys[0] else 1 / 0
    )
    monkeypatch.setattr(target, "handle_error", lambda *_: None)
    result = bench.process(keys)

    assert (result.status, [error.code for error in result.errors]) == ("failure", ["target"])
    assert result.outputs == {"items": {keys[0]: "success"}, "processed": 1, "failed": 0}
    assert "2 of 3 items are left" in result.summary


def test_spellings_of_one_thing_become_one() -> None:
    one = {
        "title": " Wall  plug ",
        "ean": "4 000000 000044",
        "price": "12,5 EUR",
        "weight": "1,2 kg",
    }
    other = {
        "title": "Wall plug",
        "ean": "4000000000044",
        "price": "EUR 12.50",
        "weight": "1200g",
        "drill": "dies-once",
    }

    assert normalise(one) == normalise(other)
    assert normalise(one)["price_cents"] == 1_250


def test_the_target_shows_what_was_written_and_refuses_what_is_no_effect(target: Any) -> None:
    def ask(method: str, path: str, body: bytes | None = None) -> int:
        request = urllib.request.Request(target.url + path, body, method=method)  # noqa: S310 - our own
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    assert [ask("PUT", "/effects/a%2Fb", b"1"), ask("PUT", "/effects/a%2Fb", b"2")] == [201, 200]
    assert [ask("GET", "/effects"), ask("GET", "/effects/a%2Fb")] == [200, 200]
    assert target.effects["a/b"].versions == 2
    assert ask("GET", "/effects/c") == 404
    assert ask("PUT", "/effects/", b"1") == 404
    assert ask("PUT", "/effects/c", b"no") == 400
    assert ask("PUT", "/effects/c", b"x" * 70_000) == 413


def test_the_workflow_file_runs_dies_without_a_result_and_then_succeeds(
    tmp_path: Path, target: Any
) -> None:
    make_catalogue.write(tmp_path / "copy", make_catalogue.catalogue(20, dies_once=1))
    items = json.dumps([make_catalogue.key_of(number) for number in range(1, 21)])
    with start_sandbox(
        mode="act", runners=2, repositories={"octo-org/widgets": tmp_path / "copy" / "repository"}
    ) as sandbox:
        repo = Repo(sandbox, "octo-org/widgets")
        inputs = {"items": items, "target_url": target.url}
        dead = repo.dispatch("batch-processor.yml", **inputs)
        conclusion = repo.ended(dead)["conclusion"]
        there = repo.get(f"/actions/runs/{dead}/artifacts")["artifacts"]
        again, result = dispatched(repo, "batch-processor.yml", **inputs)

    assert (conclusion, there) == ("failure", [])
    assert (again, result.status) == ("success", "partial")
    assert (result.outputs["processed"], result.outputs["failed"]) == (19, 1)
    assert len(target.effects) == 19
    assert {effect.versions for effect in target.effects.values()} == {1}
