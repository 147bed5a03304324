"""Runs put together as one: no result says anything else than before."""

import random
from typing import Any

import pytest

from activities.sarif.combining import combine
from activities.sarif.preparing import prepare
from activities.sarif.rules import Rules, level_of
from sandbox.sarif import results_in
from tests.activities.sarif_samples import identity, read, result, rule, run, runs_of


def told(one: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What results mean, however it is spelled."""
    rules, said = Rules(one), []
    for single in one["results"]:
        found = rules.of(single)
        place = single["locations"][0]["physicalLocation"]["artifactLocation"]
        if "index" in place:
            place = {**one["artifacts"][place["index"]]["location"], **place}
        named = single.get("ruleId") or (found or {}).get("id")
        said.append((named, level_of(single, found), (found or {}).get("id"), place["uri"]))
    return said


def random_run(seed: int, identity: str = "scan/") -> dict[str, Any]:
    """A run with rules in driver and extensions, pointed to in all the ways there are."""
    chance = random.Random(seed)  # noqa: S311 - the same ones each time
    names = [f"r{n}" for n in range(6)]
    chance.shuffle(names)
    rules = [rule(name, chance.choice(["error", "note", ""])) for name in names[:3]]
    packs: list[dict[str, Any]] = [
        {"name": f"pack{n}", "version": "1", "rules": [rule(f"x{n}{k}", "note") for k in range(2)]}
        for n in chance.sample(range(3), 2)
    ]
    results = []
    for _ in range(8):
        index, pack = chance.randrange(3), chance.randrange(2)
        part = {"id": packs[pack]["rules"][1]["id"], "index": 1, "toolComponent": {"index": pack}}
        ways: list[dict[str, Any]] = [
            {"ruleId": rules[index]["id"], "ruleIndex": index},
            {"ruleId": ..., "ruleIndex": index},
            {"ruleId": rules[index]["id"]},
            {"ruleId": part["id"], "rule": part},
            {"ruleId": "unheard-of", "ruleIndex": -1},
        ]
        more: dict[str, Any] = {} if chance.random() < 0.5 else {"level": "warning"}
        where = {"physicalLocation": {"artifactLocation": {"index": chance.randrange(2)}}}
        if chance.random() < 0.5:
            more["locations"] = [where]
        results.append(result(**chance.choice(ways), **more))
    made = run(*results, identity=identity, rules=rules)
    made["tool"]["extensions"] = packs
    made["artifacts"] = [{"location": {"uri": f"f{seed}-{n}.py"}} for n in range(2)]
    return dict(made)


@pytest.mark.parametrize("seed", range(40))
def test_runs_of_one_category_are_put_together_and_no_result_says_anything_else(seed: int) -> None:
    first, second = random_run(seed), random_run(seed + 1_000)
    made = combine(first, second)
    again = combine(made, random_run(seed + 2_000))

    assert told(made) == told(first) + told(second)
    assert told(again)[: len(told(made))] == told(made)
    assert results_in({"runs": [made]}) == len(first["results"]) + len(second["results"])
    ids = [one["id"] for one in made["tool"]["driver"]["rules"]]
    assert len(set(ids)) == len(ids)


def test_runs_that_point_into_their_own_tables_are_told_apart_instead() -> None:
    flow = {"threadFlows": [{"locations": [{"index": 0}]}]}
    pointing = run(result(codeFlows=[flow]), identity="scan/1", threadFlowLocations=[{}])
    found = read(run(result(), identity="scan/0"), pointing)
    made = runs_of(prepare(found))

    assert [identity(one) for one in made] == ["scan/0", "scan/a/1"]
    assert "a second run of lint in category scan" in found.notes[0][1]
