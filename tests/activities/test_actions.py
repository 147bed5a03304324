"""What is read out of GitHub's answers about runs."""

from typing import Any

import pytest

from activities.github.actions import run_of

ID = f"pd-{'0' * 24}"


def answer(**changes: Any) -> dict[str, Any]:
    base = {
        "id": 7,
        "status": "queued",
        "created_at": "2026-01-02T03:04:05Z",
        "event": "workflow_dispatch",
        "display_title": f"analyze 5 [{ID}]",
        "path": ".github/workflows/w.yml",
        "actor": {"login": "podium"},
        "triggering_actor": {"login": "podium"},
    }
    return base | changes


def test_the_title_of_a_dispatched_run_names_its_dispatch() -> None:
    assert run_of(answer()).row.dispatch_id == ID


@pytest.mark.parametrize("event", ["push", "pull_request", "issues", "schedule", None])
def test_titles_of_other_events_are_strangers_texts(event: str | None) -> None:
    """A commit whose message quotes an id is no run of that dispatch."""
    run = run_of(answer(event=event, display_title=f"Fix ({ID})"))

    assert run.row.dispatch_id is None


@pytest.mark.parametrize(
    ("path", "file"),
    [
        (".github/workflows/w.yml", "w.yml"),
        (".github/workflows/w.lock.yaml@main", "w.lock.yaml"),
        (".github/workflows/w.yml@refs/heads/feature/other.yml", "w.yml"),
        ("dynamic/github-code-scanning/codeql", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_run_names_its_file_without_the_ref(path: str | None, file: str) -> None:
    assert run_of(answer(path=path)).row.workflow == file


def test_a_run_belongs_to_who_started_it_not_to_who_ran_it_again() -> None:
    assert run_of(answer(triggering_actor={"login": "somebody"})).actor == "podium"
