"""Results that deliveries bring: which are passed on, kept, and believed."""

import json
from datetime import timedelta
from typing import Any

import pytest
from temporalio.service import RPCError, RPCStatusCode

from activities import channels
from contracts import names
from contracts.runs import MAX_TOLD_BYTES, CollectOrder, RunRef, ToldResult
from contracts.watch import RunRow, SeenRuns
from starter.webhooks import Delivery
from starter.webhooks.news import RunNews
from tests.activities.test_results import NOW, RESULT, RUN, block, comment, order
from workflows.parts.told import MAX_AUTHORS, MAX_BYTES, Told

BOT = "github-actions[bot]"


def told(**changes: Any) -> ToldResult:
    base: dict[str, Any] = {
        "run_id": RUN.run_id,
        "text": json.dumps(RESULT),
        "author": BOT,
        "is_bot": True,
        "issue": 5,
        "created_at": NOW,
    }
    return ToldResult(**base | changes)


class Temporal:
    """A client that keeps what watchers are signalled."""

    def __init__(self, error: RPCError | None = None) -> None:
        self.seen: list[tuple[str, SeenRuns]] = []
        self._error = error

    def get_workflow_handle(self, workflow_id: str) -> Any:
        self._to = workflow_id
        return self

    async def signal(self, name: str, seen: SeenRuns, **_: Any) -> None:
        assert name == names.SIGNAL_RUNS_SEEN
        if self._error:
            raise self._error
        self.seen.append((self._to, seen))


def payload(body: str, action: str = "created", **changes: Any) -> dict[str, Any]:
    return {
        "action": action,
        "issue": {"number": 5},
        "comment": comment(body, **changes),
        "repository": {"full_name": "O/R"},
    }


async def passed_on(sent: Any) -> list[ToldResult]:
    client: Any = Temporal()
    await RunNews(client).commented(Delivery("1", "issue_comment", sent))
    return [one for _, seen in client.seen for one in seen.results]


async def test_a_result_goes_to_the_watcher_of_its_repository() -> None:
    client: Any = Temporal()

    said = await RunNews(client).commented(Delivery("1", "issue_comment", payload(block())))

    ((watcher, seen),) = client.seen
    assert (said, watcher) == ("its watcher is told", "run-watch/o/r")
    assert seen.results == (told(url="https://github.test/c"),)


@pytest.mark.parametrize(
    "sent",
    [
        payload(block(), "edited"),
        payload(block(), "deleted"),
        payload(block(), updated_at="2099-01-01T00:00:00Z"),
        payload("no block"),
        payload(block() + "\n" + block(run_id=8)),
        payload(block(progress=0.5)),
        payload(block(run_id="9")),
        payload(block(run_id=True)),
        payload(block(run_id=-9)),
        payload(block(run_id=10**30)),
        payload(block(summary="x" * MAX_TOLD_BYTES)),
        payload(block(), user=None),
        payload(block(), created_at="soon", updated_at="soon"),
        payload(block()) | {"issue": None},
        payload(block()) | {"repository": {"full_name": 7}},
        payload(block()) | {"comment": "none"},
        {"action": "created"},
        {"action": ["created"]},
    ],
)
async def test_what_is_no_result_is_passed_on_to_nobody(sent: dict[str, Any]) -> None:
    assert await passed_on(sent) == []


async def test_a_repository_that_nobody_watches_is_no_error() -> None:
    client: Any = Temporal(RPCError("not found", RPCStatusCode.NOT_FOUND, b""))

    said = await RunNews(client).commented(Delivery("1", "issue_comment", payload(block())))

    assert said == "nobody waits for a run of this repository"


def asked(*given: ToldResult) -> CollectOrder:
    return order(channels=("comment",), told=given)


def test_a_told_result_counts_by_the_rules_of_comments() -> None:
    found = channels.told(asked(told(url="https://x")), NOW - timedelta(seconds=60))

    assert found == channels.Found(json.dumps(RESULT), "comment", "https://x")


@pytest.mark.parametrize(
    "changes",
    [
        {"author": "mallory"},
        {"author": BOT, "is_bot": False},
        {"issue": 6},
        {"created_at": NOW - timedelta(hours=1)},
        {"text": json.dumps(RESULT | {"run_id": 10}), "run_id": 9},
        {"text": json.dumps(RESULT | {"run_attempt": 2})},
        {"text": json.dumps(RESULT | {"progress": 0.9})},
        {"text": "{"},
    ],
)
def test_a_forged_or_foreign_result_counts_for_nothing(changes: dict[str, Any]) -> None:
    assert channels.told(asked(told(**changes)), NOW - timedelta(seconds=60)) is None


def test_the_one_that_counts_is_found_among_forgeries() -> None:
    forged = [told(author=f"m{n}", created_at=NOW + timedelta(seconds=n)) for n in range(2)]

    found = channels.told(asked(*forged, told(url="https://mine")), NOW - timedelta(seconds=60))

    assert found is not None
    assert found.url == "https://mine"


def test_a_run_that_too_many_write_about_is_read_from_github() -> None:
    """Nobody can push the true result out: at worst it is read as if nothing had come."""
    kept = Told([told(author=f"m{n}") for n in range(MAX_AUTHORS)])
    assert len(kept.take(9, 1)) == MAX_AUTHORS

    crowded = Told([told(author=f"m{n}") for n in range(100)] + [told()])

    assert crowded.take(9, 1) == ()
    assert crowded.carry() == ()


def test_an_author_has_the_last_word_and_a_run_takes_its_own() -> None:
    kept = Told([told(issue=1), told(issue=2), told(run_id=10)])

    assert kept.take(9, 1) == (told(issue=2),)
    assert kept.take(9, 1) == ()
    assert kept.take(10, 2) == ()
    assert kept.carry() == (told(run_id=10),)


def test_a_run_whose_end_a_poll_saw_first_is_read_from_github() -> None:
    """The bot's block may be of a time before its last word, which is lost or late."""
    kept = Told([told(), told(run_id=10), told(run_id=11)])

    kept.forget([RunRow(run_id=9, status="completed"), RunRow(run_id=10, status="in_progress")])

    assert kept.take(9, 1) == ()
    assert [one.run_id for one in kept.carry()] == [10, 11]


def test_what_is_kept_is_bounded_and_the_oldest_give_way() -> None:
    large = "x" * MAX_TOLD_BYTES
    kept = Told([told(run_id=n, text=large) for n in range(1, 1_000)])

    assert sum(len(one.text) for one in kept.carry()) <= MAX_BYTES
    assert kept.carry()[-1].run_id == 999
    assert Told(kept.carry()).carry() == kept.carry()


def test_a_run_reference_needs_no_more_than_before() -> None:
    """Orders that were recorded before results were told still decode."""
    data = asked().model_dump(mode="json")
    del data["told"]

    assert CollectOrder.model_validate(data).told == ()
    assert isinstance(CollectOrder.model_validate(data).run, RunRef)
