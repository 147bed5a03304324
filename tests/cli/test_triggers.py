"""What of `on:` is wrong or not served is told, before any server is asked."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Podium, Write

SCHEDULES = {
    "dayly": "'dayly' is no schedule; did you mean daily?",
    "weekly on mondey": "did you mean weekly on monday?",
    '"@hourly"': "did you mean hourly?",
    "whenever": "write hourly, daily, weekly, weekly on monday, or five cron fields such as",
    '"0 6 * *"': "has 4 fields, not 5: write minute, hour, day of month, month, day of week",
    '"0 0 6 * * 1"': "has 6 fields, not 5",
    '"60 * * * *"': "minute: '60' is not 0 to 59",
    '"0 6 * * 8"': "day of week: '8' is not 0 to 7 or sun to sat",
    '"0 6 * * mon-"': "day of week: 'mon-' is no number, name, range or step",
    '"0 6 L * *"': "day of month: 'l' is not 1 to 31",
    '"0 22-3 * * *"': "'22-3' runs backwards; write two ranges with a comma between",
    '"5/15 * * * *"': "'5/15' steps over one number; write a range before `/`",
    '"*/90 * * * *"': "'*/90' has no step from 1 to 59 behind `/`",
    '"31 2 30 2 *"': "`31 2 30 2 *` never comes: no month of `2` has a day 30",
    '"0 0 31 4,6,9,11 *"': "never comes: no month of `4,6,9,11` has a day 31",
    "[{cron: daily}]": "one schedule, not a list: write a text such as daily, or a mapping",
    "{timezone: UTC}": "on.schedule.cron: this key is required; add it",
    "{cron: daily, timzone: UTC}": "did you mean timezone?",
    "{cron: daily, timezone: Europe/Berln}": "'Europe/Berln' is no time zone; did you mean Europe/Berlin?",
    "{cron: daily, timezone: europe/berlin}": "did you mean Europe/Berlin?",
    "{cron: daily, timezone: ../etc/passwd}": "on.schedule.timezone: ",
    "{cron: daily, overlap: queue}": "'skip', 'buffer-one', 'allow-all', 'cancel-other' or",
    "{cron: daily, catch-up: 1s}": "on.schedule.catch-up: ",
    "7": "on.schedule: ",
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_that_is_none_is_told_with_its_line_and_a_fix(
    podium: Podium, write: Write, schedule: str
) -> None:
    spec = write({"on:\n": f"on:\n  schedule: {schedule}\n"})

    said = podium("schedules", "apply", spec)

    assert said.code == 2
    assert f"{spec}:5: on.schedule" in said.err
    assert SCHEDULES[schedule] in said.err


@pytest.mark.parametrize(
    "schedule", ["daily", '"0 6 * * 1"', "weekly on Monday", '{cron: "*/5 8-17 * * mon-fri"}']
)
def test_a_schedule_is_rendered_as_it_was_written(
    podium: Podium, write: Write, schedule: str
) -> None:
    said = podium("render", write({"on:\n": f"on:\n  schedule: {schedule}\n"}))

    assert said.code == 0
    told = json.loads(said.out)["spec"]["on"]["schedule"]
    assert told in (schedule.strip('"'), {"cron": "*/5 8-17 * * mon-fri"})


@pytest.mark.parametrize("command", ["start", "render"])
def test_a_spec_that_only_an_event_starts_needs_one_of_its_types(
    podium: Podium, write: Write, tmp_path: Path, command: str
) -> None:
    spec = write({"on:\n": "on: {issues: {types: [opened]}}\n'x':\n"})
    text = spec.read_text()
    start, _, rest = text.partition("'x':\n")
    spec.write_text(start + rest.partition("repository")[1] + rest.partition("repository")[2])
    spec.write_text(spec.read_text().replace('    severity: "${{ inputs.severity }}"\n', ""))
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"action": "closed"}))

    without = podium(command, spec)
    other = podium(command, spec, "--event", event)
    event.write_text(json.dumps({"action": "opened"}))
    right = podium("render", spec, "--event", event)

    assert without.code == other.code == 2
    assert f"{spec}:4: on.issues: its only trigger is an event" in without.err
    assert "--event FILE" in without.err
    assert "the event's action is 'closed', and only opened starts it" in other.err
    assert right.code == 0, right.err


@pytest.mark.covers("U3")
def test_a_trigger_that_nothing_serves_is_refused(podium: Podium, write: Write) -> None:
    spec = write({"on:\n": "on:\n  push: {}\n"})

    said = podium("start", spec)

    assert said.code == 2
    assert "on.push: unknown key 'push'; known: issue_comment, issues, pull_request" in said.err


def test_two_specs_of_one_name_cannot_both_be_scheduled(
    podium: Podium, write: Write, tmp_path: Path
) -> None:
    spec = write({"on:\n": "on:\n  schedule: daily\n"})
    other = tmp_path / "other.yml"
    other.write_text(spec.read_text())

    said = podium("schedules", "apply", spec, other)

    assert said.code == 2
    assert f"{other}: its name is nightly, as that of {spec}" in said.err


def test_what_no_schedule_gives_is_told_when_it_is_applied(podium: Podium, write: Write) -> None:
    schedule = {"on:\n": "on:\n  schedule: daily\n"}
    lacks_input = write({**schedule, "share: {type: number}": "share: {required: true}"})
    input_said = podium("schedules", "apply", lacks_input)
    lacks_event = write(schedule, more='report: {title: "On ${{ event.issue.title }}"}\n')
    event_said = podium("schedules", "apply", lacks_event)

    assert input_said.code == event_said.code == 2
    assert "inputs.share: required; give it a value" in input_said.err
    assert "report.title: ${{ event.issue.title }} is not known" in event_said.err


@pytest.mark.parametrize("words", [("apply", "SPEC"), ("list",), ("delete", "nightly")])
def test_a_server_that_is_away_exits_3(
    podium: Podium, write: Write, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    spec = write({"on:\n": "on:\n  schedule: daily\n"})

    said = podium("schedules", *(spec if word == "SPEC" else word for word in words))

    assert said.code == 3
    assert "cannot reach Temporal at 127.0.0.1:1" in said.err


def test_start_says_that_the_schedule_is_applied_by_another_command(
    podium: Podium, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    spec = write({"on:\n": "on:\n  schedule: daily\n"})

    said = podium("start", spec, "--skip-preflight")

    assert (
        f"on.schedule (daily) is not run by `start`; what makes it live: podium schedules apply {spec}"
        in said.err
    )
