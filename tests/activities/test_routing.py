"""Rules of routers: a table of what holds, patterns that could take for ever, and X4's events."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities import matching, yaml12
from activities.routing import MAX_TEXT, RouteActivities, answers, facts_of
from contracts import patterns
from contracts.events import issue_fields, subject_of
from contracts.orchestration import BadInputError, parse_input, parse_spec
from contracts.routing import Match, Matches, RouteItems, Rule
from contracts.runs import Item
from contracts.specs.router import RouterSpec, When
from tests.fakes import FakeGitHub

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "issue-router"
EVENTS = {path.stem: json.loads(path.read_text()) for path in (EXAMPLE / "events").glob("*.json")}
EXPECTED = json.loads((EXAMPLE / "expected.json").read_text())

FACTS: matching.Facts = {
    "labels": ["Bug", "good first issue"],
    "author_association": "FIRST_TIMER",
    "title": "Build fails",
    "body": "It fails.\nSteps to reproduce: none",
    "paths": ["src/app/main.py", "README.md"],
    "fields": {"item.number": 7, "event.issue.locked": True, "event.action": "opened"},
}


@pytest.mark.parametrize(
    ("when", "held"),
    [
        ({"labels": ["bug"]}, True),
        ({"labels": ["wish", "GOOD FIRST ISSUE"]}, True),
        ({"labels": ["bu"]}, False),
        ({"title": "^build"}, True),
        ({"title": "build$"}, False),
        ({"body": "steps TO reproduce"}, True),
        ({"body": "^steps"}, False),
        ({"author_association": ["first_timer"]}, True),
        ({"author_association": ["NONE"]}, False),
        ({"paths": ["src/**/*.py"]}, True),
        ({"paths": ["**/main.py"]}, True),
        ({"paths": ["*.md"]}, True),
        ({"paths": ["*.py"]}, False),
        ({"paths": ["src/*.py"]}, False),
        ({"paths": ["src/**"]}, True),
        ({"fields": {"item.number": 7}}, True),
        ({"fields": {"item.number": "7"}}, False),
        ({"fields": {"event.issue.locked": 1}}, False),
        ({"fields": {"event.issue.closed": None}}, False),
        ({"fields": {"event.action": "opened", "item.number": 8}}, False),
        ({"labels": ["bug"], "title": "fails"}, True),
        ({"labels": ["bug"], "title": "works"}, False),
    ],
)
def test_all_conditions_that_a_rule_gives_must_hold(when: dict[str, Any], held: bool) -> None:
    assert (
        matching.holds(When.model_validate(when).model_dump(mode="json", by_alias=False), FACTS)
        is held
    )


def test_the_first_or_all_rules_answer_with_kinds_of_conditions() -> None:
    rules = [["a", {"title": "x"}], ["b", {"labels": ["bug"], "title": "b"}], ["c", {"body": "i"}]]

    assert list(matching.matching(rules, FACTS, first=True)) == [("b", ["labels", "title"])]
    assert [route for route, _ in matching.matching(rules, FACTS, first=False)] == ["b", "c"]


@given(st.text(alphabet="ab*?/.", min_size=1, max_size=12), st.text(alphabet="ab/.", max_size=12))
@settings(max_examples=300)
def test_globs_never_fail_and_one_without_wildcards_matches_itself_alone(
    glob: str, path: str
) -> None:
    matched = matching.matches_glob(path, glob)

    if not set(glob) & {"*", "?"}:
        assert matched == (path == glob)


CATASTROPHE = "^(a|a)*$"
"""Each letter can be read in two ways: 2^n ways; no repetition stands within another."""


def test_a_pattern_that_takes_for_ever_stops_neither_the_worker_nor_other_items() -> None:
    hostile = FACTS | {"title": "a" * MAX_TEXT + "!"}
    began = time.monotonic()

    found = answers([("x", {"title": CATASTROPHE}), ("y", {"title": "build"})], [FACTS, hostile, FACTS], True)  # fmt: skip  # noqa: FBT003

    assert patterns.problem(CATASTROPHE) == "", "the test would be vacuous"
    good = Matches(found=(Match(route="y", conditions=("title",)),))
    assert found == [good, Matches(problem="the rules took longer than 1 s of computing"), good]
    assert time.monotonic() - began < 30


async def test_meanwhile_the_worker_goes_on_with_everything_else() -> None:
    title = "a" * (MAX_TEXT - 1) + "!"
    event: dict[str, Any] = {"issue": {"number": 7, "title": title}}
    ask = RouteItems(
        repository="octo-org/widgets",
        rules=(Rule(route="x", when=When(title=CATASTROPHE)),),
        items=(Item(key="7", fields=issue_fields(event["issue"])),),
        on_github=True,
        event=event,
        from_event=True,
    )
    deciding = asyncio.create_task(RouteActivities(FakeGitHub()).route(ask))  # type: ignore[arg-type]
    ticks = 0
    while not deciding.done():
        await asyncio.sleep(0.05)
        ticks += 1

    (matches,) = await deciding
    assert matches.problem
    assert ticks >= 10


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", r"(?:\w+\s*)*x", "((a+)b)+", "(a{1,3}){2,}", r"([ab]*c?)*", "(?P<x>a*)+?"],
)
def test_a_repetition_within_a_repetition_is_refused(pattern: str) -> None:
    assert "a repetition within a repetition" in patterns.problem(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["", "(a|b)+", r"\(a+\)+", "[(+]+", r"(\d{4}-){2}", "(x*)?", r"(?<!not a )\bsec(?:a|b)+", "[]()*+]+"],
)  # fmt: skip
def test_other_patterns_are_taken(pattern: str) -> None:
    assert patterns.problem(pattern) == ""


@pytest.mark.filterwarnings("ignore:Possible")  # Python may change what nested sets mean
@given(st.text(alphabet="ab()[]{}*+?|\\^$.,12:<=!P", max_size=40))
@settings(max_examples=500)
def test_any_pattern_is_judged(pattern: str) -> None:
    assert isinstance(patterns.problem(pattern), str)


def listed(number: int, **more: Any) -> dict[str, Any]:
    return {"number": number, "title": "T", "labels": [], "created_at": "2026-01-01", **more}


@pytest.mark.parametrize(
    ("when", "more", "requests", "held"),
    [
        ({"title": "t"}, {}, 0, True),
        ({"labels": ["x"]}, {}, 0, False),
        ({"labels": ["x"]}, {"labels": [{"name": f"{n}"} for n in range(20)] + [{"name": "X"}]}, 1, True),
        ({"body": "words"}, {"body": "some words"}, 1, True),
        ({"author-association": ["OWNER"]}, {"author_association": "OWNER"}, 1, True),
        ({"fields": {"event.issue.state_reason": "reopened"}}, {"state_reason": "reopened"}, 1, True),
        ({"fields": {"item.number": 7}}, {}, 0, True),
        ({"paths": ["docs/**"]}, {}, 1, True),
        ({"paths": ["src/**"]}, {}, 1, False),
    ],
)  # fmt: skip
async def test_an_item_of_a_batch_is_read_only_as_far_as_the_rules_need(
    when: dict[str, Any], more: dict[str, Any], requests: int, held: bool
) -> None:
    one = listed(7, **more)
    github = FakeGitHub(open_issues=[one], changed={7: ["docs/a/b.md"]})
    ask = RouteItems(
        repository="octo-org/widgets",
        rules=(Rule(route="x", when=When.model_validate(when)),),
        items=(Item(key="7", fields=issue_fields(one)),),
        on_github=True,
    )

    (matches,) = await RouteActivities(github).route(ask)  # type: ignore[arg-type]

    assert github.requests == requests
    assert bool(matches.found) is held


def rules_of_x4() -> RouterSpec:
    data = yaml12.load((EXAMPLE / "orchestration.yml").read_text())
    spec = parse_spec(data)
    assert isinstance(spec, RouterSpec)
    return spec


def asked(spec: RouterSpec, event: dict[str, Any]) -> RouteItems:
    subject = subject_of(event)
    assert subject is not None
    return RouteItems(
        repository=spec.repository,
        rules=tuple(Rule(route=n, when=r.when) for n, r in spec.routes.items() if r.when),
        match=spec.match,
        items=(Item(key="1", fields=issue_fields(subject)),),
        on_github=True,
        event=event,
        from_event=True,
    )


@pytest.mark.covers("X4")
async def test_each_event_of_x4_goes_where_its_manifest_says() -> None:
    spec, github = rules_of_x4(), FakeGitHub()
    routes = {}
    for name, event in EVENTS.items():
        activities = RouteActivities(github)  # type: ignore[arg-type]
        (matches,) = await activities.route(asked(spec, event))
        routes[name] = matches.found[0].route if matches.found else spec.default

    assert routes == {name: told["route"] for name, told in EXPECTED.items()}
    assert github.requests == 0, "an event tells all that the rules need"


def test_the_order_of_routes_survives_json() -> None:
    spec = rules_of_x4()
    data = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)

    again = parse_spec(json.loads(json.dumps(data)))

    assert isinstance(again, RouterSpec)
    assert list(again.routes) == list(spec.routes)
    order = asked(spec, EVENTS["empty"])
    sent = RouteItems.model_validate_json(order.model_dump_json())
    assert [rule.route for rule in sent.rules] == [n for n, r in spec.routes.items() if r.when]


@pytest.mark.parametrize("subject", [{}, {"labels": 3, "title": None, "user": "x"}, {"labels": [None, 3, {}]}])  # fmt: skip
def test_odd_subjects_are_read_as_empty(subject: dict[str, Any]) -> None:
    ask = asked(rules_of_x4(), EVENTS["empty"])

    facts = facts_of(ask, ask.items[0], subject, {}, [])

    assert (facts["title"], facts["body"], facts["author_association"]) == ("", "", "")
    assert issue_fields({"number": 1, **subject})["title"] == ""


ROUTES: dict[str, Any] = {"a": {"when": {"title": "x"}, "worker": {"workflow": "w.yml"}}}
SPEC: dict[str, Any] = {
    "name": "r",
    "pattern": "router",
    "repository": "octo-org/widgets",
    "routes": ROUTES,
}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"routes": {"a": {"when": {"title": "(a+)+"}, "worker": ROUTES["a"]["worker"]}}}, "title: a repetition within"),
        ({"routes": {"a": {"when": {"title": "("}, "worker": ROUTES["a"]["worker"]}}}, "no regular expression"),
        ({"routes": {"a": {"when": {"title": ""}, "worker": ROUTES["a"]["worker"]}}}, "at least one condition"),
        ({"routes": {"a": {"when": {"fields": {"inputs.x": 1}}, "worker": ROUTES["a"]["worker"]}}}, "routes.a.when.fields"),
        ({"routes": {"a": {"when": {"fields": {"item.labls": 1}}, "worker": ROUTES["a"]["worker"]}}}, "did you mean item.labels?"),
        ({"routes": {"a": {"worker": ROUTES["a"]["worker"]}}}, "routes.a.when: add a rule"),
        ({"default": "b"}, "default: b is none of the routes (a)"),
        ({"classifier": {"worker": {"workflow": "c.yml"}}}, "the classifier decides"),
        ({"routes": {}}, "routes"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_spec_is_told_with_its_place(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadInputError) as refused:
        parse_spec(SPEC | changes)

    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "event", "problem"),
    [
        ({}, {}, "event: missing"),
        ({}, {"issue": {"title": "x"}}, "no issue or pull request with a number"),
        ({}, {"issue": {"number": "7"}}, "no issue or pull request with a number"),
        ({}, {"issue": {"number": 7}, "repository": {"full_name": "octo-org/other"}}, "is of octo-org/other"),
        ({"on": {"issues": {}}, "for-each": {"source": "open-issues"}}, {}, "event: missing"),
        ({}, {"issue": {"number": 7}, "repository": {"full_name": "Octo-Org/Widgets"}}, ""),
        ({}, {"pull_request": {"number": 7}}, ""),
        ({"for-each": {"source": "open-issues"}}, {}, ""),
    ],
)  # fmt: skip
def test_a_start_without_its_event_is_refused(
    changes: dict[str, Any], event: dict[str, Any], problem: str
) -> None:
    start = {"spec": SPEC | changes, "event": event}
    if not problem:
        assert parse_input((start,), RouterSpec).event == event
        return

    with pytest.raises(BadInputError) as refused:
        parse_input((start,), RouterSpec)

    assert problem in str(refused.value)


def test_a_router_that_needs_an_event_is_no_child() -> None:
    child = {"spec": SPEC}
    parent = {
        "name": "above",
        "pattern": "hierarchical",
        "repository": "octo-org/widgets",
        "phases": [{"name": "one", "orchestrations": {"r": child}}],
    }

    with pytest.raises(BadInputError, match=r"phases.0.orchestrations.r.spec: event: missing"):
        parse_spec(parent)
    child["spec"] = SPEC | {"for-each": {"source": "open-issues"}}
    assert parse_spec(parent).pattern == "hierarchical"
