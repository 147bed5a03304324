"""Rules of routers: what an item is read for, and the program that asks them."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from temporalio import activity

from activities import matching
from activities.github import GitHub, NotFoundError
from activities.github.errors import told_to_temporal
from contracts import expressions
from contracts.events import labels_of, subject_of
from contracts.routing import Match, Matches, RouteItems
from contracts.runs import Item

MAX_TEXT = 20_000
"""Characters of a title or body that patterns are searched in."""
_MANY_LABELS = 20
"""So many labels an item tells; there may be more."""
_AT_ONCE = 5
_PROGRAM = Path(matching.__file__)
_PATIENCE_SECONDS = 45
"""For a program that gets no computing time at all."""
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH")


class RouteActivities:
    """`podium.route`: asks rules about items, and returns only what holds."""

    def __init__(self, github: GitHub) -> None:
        self._github = github

    @activity.defn(name="podium.route")
    async def route(self, ask: RouteItems) -> tuple[Matches, ...]:
        """Read what the rules need, and ask them; in the order of the items.

        Raises:
            ApplicationError: what GitHub's answers mean.
        """
        room = asyncio.Semaphore(_AT_ONCE)
        with told_to_temporal():
            read = await asyncio.gather(*(self._facts(ask, item, room) for item in ask.items))
        there = [facts for facts in read if facts is not None]
        found = iter(await asyncio.to_thread(answers, rules_of(ask), there, ask.match == "first"))
        return tuple(Matches(gone=True) if facts is None else next(found) for facts in read)

    async def _facts(
        self, ask: RouteItems, item: Item, room: asyncio.Semaphore
    ) -> matching.Facts | None:
        """Gather what the rules need; None for an issue that is gone."""
        event = ask.event
        try:
            async with room:
                subject = subject_of(event) if ask.from_event else None
                if subject is None:
                    subject = await self._subject(ask, item)
                    if ask.on_github:
                        event = {**event, "issue": subject}
                paths = await self._paths(ask, item)
        except NotFoundError:
            return None
        return facts_of(ask, item, subject, event, paths)

    async def _subject(self, ask: RouteItems, item: Item) -> dict[str, Any]:
        """An item tells its title and labels; for the rest an issue is read, once."""
        if not ask.on_github or not _needs_more(ask, item):
            return item.fields
        issues = self._github.issues
        return await self._github.call(issues.read, ask.repository, item.fields["number"])

    async def _paths(self, ask: RouteItems, item: Item) -> list[str]:
        pulls = ask.on_github and any(rule.when.paths for rule in ask.rules)
        if not pulls:
            return []
        issues = self._github.issues
        try:
            return await self._github.call(
                issues.changed_paths, ask.repository, item.fields["number"]
            )
        except NotFoundError:  # an issue changes no files
            return []


def _needs_more(ask: RouteItems, item: Item) -> bool:
    whens = [rule.when for rule in ask.rules]
    unsure = len(item.fields.get("labels") or ()) >= _MANY_LABELS
    return (
        any(when.body or when.author_association for when in whens)
        or any(path.startswith("event.issue.") for when in whens for path in when.fields)
        or (unsure and any(when.labels for when in whens))
    )


def facts_of(
    ask: RouteItems,
    item: Item,
    subject: Mapping[str, Any],
    event: Mapping[str, Any],
    paths: list[str],
) -> matching.Facts:
    """Put together what rules look at; a body that is null is empty text."""
    roots = {"item": item.fields, "event": event}
    asked = {path for rule in ask.rules for path in rule.when.fields}
    return {
        "labels": labels_of(subject),
        "author_association": str(subject.get("author_association") or ""),
        "title": str(subject.get("title") or "")[:MAX_TEXT],
        "body": str(subject.get("body") or "")[:MAX_TEXT],
        "paths": paths,
        "fields": {path: value for path in sorted(asked) for value in _values(path, roots)},
    }


def _values(path: str, roots: Mapping[str, Any]) -> list[Any]:
    try:
        return [expressions.resolve(path, roots)]
    except expressions.UnknownPathError:
        return []


def rules_of(ask: RouteItems) -> list[tuple[str, dict[str, Any]]]:
    """Spell the rules for the program."""
    return [(rule.route, rule.when.model_dump(mode="json", by_alias=False)) for rule in ask.rules]


def answers(rules: Sequence[Any], facts: Sequence[matching.Facts], first: bool) -> list[Matches]:  # noqa: FBT001 - run in a thread
    """Ask the rules about all items; an item that takes too long stops no other one."""
    found: list[Matches] = []
    while len(found) < len(facts):
        found += _run(rules, facts[len(found) :], first=first)
        if len(found) < len(facts):
            problem = f"the rules took longer than {matching.SECONDS:g} s of computing"
            found.append(Matches(problem=problem))
    return found


def _run(rules: Sequence[Any], facts: Sequence[matching.Facts], *, first: bool) -> list[Matches]:
    """Run the program once; it ends early where an item takes too long.

    Raises:
        RuntimeError: it failed otherwise.
        subprocess.TimeoutExpired: it got no computing time.
    """
    lines = [json.dumps({"rules": rules, "first": first}), *map(json.dumps, facts)]
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-S", "-W", "ignore", str(_PROGRAM)],
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_SECONDS,
        # Nothing of the Temporal Worker's own environment, which holds tokens.
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )
    if ended.returncode not in (0, -matching.TOO_LONG):
        raise RuntimeError(f"the rules could not be asked: {ended.stderr[-500:]}")
    return [
        Matches(
            found=tuple(Match(route=r, conditions=tuple(kinds)) for r, kinds in json.loads(one))
        )
        for one in ended.stdout.splitlines()
    ]
