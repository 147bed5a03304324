"""One worker per input; the results are reduced to a few figures, tables or files."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.base import Written
from contracts.specs.common import Spec, check, check_trusted, check_worker
from contracts.specs.placing import check_place
from contracts.specs.reporting import OutputPath
from contracts.specs.sources import ForEach
from contracts.specs.worker import PlacedWorkerSpec, WorkerName, WorkerSpec


class CountsReducer(Written):
    """How often each value of an output occurs; numbers are added up by name of object keys."""

    reducer: Literal["counts"]
    field: OutputPath


class TableReducer(Written):
    """A table with one row per input, ordered by one of its columns."""

    reducer: Literal["table"]
    columns: dict[str, OutputPath] = Field(min_length=1, max_length=6)
    order_by: str = ""
    """A heading; the largest first. The order of the inputs where left out."""
    limit: int = Field(default=50, ge=1, le=200)


class ConcatReducer(Written):
    """Texts or lists of an output, one after the other, in the order of the inputs."""

    reducer: Literal["concat"]
    field: OutputPath
    max_items: int = Field(default=200, ge=1, le=1_000)


class SarifReducer(Written):
    """SARIF files of the workers, merged and uploaded."""

    reducer: Literal["sarif"]
    artifact: str = Field(default="sarif", pattern=r"^[\w.-]{1,100}$")
    """Name of the artifact; every `*.sarif` file in it counts."""
    repository: str = "${{ item.full_name }}"
    """The repository that a worker's findings belong to, and are uploaded to."""


class WorkerReducer(Written):
    """A last worker that gets the references of all results: `${{ results.references }}`."""

    reducer: Literal["worker"]
    worker: WorkerSpec


Reducer = Annotated[
    CountsReducer | TableReducer | ConcatReducer | SarifReducer | WorkerReducer,
    Field(discriminator="reducer"),
]


class MapReduceSpec(Spec):
    """The spec of pattern `map-reduce`."""

    pattern: Literal["map-reduce"]
    for_each: ForEach
    worker: PlacedWorkerSpec
    reduce: dict[WorkerName, Reducer] = Field(min_length=1, max_length=10)

    @model_validator(mode="after")
    def _expressions_are_known(self) -> "MapReduceSpec":
        roots = self.roots(item=self.for_each.fields)
        check_worker("worker", self.worker, roots)
        check_place("worker", self.worker, self.for_each, roots)
        for name, reducer in self.reduce.items():
            if isinstance(reducer, WorkerReducer):
                results = self.roots(results=("references", "count", "counts"))
                check_worker(f"reduce.{name}.worker", reducer.worker, results)
                check_trusted("worker", self.worker, f"reduce.{name} hands the results on")
            if isinstance(reducer, SarifReducer):
                check(f"reduce.{name}.repository", reducer.repository, roots)
            if isinstance(reducer, TableReducer) and reducer.order_by not in ("", *reducer.columns):
                known = ", ".join(reducer.columns)
                raise ValueError(f"reduce.{name}.order-by: none of the columns ({known})")
        return self
