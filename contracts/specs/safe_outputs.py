"""What an orchestration may write; what is not declared is refused."""

from pydantic import Field

from contracts.base import Written


class CreateIssueOutput(Written):
    """Leave to create issues."""

    max: int = Field(default=1, ge=0, le=100)
    labels: tuple[str, ...] = Field(default=(), max_length=10)


class CreateCommentOutput(Written):
    """Leave to comment on issues and pull requests of the spec's repository."""

    max: int = Field(default=1, ge=0, le=500)


class CreatePullRequestOutput(Written):
    """Leave to open pull requests, from branches that workers pushed."""

    max: int = Field(default=1, ge=0, le=10)
    draft: bool = False
    labels: tuple[str, ...] = Field(default=(), max_length=10)


class CodeScanningOutput(Written):
    """Leave to upload SARIF, each repository's own runs to that repository."""

    max: int = Field(default=1, ge=0, le=1_000)
    """Uploads, over all repositories."""


class SafeOutputs(Written):
    """All that an orchestration may write; what is not declared is refused."""

    create_issue: CreateIssueOutput | None = None
    create_comment: CreateCommentOutput | None = None
    create_pull_request: CreatePullRequestOutput | None = None
    create_code_scanning_alert: CodeScanningOutput | None = None
