"""Channels that others can forge, where more than a report follows from a result."""

from typing import Any

import pytest

from contracts.orchestration import BadInputError, parse_spec

ANYWHERE = {"name": "trusted", "repository": "octo-org/widgets"}
EACH = {"for-each": {"source": "list", "items": ["a"]}}


def worker(*channels: str, **changes: Any) -> dict[str, Any]:
    return {"workflow": "w.yml", "result": {"channels": list(channels)}, **changes}


def pipeline(**steps: Any) -> dict[str, Any]:
    stage = {"name": "build", "workers": {"make": worker("artifact")}} | steps
    return ANYWHERE | {"pattern": "pipeline", "stages": [stage]}


def reflection(generator: Any, critic: Any) -> dict[str, Any]:
    return ANYWHERE | {"pattern": "reflection", "generator": generator, "critic": critic}


def router(classifier: Any, route: Any) -> dict[str, Any]:
    return (
        ANYWHERE
        | {"pattern": "router", "routes": {"bug": {"worker": route}}, "default": "bug"}
        | {"classifier": {"worker": classifier}}
    )


def map_reduce(mapped: Any, last: Any = None) -> dict[str, Any]:
    reducer: dict[str, Any] = {"reducer": "concat", "field": "outputs.x"}
    if last:
        reducer = {"reducer": "worker", "worker": last}
    spec = {"pattern": "map-reduce", "worker": mapped, "reduce": {"all": reducer}}
    return ANYWHERE | EACH | spec


def orchestrator(one: Any) -> dict[str, Any]:
    return ANYWHERE | EACH | {"pattern": "orchestrator-worker", "worker": one}


SAFE = worker("artifact")


@pytest.mark.parametrize("channel", ["comment", "issue", "pull-request"])
@pytest.mark.parametrize(
    ("place", "spec"),
    [
        ("stages.0.workers.make", lambda w: pipeline(workers={"make": w})),
        ("stages.0.checks.probe", lambda w: pipeline(checks={"probe": w})),
        ("generator", lambda w: reflection(w, SAFE)),
        ("critic", lambda w: reflection(SAFE, w)),
        ("classifier.worker", lambda w: router(w, SAFE)),
        ("worker", lambda w: map_reduce(w, SAFE)),
    ],
)
def test_what_decides_or_is_handed_on_may_not_be_forged(
    channel: str, place: str, spec: Any
) -> None:
    for channels in ([channel], ["artifact", channel], ["gh-aw", channel]):
        forgeable = worker(*channels)
        forgeable["result"]["comment-on"] = "1"
        with pytest.raises(BadInputError) as refused:
            parse_spec(spec(forgeable))

        assert f"{place}.result.channels: " in str(refused.value)
        assert "can forge it" in str(refused.value)
        assert f"leave out {channel}" in str(refused.value)
        publish = "publish an artifact" in str(refused.value)
        assert publish == ("artifact" not in channels)


@pytest.mark.parametrize("channels", [["artifact"], ["gh-aw"], ["conclusion"]])
def test_what_only_the_run_itself_can_say_is_taken(channels: list[str]) -> None:
    assert parse_spec(pipeline(checks={"probe": worker(*channels)})).name == "trusted"


@pytest.mark.parametrize(
    "spec",
    [
        orchestrator(worker("issue", "pull-request", "artifact")),
        router(SAFE, worker("issue")),
        map_reduce(worker("pull-request")),
        map_reduce(SAFE, worker("issue")),
        pipeline(rollback=worker("issue")),
    ],
)
def test_where_only_the_report_shows_a_result_every_channel_is_taken(spec: Any) -> None:
    assert parse_spec(spec).name == "trusted"


def test_progress_is_told_in_comments_that_are_no_result() -> None:
    make = worker("artifact")
    make["result"] |= {"progress-every": "1m", "comment-on": "${{ run.nmae }}"}

    with pytest.raises(BadInputError, match=r"make.result.comment-on: .*did you mean run.name"):
        parse_spec(pipeline(workers={"make": make}))

    make["result"]["comment-on"] = "7"
    assert parse_spec(pipeline(workers={"make": make})).name == "trusted"
