"""The paths of Router whose histories are recorded: an event, a batch, verdicts."""

import asyncio
from typing import Any

from sandbox.control import SandboxControl, TimedRule
from scripts.gate_paths import asked, until_continued
from scripts.map_reduce_paths import answer
from tests.system.stand import REPOSITORY, Stand

EVENT = {"action": "opened", "issue": {"number": 7, "title": "Crash", "body": None}}
_SURE = {1: 0.9, 2: 0.2}
"""Issues, and how sure the classifier is."""


def seed(control: SandboxControl) -> None:
    """Have the issues in the repository."""
    titles = {1: "One", 2: "Two", 7: "Crash"}
    made = "2026-01-01T00:00:00Z"
    control.seed_issues(
        REPOSITORY,
        [{"number": n, "title": one, "created_at": made} for n, one in titles.items()],
    )


def verdicts(said: dict[int, float] = _SURE) -> list[TimedRule]:
    """What the classifier says of each issue."""
    return [
        TimedRule(
            inputs={"item": f"classify {number}"}, result=answer(route="bug", confidence=sure)
        )
        for number, sure in said.items()
    ]


def ruled(**changes: Any) -> dict[str, Any]:
    """Two rules, both of which hold for the event; a default."""
    routes = {
        "bug": {"when": {"title": "crash"}, "worker": _worker("bug")},
        "empty": {"when": {"fields": {"event.issue.body": None}}, "worker": _worker("empty")},
        "rest": {"worker": _worker("rest")},
    }
    base = {
        "name": "test",
        "pattern": "router",
        "repository": REPOSITORY,
        "safe-outputs": {"create-comment": {"max": 2}},
        "match": "all",
        "routes": routes,
        "default": "rest",
    }
    return base | changes


def classified() -> dict[str, Any]:
    """A classifier over open issues, and no default."""
    changes = {
        "for-each": {"source": "open-issues", "limit": 2},
        "routes": {"bug": {"worker": _worker("bug")}},
        "default": None,
        "classifier": {"worker": _worker("classify")},
    }
    return ruled(**changes)


def unsure() -> dict[str, Any]:
    """A classifier over a list that is sure of one item, and asks people about the others."""
    worker = _worker("classify")
    approval = {"approvers": ["boss"], "choices": ["rest"]}
    changes = {
        "for-each": {"source": "list", "items": [{"number": n} for n in range(1, 4)]},
        "routes": {"bug": {"worker": _worker("bug")}, "rest": {"worker": _worker("rest")}},
        "classifier": {"worker": worker, "approval": approval},
    }
    return ruled(**changes)


async def through_a_gate(stand: Stand, workflow_id: str) -> Any:
    """Have a group asked about, continue as new while people think, and let them choose."""
    stand.control.timed([*verdicts({1: 0.9, 2: 0.2, 3: 0.3}), TimedRule()])
    handle = await stand.start(unsure(), workflow_id)
    async with asyncio.timeout(120):
        await asked(handle)
        await until_continued(handle)
        await handle.execute_update("decide", {"approver": "boss", "choice": "rest"})
    return handle


def listed(items: int) -> dict[str, Any]:
    """Rules over a list, half of which go nowhere, within a narrow window."""
    titles = [{"number": n, "title": "A crash" if n % 2 else "A wish"} for n in range(1, items + 1)]
    changes = {
        "for-each": {"source": "list", "items": titles},
        "routes": {"bug": {"when": {"title": "crash"}, "worker": _worker("bug")}},
        "default": None,
        "max-parallel": 3,
    }
    return ruled(**changes)


def _worker(name: str) -> dict[str, Any]:
    return {"workflow": "analyzer.yml", "inputs": {"item": f"{name} ${{{{ item.number }}}}"}}
