"""Where items come from."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, model_validator

from contracts.base import Written

ISSUE_FIELDS = ("number", "title", "url", "author", "labels", "created_at", "updated_at")
"""What `${{ item.* }}` knows of an issue or a pull request."""
PULL_REQUEST_FIELDS = (*ISSUE_FIELDS, "head", "base", "draft")
REPOSITORY_FIELDS = (
    *("name", "full_name", "url", "default_branch", "visibility", "archived", "fork", "topics"),
)
FILE_FIELDS = ("path", "name")

Source = Literal[
    "open-issues",
    "open-pull-requests",
    "organization-repositories",
    "installation-repositories",
    "files",
    "matrix",
    "list",
]
LISTED = ("organization-repositories", "installation-repositories")
"""Sources whose items are repositories, as GitHub itself names them."""
_REPOSITORY_KEYS = ("organization", "topics", "archived", "forks", "visibility")
_KEYS: dict[str, tuple[str, ...]] = {
    "open-issues": (),
    "open-pull-requests": (),
    "organization-repositories": _REPOSITORY_KEYS,
    "installation-repositories": _REPOSITORY_KEYS,
    "files": ("pattern",),
    "matrix": ("matrix",),
    "list": ("items",),
}
"""Keys that belong to some sources only; the first of each is required."""
_NEEDS_NO_KEY = ("installation-repositories",)
_MAX_CELLS = 10_000


class ForEach(Written):
    """Where items come from."""

    source: Source
    limit: int = Field(default=500, ge=1, le=10_000)
    """What lies beyond is counted in the report."""
    items: tuple[str | int | dict[str, Any], ...] = Field(default=(), max_length=1_000)
    """For `list`: texts and numbers are read as `${{ item.value }}`, objects by their keys."""
    matrix: dict[str, tuple[str | int, ...]] = Field(default_factory=dict, max_length=10)
    """For `matrix`: every combination of the values is an item."""
    pattern: str = Field(default="", max_length=200)
    """For `files`: a glob such as `src/**/*.py`, at the default branch."""
    organization: str = Field(default="", pattern=r"^([A-Za-z0-9][A-Za-z0-9-]*)?$")
    """For `installation-repositories` the owner of `repository`, where none is given."""
    topics: tuple[str, ...] = Field(default=(), max_length=20)
    """Repositories that have all of these."""
    archived: bool = False
    forks: bool = False
    visibility: Literal["all", "public", "private", "internal"] = "all"

    @model_validator(mode="after")
    def _keys_belong_to_the_source(self) -> "ForEach":
        own = _KEYS[self.source]
        if own and self.source not in _NEEDS_NO_KEY and not getattr(self, own[0]):
            raise ValueError(f"source: {self.source} needs {own[0]}")
        for source, keys in _KEYS.items():
            foreign = [key for key in keys if key not in own and self._is_given(key)]
            if foreign:
                raise ValueError(f"{foreign[0]} belongs to source: {source}, not to {self.source}")
        cells = 1
        for values in self.matrix.values():
            cells *= len(values)
        if self.matrix and not 1 <= cells <= _MAX_CELLS:
            raise ValueError(f"matrix: {cells} combinations; give 1 to {_MAX_CELLS}")
        return self

    def _is_given(self, key: str) -> bool:
        default = type(self).model_fields[key].get_default(call_default_factory=True)
        return bool(getattr(self, key) != default)

    @property
    def fields(self) -> Iterable[str] | None:
        """What `${{ item.* }}` knows; None where that depends on the items."""
        known: dict[str, Iterable[str] | None] = {
            "open-issues": ISSUE_FIELDS,
            "open-pull-requests": PULL_REQUEST_FIELDS,
            "organization-repositories": REPOSITORY_FIELDS,
            "installation-repositories": REPOSITORY_FIELDS,
            "files": FILE_FIELDS,
            "matrix": self.matrix,
            "list": None,
        }
        return known[self.source]
