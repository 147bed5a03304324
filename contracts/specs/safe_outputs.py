"""What an orchestration may write; what is not declared is refused.

Words are gh-aw's where gh-aw has the same thing.
"""

import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from contracts import expressions
from contracts.base import Written, clip
from contracts.specs.gates import Approval
from contracts.specs.reporting import Condition, OutputPath

MAX_LABEL = 50
"""GitHub's limit on a label's name, in characters."""
MAX_LABELS = 10
"""Labels of one write, as in gh-aw."""

Label = Annotated[str, Field(min_length=1, max_length=MAX_LABEL)]
LabelGlob = Annotated[str, Field(min_length=1, max_length=MAX_LABEL)]
"""A label, or several by `*` and `?`."""
RepositoryGlob = Annotated[str, Field(pattern=r"^[A-Za-z0-9*?-]+/[A-Za-z0-9._*?-]+$")]
"""`owner/name`, or several as `owner/*`."""
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
GATE = "outputs"
"""Name of the gate at which people let an orchestration write."""
Prefix = Annotated[str, Field(max_length=100)]


class CreateIssueOutput(Written):
    """Leave to create issues; the report is one."""

    max: int = Field(default=1, ge=0, le=100)
    title_prefix: Prefix = ""
    labels: tuple[Label, ...] = Field(default=(), max_length=MAX_LABELS)
    target_repo: str = Field(default="", max_length=300)
    """Where, if not in the spec's repository; it may read `inputs`, `event` and `run`."""
    allowed_repos: tuple[RepositoryGlob, ...] = Field(default=(), max_length=50)
    """Repositories that `target-repo` may name, besides the spec's own."""

    def place(self, own: str, context: Mapping[str, Any]) -> str:
        """Say in which repository an issue is created.

        Args:
            own: the spec's repository.
            context: what `target-repo` may read.

        Raises:
            ValueError: it may not be created there, or `target-repo` reads what was not given.
        """
        if not self.target_repo:
            return own
        try:
            named = expressions.render(self.target_repo, context)
        except expressions.ExpressionError as error:
            raise ValueError(f"target-repo: {error}") from error
        known = named.lower() == own.lower() or matches(named, self.allowed_repos)
        if not known or not _REPOSITORY.fullmatch(named):
            raise ValueError(f"{clip(named, 100)} is not in allowed-repos")
        return named


class CreateCommentOutput(Written):
    """Leave to comment on issues and pull requests of the spec's repository."""

    max: int = Field(default=1, ge=0, le=500)


class CreatePullRequestOutput(Written):
    """Leave to open pull requests, from branches that workers pushed."""

    max: int = Field(default=1, ge=0, le=10)
    draft: bool = False
    title_prefix: Prefix = ""
    labels: tuple[Label, ...] = Field(default=(), max_length=MAX_LABELS)


class CodeScanningOutput(Written):
    """Leave to upload SARIF, each repository's own runs to that repository."""

    max: int = Field(default=1, ge=0, le=1_000)
    """Uploads, over all repositories."""
    allowed_repos: tuple[RepositoryGlob, ...] | None = Field(default=None, max_length=50)
    """Besides the spec's own; left out, every repository that an item or a result names."""


class AddLabelsOutput(Written):
    """Leave to label the issues and pull requests that the items are."""

    max: int = Field(default=5, ge=0, le=1_000)
    """Items that are labelled."""
    from_: OutputPath | None = Field(default=None, alias="from")
    """The field of a worker's outputs that names labels: one, or a list."""
    allowed: tuple[LabelGlob, ...] = Field(default=(), max_length=100)
    """What a worker may name; none of them where left out."""
    blocked: tuple[LabelGlob, ...] = Field(default=(), max_length=100)
    """What it may not name, also where it is allowed."""

    def sorted_out(self, asked: Iterable[str]) -> tuple[tuple[str, ...], dict[str, str]]:
        """Tell apart which labels may be added, and why others may not.

        One that begins with `-` has the whole list refused, as in gh-aw: it is an option or an
        order to take a label off, and so was the rest not meant as a list of labels.
        """
        names = list(dict.fromkeys(asked))
        if any(name.startswith("-") for name in names):
            return (), dict.fromkeys(names, "one of the labels begins with -")
        good: list[str] = []
        bad: dict[str, str] = {}
        for name in names:
            if not 0 < len(name) <= MAX_LABEL:
                bad[name] = f"not between 1 and {MAX_LABEL} characters"
            elif matches(name, self.blocked):
                bad[name] = "blocked"
            elif not matches(name, self.allowed):
                bad[name] = "not allowed"
            elif len(good) == MAX_LABELS:
                bad[name] = f"more than {MAX_LABELS} labels"
            else:
                good.append(name)
        return tuple(good), bad


class CloseIssueOutput(Written):
    """Leave to close the issues that the items are."""

    max: int = Field(default=1, ge=0, le=1_000)
    when: Condition
    """What a worker's result must say."""
    state_reason: Literal["completed", "not_planned"] = "completed"
    required_labels: tuple[Label, ...] = Field(default=(), max_length=MAX_LABELS)
    """An issue that lacks one stays open."""
    required_title_prefix: Prefix = ""


_ALIASES = {"add-comment": "create-comment"}
"""gh-aw's word, and the one that the rest of a spec's outputs are named like."""


def _with_aliases(schema: dict[str, Any]) -> None:
    for alias, name in _ALIASES.items():
        schema["properties"][alias] = schema["properties"][name]


class SafeOutputs(Written):
    """All that an orchestration may write; what is not declared is refused."""

    model_config = ConfigDict(json_schema_extra=_with_aliases)

    staged: bool = False
    """Preview all writes, and make none; dispatch only workers that cannot write either."""
    approval: Approval | None = None
    """Nothing of what is declared here is written before people let it, once for all of it."""
    create_issue: CreateIssueOutput | None = None
    create_comment: CreateCommentOutput | None = None
    create_pull_request: CreatePullRequestOutput | None = None
    create_code_scanning_alert: CodeScanningOutput | None = None
    add_labels: AddLabelsOutput | None = None
    close_issue: CloseIssueOutput | None = None

    @model_validator(mode="before")
    @classmethod
    def _aliases_mean_the_same(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        for alias, name in _ALIASES.items():
            if alias in data and name in data:
                raise ValueError(f"{alias} and {name} are the same; leave one out")
        return {_ALIASES.get(key, key): value for key, value in data.items()}

    @model_validator(mode="after")
    def _approval_is_a_yes_or_no(self) -> "SafeOutputs":
        if self.approval is not None and self.approval.choices:
            raise ValueError("approval.choices: outputs are written or not; leave the choices out")
        return self


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether a label or a repository is meant by one of the globs, whatever the case."""
    return any(fnmatchcase(name.lower(), glob.lower()) for glob in globs)
