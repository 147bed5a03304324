"""Messages about SARIF: where it is, and what became of it. Its content never travels here."""

from typing import Any

from pydantic import Field

from contracts.base import Sent

MAX_RULES_TOLD = 100
"""Rules of one artifact whose counts are told, the most frequent ones."""
MAX_TOLD = 20
"""Problems, and notes, told of one artifact or file."""


class SarifSource(Sent):
    """One worker's findings: the run that published them, and what they are about."""

    key: str
    """Of the item."""
    run_id: int
    repository: str
    """The findings' own."""
    commit_sha: str = ""
    ref: str = ""
    runs_in: str = ""
    """Repository of the run, if not the spec's."""
    apart: str = ""
    """Told in the category where several items are about one repository."""


class Told(Sent):
    """Something that people have to know about one file."""

    key: str = ""
    file: str = ""
    text: str


class Figures(Sent):
    """Counts of findings."""

    runs: int = 0
    findings: int = 0
    by_severity: dict[str, int] = Field(default_factory=dict)
    by_rule: dict[str, int] = Field(default_factory=dict)


class SarifUpload(Sent):
    """A file that GitHub has accepted, and may still be processing."""

    repository: str
    sarif_id: str
    url: str = ""
    runs: int = 0
    results: int = 0


class PublishSarif(Sent):
    """Upload one file of a worker's findings to the repository that they are about."""

    runs_in: str
    """Repository of the worker runs."""
    artifact: str
    source: SarifSource
    number: int = 0
    """Which of the files that the findings fill, from 0."""
    upload: bool = True
    """False only counts."""


class PublishedSarif(Sent):
    """What one artifact holds, and the upload where there was one."""

    figures: Figures = Figures()
    files: int = 0
    """Files that the findings fill; more than one is rare."""
    upload: SarifUpload | None = None
    problems: tuple[Told, ...] = ()
    problems_omitted: int = 0
    notes: tuple[Told, ...] = ()


class ConsolidateSarif(Sent):
    """Upload one file of several workers' findings to the home repository."""

    home: str
    """Where it goes, and where the worker runs are that tell no other place."""
    artifact: str
    sources: tuple[SarifSource, ...]
    """In order; as many of them as fill one file are used."""
    skip: int = 0
    """Runs of the first source that are in an earlier file."""
    commit_sha: str = ""
    """Head of the default branch; read where it is not known yet."""
    ref: str = ""


class ConsolidatedSarif(Sent):
    """What a consolidated file holds, and where the next one begins."""

    upload: SarifUpload | None = None
    used: int
    """Sources that are done with."""
    skip: int = 0
    """Runs of the next source that are in this file already."""
    commit_sha: str = ""
    ref: str = ""


class FollowSarif(Sent):
    """Ask what became of an upload."""

    repository: str
    sarif_id: str


class FollowedSarif(Sent):
    """What became of it."""

    complete: bool
    errors: tuple[str, ...] = ()


class SarifTotals(Sent):
    """One repository in the list of the worst."""

    repository: str
    findings: int
    by_severity: dict[str, int]

    @property
    def rank(self) -> tuple[Any, ...]:
        """The worst first; equal ones by name."""
        counts = (self.by_severity.get(name, 0) for name in ("critical", "high", "medium", "low"))
        return (*(-count for count in counts), self.repository)
