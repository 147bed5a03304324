"""State of reducers as plain data: bounded, and the same in whatever order results arrive."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.sarif import SarifSource, SarifUpload, Told

Key = tuple[float, int, int]
"""Where a row stands: rank, sequence of its item, position within the item."""


class CountsState(BaseModel):
    """How often each value occurred. Mutable."""

    model_config = ConfigDict(extra="ignore")

    values: dict[str, float] = Field(default_factory=dict)
    other: float = 0
    """Counts of values for which there is no room."""
    cut: str | None = None
    """The first value, in the order of text, that was counted as other."""


class OrderedState(BaseModel):
    """The first rows of all that arrived, in their order. Mutable."""

    model_config = ConfigDict(extra="ignore")

    rows: list[tuple[Key, Any]] = Field(default_factory=list)
    cut: Key | None = None
    """Rows from here on have no room."""
    bytes: int = 0
    """Of the rows."""
    total: int = 0
    """Rows that arrived."""


class ConsolidatedFile(BaseModel):
    """A consolidated file, and what became of it. Mutable."""

    model_config = ConfigDict(extra="ignore")

    upload: SarifUpload
    status: str = ""


class SarifState(BaseModel):
    """One SARIF reduction: what is to be read, what was counted and uploaded. Mutable."""

    model_config = ConfigDict(extra="ignore")

    sources: list[tuple[int, SarifSource]] = Field(default_factory=list)
    """With the sequences of their items."""
    sources_omitted: int = 0
    published: int = 0
    """Sources that are done with."""
    consolidated: int = 0
    """Sources that are in consolidated files, or hold nothing for one."""
    skip: int = 0
    commit_sha: str = ""
    ref: str = ""
    ended: bool = False
    runs: int = 0
    repositories: dict[str, list[int]] = Field(default_factory=dict)
    """Findings by severity, the worst first, of each repository."""
    rules: CountsState = Field(default_factory=CountsState)
    uploads: dict[str, int] = Field(default_factory=dict)
    """How many were `processed`, `failed`, `pending`, `refused`."""
    files: list[ConsolidatedFile] = Field(default_factory=list)
    problems: list[Told] = Field(default_factory=list)
    problems_total: int = 0
    notes: list[Told] = Field(default_factory=list)
    notes_total: int = 0


class MapReduceState(BaseModel):
    """What a map-reduce orchestration keeps besides its fleet. Mutable."""

    model_config = ConfigDict(extra="ignore")

    phase: Literal["map", "sarif", "workers"] = "map"
    counts: dict[str, CountsState] = Field(default_factory=dict)
    ordered: dict[str, OrderedState] = Field(default_factory=dict)
    """Tables and lists."""
    references: OrderedState = Field(default_factory=OrderedState)
    repositories: dict[str, dict[str, str]] = Field(default_factory=dict)
    """By SARIF reducer and item in flight: whose findings they are, unless the key says it."""
    sarif: dict[str, SarifState] = Field(default_factory=dict)
    workers: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """What became of each last worker."""
