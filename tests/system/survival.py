"""What must hold after whatever was done to a run, judged by GitHub's side of it."""

from collections import Counter
from typing import Any

from tests.system.rooms import Room


def problems(room: Room, report: dict[str, Any], items: int, *, surplus: int = 0) -> list[str]:
    """Everything that is wrong; nothing, when the run survived.

    Args:
        room: where it ran.
        report: what it ended with.
        items: issues that were open at the start.
        surplus: second runs that a dispatch may have had; each must be cancelled and journaled.
    """
    found = [*_of_report(report, items), *_of_runs(room, report, items, surplus)]
    comments = room.comments()
    if comments != Counter(range(1, items + 1)):
        odd = {n: comments[n] for n in range(1, items + 1) if comments[n] != 1}
        found.append(f"comments by issue: {odd}")
    if len(room.reports()) != 1:
        found.append(f"{len(room.reports())} report issues")
    return found


def surviving(room: Room) -> dict[str, list[int]]:
    """Runs that were not cancelled, by dispatch id."""
    kept: dict[str, list[int]] = {}
    for run in room.runs():
        if run.conclusion != "cancelled":
            kept.setdefault(run.dispatch_id or "", []).append(run.run_id)
    return kept


def _of_report(report: dict[str, Any], items: int) -> list[str]:
    if report["status"] != "succeeded" or report["totals"]["by_status"] != {"success": items}:
        return [f"report: {report['status']} {report['reason']} {report['totals']}"]
    return []


def _of_runs(room: Room, report: dict[str, Any], items: int, surplus: int) -> list[str]:
    found = []
    kept = surviving(room)
    twice = {key: runs for key, runs in kept.items() if len(runs) > 1}
    if twice:
        found.append(f"several runs survive of one dispatch: {twice}")
    if len(kept) != items:
        found.append(f"{len(kept)} dispatches for {items} items")
    cancelled = [run.run_id for run in room.runs() if run.conclusion == "cancelled"]
    if len(cancelled) != surplus:
        found.append(f"{len(cancelled)} runs were cancelled, not {surplus}: {cancelled}")
    journaled = [d for d in report["decisions"] if d["kind"] == "surplus-cancelled"]
    if len(journaled) != len(cancelled):
        found.append(f"{len(cancelled)} runs were cancelled, {len(journaled)} journaled as surplus")
    going_on = [run.run_id for run in room.runs() if run.status != "completed"]
    return found + ([f"still going on: {going_on}"] if going_on else [])
