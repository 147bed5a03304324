"""What `start` finds out from GitHub before anything is started, against the sandbox."""

import uuid

import pytest

from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium, Write

LOOK = "look.yml"
MISTAKES: dict[str, tuple[dict[str, str], int, str]] = {
    "no such file": ({LOOK: "lok.yml"}, 15, "did you mean look.yml?"),
    "no trigger": ({LOOK: "pushed.yml"}, 15, "pushed.yml has no workflow_dispatch trigger; add one"),
    "no such ref": (
        {"workflow: look.yml": "workflow: look.yml\n  ref: nope"}, 15, "at nope",
    ),
    "no such repository": ({"widgets": "wodgets"}, 10, "check the name, and whether this token"),
    "unknown input": ({"    thing:": "    thign:"}, 17, "thign is not declared (declared: dispatch_id, severity, thing)"),
    "missing input": ({'    thing: "${{ item.value }}"\n': ""}, 16, "thing is required and has no value"),
    "no option": ({"${{ inputs.severity }}": "mid"}, 18, "severity is 'mid', its options are low, high"),
    "unknown field": ({"item.value": "item.title"}, 16, "${{ item.title }} is not known; did you mean item.value?"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("dry", [True, False], ids=["dry-run", "start"])
def test_what_would_not_work_on_github_is_told_with_the_specs_line(
    podium: Podium, write: Write, backstage: Backstage, *, dry: bool, name: str
) -> None:
    replaced, line, words = MISTAKES[name]
    spec = write(replaced)
    workflow_id = f"podium/nightly/{uuid.uuid4().hex}"

    said = podium("start", spec, "--workflow-id", workflow_id, *(["--dry-run"] if dry else []))

    assert said.code == 2
    assert f"{spec}:{line}: " in said.err
    assert words in said.err
    assert backstage.status(workflow_id) is None, "nothing was started"


def test_a_disabled_worker_is_told_with_the_command_that_enables_it(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    backstage.control.settings(disabled_workflows=[LOOK])

    said = podium("start", write(), "--dry-run")

    assert said.code == 2
    assert "look.yml is disabled_manually; gh workflow enable look.yml" in said.err


def test_a_token_that_is_none_is_told(
    podium: Podium, write: Write, backstage: Backstage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "worthless")

    said = podium("start", write(), "--dry-run")

    assert said.code == 2
    assert "check GITHUB_TOKEN, and what it may do" in said.err


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"permissions": {"pull": True, "push": False}}, "it needs `actions: write`"),
        ({"archived": True}, "archived: nothing runs there; unarchive it"),
    ],
)
def test_a_repository_in_which_this_token_may_not_dispatch_is_told(
    podium: Podium,
    write: Write,
    backstage: Backstage,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, object],
    words: str,
) -> None:
    """The sandbox gives every token all rights: its answer is changed on the way in."""
    from activities.github.repositories import Repositories

    real = Repositories.get
    monkeypatch.setattr(Repositories, "get", lambda self, name: {**real(self, name), **changed})
    spec = write()

    said = podium("start", spec, "--dry-run")

    assert said.code == 2
    assert f"{spec}:10: repository: " in said.err
    assert words in said.err


def test_a_worker_whose_runs_cannot_be_told_apart_is_noted_and_stops_nothing(
    podium: Podium, write: Write, backstage: Backstage
) -> None:
    said = podium("start", write({LOOK: "nameless.yml"}), "--dry-run")

    assert said.code == 0
    assert "note: nameless.yml declares no input dispatch_id" in said.err
