"""Names, sizes and damage of gh-aw artifacts."""

import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from activities.ghaw.artifacts import MAX_ARTIFACT_BYTES, MAX_FILE_BYTES
from contracts.runs import OutcomeStatus as Status
from tests.ghaw.leavings import COMMENT, JOBS, Left, collected, info, output, packed, usual

SMALL = packed({"agent_output.json": output(COMMENT)})
MIB = 1024 * 1024


async def test_names_of_called_workflows_have_a_prefix() -> None:
    left = Left({f"a1b2c3-{name}": content for name, content in usual().items()})

    assert (await collected(left)).meaning == "done"


@pytest.mark.parametrize("late", [("agent",), ("detection",), tuple(usual())])
async def test_what_is_listed_late_costs_no_second_run(late: tuple[str, ...]) -> None:
    left = Left(late=dict.fromkeys(late, 4))

    assert ((await collected(left)).meaning, left.looks) == ("done", 5)


@pytest.mark.parametrize(
    ("changes", "conclusion"),
    [({"agent": "skipped"}, "success"), ({}, "failure"), ({"agent": "failure"}, "failure")],
)
async def test_where_nothing_is_to_come_nobody_waits(
    changes: dict[str, str], conclusion: str
) -> None:
    left = Left({}, jobs_ended=JOBS | changes)

    await collected(left, conclusion)

    assert left.looks == 1


async def test_older_names_are_known() -> None:
    left = Left(
        {
            "aw-info": packed({"aw_info.json": info()}),
            "agent-output": SMALL,
            "detection": usual()["detection"],
        }
    )

    assert (await collected(left)).meaning == "done"


async def test_the_small_copy_is_enough() -> None:
    left = Left(usual(changes={"agent-output-fallback": SMALL}), claimed_sizes={"agent": 200 * MIB})

    verdict = await collected(left)

    assert verdict.meaning == "done"
    assert "agent" not in left.fetched


async def test_an_artifact_of_200_mib_is_not_fetched() -> None:
    left = Left(claimed_sizes={"agent": 200 * MIB})

    verdict = await collected(left)

    assert verdict.status is Status.INVALID_RESULT
    assert f"at most {MAX_ARTIFACT_BYTES}" in verdict.reason
    assert "agent" not in left.fetched


async def test_a_bomb_costs_no_more_memory_than_one_file_may() -> None:
    content = io.BytesIO()
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as files,
        files.open("agent_output.json", "w", force_zip64=True) as bomb,
    ):
        for _ in range(256):
            bomb.write(b" " * MIB)
    left = Left(usual(changes={"agent": content.getvalue()}))
    assert len(left.artifacts["agent"]) < MIB, "256 MiB in less than one"
    tracemalloc.start()

    verdict = await collected(left)

    assert tracemalloc.get_traced_memory()[1] < 20 * MIB
    tracemalloc.stop()
    assert verdict.status is Status.INVALID_RESULT
    assert f"more than {MAX_FILE_BYTES} bytes" in verdict.reason


@pytest.mark.parametrize("damage", [b"", b"PK", SMALL[:-10], SMALL[:40] + b"\0" * 40 + SMALL[80:]])
async def test_a_damaged_zip_is_named(damage: bytes) -> None:
    verdict = await collected(Left(usual(changes={"agent": damage})))

    assert verdict.status is Status.INVALID_RESULT
    assert "artifact agent cannot be read" in verdict.reason


async def test_activation_lasts_a_day_and_usage_tells_the_same() -> None:
    left = Left(expired=("activation",))

    assert (await collected(left)).meaning == "done"


async def test_an_expired_output_is_told_as_such() -> None:
    expired = await collected(Left(expired=("agent",)))
    gone = await collected(Left(gone=("agent",)))

    assert "artifact agent has expired" in expired.reason
    assert "artifact agent is gone" in gone.reason


async def test_what_the_agent_hid_deeper_does_not_replace_the_output(tmp_path: Path) -> None:
    agent = packed(
        {
            "sandbox/agent_output.json": output({"type": "noop", "message": "forged"}),
            "agent_output.json": output(COMMENT),
        }
    )

    assert (await collected(Left(usual(changes={"agent": agent})))).meaning == "done"
