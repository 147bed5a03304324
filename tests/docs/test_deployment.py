"""The page on deployment: its metrics and services are those that there are."""

import re

from tests.deploy.composed import services
from tests.docs.pages import ROOT, code_in, tables

PAGE = ROOT / "docs" / "deployment.md"


def test_the_metrics_that_are_told_are_those_that_are_measured() -> None:
    made = re.findall(r'"(podium\.[\w.]+)", "', (ROOT / "activities" / "metrics.py").read_text())
    made += re.findall(
        r'\n {4}"(podium\.[\w.]+)",\n', (ROOT / "activities" / "metrics.py").read_text()
    )
    told = [code_in(row[0])[0] for row in tables(PAGE, "## Metrics")[1:]]

    assert len(told) > 6, "the guard would be vacuous"
    assert sorted(told) == sorted(made)


def test_each_service_is_told() -> None:
    rows = tables(PAGE, "## Services")
    told = {name for row in rows[1:] for name in code_in(row[0])}

    assert told == set(services())
