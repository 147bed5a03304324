"""When schedules come, by the real server, against a plain account of the tests' own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.backstage import Backstage
from tests.cli.conftest import Podium
from tests.cli.schedules import by_clock, fifty, live, next_times
from tests.cli.specs import GOOD


@pytest.fixture
def specs(tmp_path: Path, backstage: Backstage) -> Iterator[dict[str, tuple[str, str]]]:
    """Fifty spec files, by name; what they scheduled is deleted in the end."""
    made = {f"timed-{number}": one for number, one in enumerate(fifty())}
    for name, (text, zone) in made.items():
        mapping = f'on:\n  schedule: {{cron: "{text}", timezone: {zone}}}\n'
        spec = GOOD.replace("name: nightly", f"name: {name}").replace("on:\n", mapping)
        (tmp_path / f"{name}.yml").write_text(spec)
    yield made

    async def clean() -> None:
        for name in made:
            await backstage.stand.client.get_schedule_handle(f"podium/{name}").delete()

    backstage.ask(clean())


@pytest.mark.covers("U3")
def test_the_next_five_times_of_fifty_specs_are_those_of_cron_and_applying_again_changes_nothing(
    podium: Podium, specs: dict[str, tuple[str, str]], tmp_path: Path, backstage: Backstage
) -> None:
    paths = sorted(tmp_path.glob("timed-*.yml"))

    first = podium("schedules", "apply", *paths)

    assert first.code == 0, first.err
    assert first.out.count(": created\n") == len(specs) == 50
    before = {}
    for name, (text, zone) in specs.items():
        asked = datetime.now(UTC)
        before[name] = live(backstage, name)
        times = before[name].info.next_action_times
        told = list(dict.fromkeys(by_clock(one, zone) for one in times))[:5]
        answered = datetime.now(UTC)
        expected = [next_times(text, zone, asked)]
        if told != expected[0]:  # a minute may have ended between the two
            expected.append(next_times(text, zone, answered))
        assert told in expected, f"{text} in {zone}"

    again = podium("schedules", "apply", *paths)

    assert again.code == 0
    assert again.out.count(": unchanged\n") == 50
    for name, description in before.items():
        now = live(backstage, name)
        assert now.info.last_updated_at == description.info.last_updated_at
        assert now.raw_description.schedule.spec == description.raw_description.schedule.spec
        assert now.raw_description.schedule.action == description.raw_description.schedule.action
        assert now.schedule.policy == description.schedule.policy
