"""The files of X8: the catalogue that is made, the spec over it, and the worker's own file."""

import ast
import importlib
import sys
from pathlib import Path
from typing import Any

from contracts.specs.worker_pool import WorkerPoolSpec
from contracts.worker import build_request
from tests.examples.workbench import DISPATCH_ID, Example, check_worker_file, rendered

X8 = Example("batch-pool")
SCRIPTS = X8.repository / ".github" / "scripts"

sys.path[:0] = [str(X8.folder), str(SCRIPTS)]
make_catalogue = importlib.import_module("make_catalogue")
normalise = importlib.import_module("catalogue_record").normalise


def test_the_committed_catalogue_is_what_the_script_makes(tmp_path: Path) -> None:
    make_catalogue.write(tmp_path, make_catalogue.catalogue(40, dies_once=2))

    for path in (make_catalogue.SPEC, make_catalogue.RECORDS):
        assert (tmp_path / path).read_text() == (X8.folder / path).read_text()


def test_a_thousand_items_are_made_with_five_percent_of_poison(tmp_path: Path) -> None:
    records = make_catalogue.catalogue(1_000, 0.05, dies_once=10, dies_always=2)
    make_catalogue.write(tmp_path, records)
    spec = WorkerPoolSpec.model_validate(
        make_catalogue_spec(tmp_path), by_alias=True, by_name=False
    )
    bad = [key for key, one in records.items() if not is_good(one)]

    assert (len(spec.for_each.items), len(bad)) == (1_000, 50)
    drills = [one["drill"] for one in records.values() if "drill" in one]
    assert (drills.count("dies-once"), drills.count("dies-always")) == (10, 2)


def is_good(record: Any) -> bool:
    """Whether the worker's rules take a record."""
    try:
        normalise(record)
    except ValueError:
        return False
    return True


def make_catalogue_spec(folder: Path) -> Any:
    """Read the spec that was made in a folder."""
    made = Example("batch-pool")
    made.folder = folder
    return made.spec()


def test_the_spec_gives_the_worker_what_it_declares() -> None:
    spec = WorkerPoolSpec.model_validate(X8.spec(), by_alias=True, by_name=False)
    batch = {"items": [{"key": str(key)} for key in spec.for_each.items], "attempt": 1}
    context = {"batch": batch, "inputs": {"target_url": "http://127.0.0.1:8970"}}

    build_request(
        X8.declaration(spec.worker.workflow),
        rendered(spec.worker, context),
        repository=spec.repository,
        ref="main",
        dispatch_id=DISPATCH_ID,
    )
    assert spec.worker.result.schema_ == "schemas/batch-result.json"
    assert X8.schema(spec.worker.result.schema_)["required"] == ["items", "processed", "failed"]


def test_the_worker_asks_for_little_and_publishes_whatever_happened() -> None:
    check_worker_file(X8.workflow("batch-processor.yml"), {"contents": "read"})


def test_all_is_written_for_python_3_9_and_the_standard_library() -> None:
    own = {path.stem for path in SCRIPTS.glob("*.py")}

    for path in [*SCRIPTS.glob("*.py"), *X8.folder.glob("*.py"), *X8.folder.glob("target/*.py")]:
        tree = ast.parse(path.read_text(), feature_version=(3, 9))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | own
