"""Results in the text of issues and pull requests: which count, and what they cost to find."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.github.client import PER_PAGE, Answer
from activities.github.issues import Issues
from contracts.runs import CollectOrder, OutcomeStatus, Verdict
from tests.activities.test_results import NOW, block, collect, order

BOT = {"login": "github-actions[bot]", "type": "Bot"}
LATER = timedelta(seconds=30)


def issue(body: str, **changes: Any) -> dict[str, Any]:
    at = _text(NOW + timedelta(seconds=5))
    base = {"body": body, "user": BOT, "created_at": at, "updated_at": at}
    base |= {"html_url": "https://github.test/i", "node_id": "I_1"}
    return base | changes


def pull(body: str, **changes: Any) -> dict[str, Any]:
    return issue(body, pull_request={"url": "https://api.github.test/p"}, **changes)


def touched(body: str, node: str = "I_1", **changes: Any) -> dict[str, Any]:
    """An issue that was labelled, commented on, or edited: REST does not tell which."""
    return issue(body, updated_at=_text(NOW + LATER), node_id=node, **changes)


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


LOOKS = 5
"""At a result that does not show."""


class GitHubOfIssues:
    """A list of issues, newest first as it stands, behind the real adapter's requests."""

    def __init__(
        self, *listed: dict[str, Any], edited: Mapping[str, str | None] | None = None
    ) -> None:
        self.listed, self.edited = list(listed), dict(edited or {})
        self.lists: list[dict[str, Any]] = []
        self.asked: list[list[str]] = []
        self.clock = 0.0
        self.late = 0
        """So many lists do not show them yet."""
        client: Any = self
        self.issues = Issues(client)
        self.actions = self

    async def call(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    def artifacts(self, *_: Any) -> list[dict[str, Any]]:
        return []

    def pages(self, path: str, *, max_pages: int, **asked: Any) -> Iterator[Answer]:
        assert path == "/repos/o/r/issues"
        shown = self.listed if len(self.lists) >= self.late else []
        for page in range(max_pages):
            self.lists.append(asked)
            yield Answer(200, {}, shown[page * PER_PAGE : (page + 1) * PER_PAGE])
            if len(shown) <= (page + 1) * PER_PAGE:
                return

    def graphql(self, repository: str, query: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        assert repository == "o/r"
        assert "lastEditedAt" in query
        self.asked.append(variables["ids"])
        known = [
            {"id": one, "lastEditedAt": self.edited[one]} if one in self.edited else None
            for one in variables["ids"]
        ]
        return {"nodes": known}


async def judged(
    github: GitHubOfIssues, monkeypatch: pytest.MonkeyPatch, *channels: str, **changes: Any
) -> Verdict:
    asked: CollectOrder = order(channels=channels or ("issue",), **changes)
    store: Any = github
    return await collect(store, asked, monkeypatch)


async def test_an_issue_of_the_run_is_believed_at_the_price_of_one_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    github = GitHubOfIssues(issue("What was found:\n\n" + block()))

    verdict = await judged(github, monkeypatch)

    assert (verdict.status, verdict.channel) == (OutcomeStatus.SUCCESS, "issue")
    assert (verdict.outputs, verdict.result_url) == ({"n": 1}, "https://github.test/i")
    (asked,) = github.lists
    since = _text(NOW - timedelta(seconds=60))
    assert asked == {
        "state": "all",
        "creator": "github-actions[bot]",
        "since": since,
        "sort": "created",
        "direction": "desc",
    }
    assert github.asked == []


async def test_a_pull_request_and_an_issue_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    github = GitHubOfIssues(issue(block(summary="issue")), pull(block(summary="pull")))

    of_pull = await judged(github, monkeypatch, "pull-request")
    of_issue = await judged(github, monkeypatch, "issue")

    assert (of_pull.channel, of_pull.summary) == ("pull-request", "pull")
    assert (of_issue.channel, of_issue.summary) == ("issue", "issue")


@pytest.mark.parametrize(
    "fake",
    [
        issue(block(), user={"login": "mallory", "type": "User"}),
        issue(block(), user={"login": "github-actions[bot]", "type": "User"}),
        issue(block(), user={"login": "dependabot[bot]", "type": "Bot"}),
        issue(block(), user=None),
        issue(block(run_id=8)),
        issue(block(run_attempt=2)),
        issue(block(progress=0.4)),
        issue(block() + "\n\n" + block(status="failure")),
        issue("no block"),
        issue(""),
        issue("") | {"body": None},
        issue(block(), created_at=_text(NOW - timedelta(hours=1)), updated_at=_text(NOW)),
        issue(block(), created_at=None),
        pull(block()),
        touched(block(), node="edited"),
        touched(block(), node="not told"),
        touched(block(), node="gone"),
    ],
)
async def test_an_issue_that_does_not_count_is_no_result(
    fake: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Were only the times wrong, GraphQL would say that nobody edited it.
    github = GitHubOfIssues(fake, edited={"edited": _text(NOW), "not told": "", "I_1": None})

    verdict = await judged(github, monkeypatch)

    assert verdict.status is OutcomeStatus.NO_RESULT
    assert "looked for: issue" in verdict.reason


async def test_what_was_touched_counts_unless_its_text_was_edited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Anyone may comment: that must not make a result disappear."""
    github = GitHubOfIssues(
        touched(block(summary="edited"), "a"),
        touched(block(summary="labelled"), "b"),
        touched(block(summary="older"), "c"),
        edited={"a": _text(NOW + LATER), "b": None, "c": None},
    )

    verdict = await judged(github, monkeypatch)

    assert verdict.summary == "labelled"
    assert github.asked == [["a", "b", "c"]], "one question for all"


async def test_the_newest_that_counts_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = issue(block(summary="newest"), user={"login": "mallory", "type": "User"})
    github = GitHubOfIssues(newest, issue(block(summary="second")), issue(block(summary="third")))

    assert (await judged(github, monkeypatch)).summary == "second"


async def test_pages_are_read_no_further_than_the_first_that_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noise = [issue(block(run_id=8))] * 100
    github = GitHubOfIssues(*noise, issue(block()), *noise, *noise)

    assert (await judged(github, monkeypatch)).status is OutcomeStatus.SUCCESS
    assert len(github.lists) == 2


async def test_reading_ends_where_the_run_was_dispatched(monkeypatch: pytest.MonkeyPatch) -> None:
    """`since` is about updates: an old issue that was touched is listed, after the new ones."""
    old = issue(block(), created_at=_text(NOW - timedelta(days=1)))
    github = GitHubOfIssues(*[old] * 300)

    assert (await judged(github, monkeypatch)).status is OutcomeStatus.NO_RESULT
    assert len(github.lists) == LOOKS, "one page for each look"


async def test_reading_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    github = GitHubOfIssues(
        *[touched(block(), node=f"n{n}") for n in range(1_000)],
        edited={f"n{n}": _text(NOW) for n in range(1_000)},
    )

    assert (await judged(github, monkeypatch)).status is OutcomeStatus.NO_RESULT
    assert len(github.lists) == LOOKS * 5
    assert {len(nodes) for nodes in github.asked} == {20}


async def test_a_list_that_is_late_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    github = GitHubOfIssues(issue(block()))
    github.late = 1

    assert (await judged(github, monkeypatch)).status is OutcomeStatus.SUCCESS


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", None])
async def test_only_a_green_run_has_a_result_there(
    conclusion: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    github = GitHubOfIssues(issue(block()))

    verdict = await judged(github, monkeypatch, conclusion=conclusion)

    assert verdict.status is not OutcomeStatus.SUCCESS
    assert github.lists == []


async def test_what_counts_is_checked_like_any_result(monkeypatch: pytest.MonkeyPatch) -> None:
    github = GitHubOfIssues(issue(block(outputs={"n": "many"})))

    verdict = await judged(github, monkeypatch)

    assert (verdict.status, verdict.channel) == (OutcomeStatus.INVALID_RESULT, "issue")
    assert "outputs.n" in verdict.reason


async def test_channels_are_tried_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    github = GitHubOfIssues(issue(block()), pull(block()))

    verdict = await judged(github, monkeypatch, "artifact", "pull-request", "issue")

    assert verdict.channel == "pull-request"
