"""The lists on GitHub that items are made of, each with its order, filters and fields."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol

from activities.github import GitHub
from activities.github.client import Answer
from contracts.base import clip
from contracts.events import issue_fields
from contracts.runs import Item
from contracts.specs.sources import ForEach

_MAX_TOPICS = 20
_PAGE = 100


class Listing(Protocol):
    """A list whose elements are ordered by when they were created, and their number."""

    def page(self, number: int) -> Answer:
        """Read a page, from 1."""

    @property
    def number(self) -> str:
        """The key of an element's number."""

    def wanted(self, one: dict[str, Any], /) -> bool:
        """Whether an element is an item."""

    def item(self, one: dict[str, Any]) -> Item:
        """Make an item of an element."""


def place(listing: Listing, one: dict[str, Any]) -> tuple[str, int]:
    """Tell where an element stands: transferred issues keep their date and get a new number."""
    return str(one.get("created_at") or ""), int(one[listing.number])


def listing_of(for_each: ForEach, repository: str, github: GitHub) -> Listing:
    """Find the list that a spec's source means."""
    if for_each.source == "open-issues":
        return _Issues(repository, github)
    if for_each.source == "open-pull-requests":
        return _PullRequests(repository, github)
    if for_each.source == "organization-repositories":
        return _Repositories(for_each, github)
    if for_each.source == "installation-repositories":
        return _Installed(for_each, github, repository=repository)
    return _Files(for_each, repository, github)


@dataclass(frozen=True)
class _Issues:
    repository: str
    github: GitHub
    number: str = "number"

    def page(self, number: int) -> Answer:
        return self.github.issues.open_page(self.repository, number)

    def wanted(self, one: dict[str, Any]) -> bool:
        return "pull_request" not in one

    def item(self, one: dict[str, Any]) -> Item:
        return Item(key=str(one["number"]), fields=issue_fields(one))


@dataclass(frozen=True)
class _PullRequests:
    repository: str
    github: GitHub
    number: str = "number"

    def page(self, number: int) -> Answer:
        return self.github.repositories.open_pulls_page(self.repository, number)

    def wanted(self, _: dict[str, Any]) -> bool:
        return True

    def item(self, one: dict[str, Any]) -> Item:
        more = {
            "head": (one.get("head") or {}).get("ref") or "",
            "base": (one.get("base") or {}).get("ref") or "",
            "draft": bool(one.get("draft")),
        }
        return Item(key=str(one["number"]), fields={**issue_fields(one), **more})


@dataclass(frozen=True)
class _Repositories:
    for_each: ForEach
    github: GitHub
    number: str = "id"

    def page(self, number: int) -> Answer:
        return self.github.repositories.of_organization(self.for_each.organization, number)

    def wanted(self, one: dict[str, Any]) -> bool:
        asked = self.for_each
        visibility = one.get("visibility") or ("private" if one.get("private") else "public")
        return (
            (asked.archived or not one.get("archived"))
            and (asked.forks or not one.get("fork"))
            and asked.visibility in ("all", visibility)
            and set(asked.topics) <= set(one.get("topics") or ())
        )

    def item(self, one: dict[str, Any]) -> Item:
        fields = {
            "number": one["id"],
            "created_at": one.get("created_at") or "",
            "name": one["name"],
            "full_name": one["full_name"],
            "url": one.get("html_url") or "",
            "default_branch": one.get("default_branch") or "main",
            "visibility": one.get("visibility") or "",
            "archived": bool(one.get("archived")),
            "fork": bool(one.get("fork")),
            "topics": list(one.get("topics") or ())[:_MAX_TOPICS],
        }
        return Item(key=str(one["full_name"]), fields=fields)


@dataclass(frozen=True)
class _Installed(_Repositories):
    """What an App's installation sees, which GitHub gives in no order that it tells."""

    repository: str = field(kw_only=True)

    def page(self, number: int) -> Answer:
        organization = self.for_each.organization
        place = f"/orgs/{organization}" if organization else f"/repos/{self.repository}"
        return _cut(self.github.repositories.of_installation(place), number)


@dataclass(frozen=True)
class _Files:
    """Files of the default branch by a glob, in the order of their paths."""

    for_each: ForEach
    repository: str
    github: GitHub
    number: str = "number"

    def page(self, number: int) -> Answer:
        paths = self.github.repositories.files(self.repository)
        found = [path for path in sorted(paths) if _matches(path, self.for_each.pattern)]
        return _cut([{"number": n, "path": path} for n, path in enumerate(found, 1)], number)

    def wanted(self, _: dict[str, Any]) -> bool:
        return True

    def item(self, one: dict[str, Any]) -> Item:
        path = str(one["path"])
        fields = {"number": one["number"], "path": path, "name": path.rsplit("/", 1)[-1]}
        return Item(key=clip(path, 200), fields=fields)


def _cut(rows: list[dict[str, Any]], number: int) -> Answer:
    """Make a page of what was read whole."""
    end = number * _PAGE
    more = {"link": '<next>; rel="next"'} if len(rows) > end else {}
    return Answer(200, more, rows[end - _PAGE : end])


def _matches(path: str, pattern: str) -> bool:
    """`**/` is any depth, none included; `*` stays within a folder."""
    if "**/" in pattern:
        head, _, tail = pattern.partition("**/")
        if not path.startswith(head) and not fnmatchcase(path, head + "*"):
            return False
        rest = path[len(head) :].split("/")
        return any(_matches("/".join(rest[start:]), tail) for start in range(len(rest)))
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))
