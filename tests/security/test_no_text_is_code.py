"""Worker files read what others wrote from the environment, and never as part of a program."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from activities import yaml12

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("examples", "sandbox", "starter", "tests")
SCRIPTS = {"run", "script", "args", "entrypoint", "shell", "working-directory"}
_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_OUTSIDE = re.compile(
    r"\b(?:inputs|github\.(?:event|head_ref|actor|ref_name)|(?:steps|needs)\.[\w-]+\.outputs|env)\b"
)
"""What a caller, a person or a step before may have chosen."""


def files() -> list[Path]:
    found = [
        path
        for place in PLACES
        for pattern in ("*.yml", "*.yaml", "*.md")
        for path in (ROOT / place).rglob(pattern)
        if path.parent.name == "workflows" or path.name.startswith("action.y")
    ]
    return sorted(found)


def content(path: Path) -> Any:
    text = path.read_text()
    if path.suffix == ".md":  # gh-aw: YAML between two lines of dashes
        text = text.split("\n---", 1)[0].removeprefix("---")
    return yaml12.load(text)


def programs(data: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield everything in a workflow file that is run."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from programs(value, str(name))
    elif isinstance(data, list):
        for value in data:
            yield from programs(value, key)
    elif isinstance(data, str) and key in SCRIPTS:
        yield key, data


def injected(data: Any) -> list[str]:
    return [
        f"{key}: {one}"
        for key, text in programs(data)
        for one in _EXPRESSION.findall(text)
        if _OUTSIDE.search(one)
    ]


@pytest.mark.covers("C2")
def test_no_worker_puts_an_input_into_a_program() -> None:
    found = {str(path.relative_to(ROOT)): injected(content(path)) for path in files()}

    assert len(found) > 35, "the guard would be vacuous"
    assert sum(1 for path in files() for _ in programs(content(path))) > 40
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize(
    "step",
    [
        "run: echo ${{ inputs.title }}",
        "run: |\n  true\n  echo '${{github.event.issue.title}}'",
        "run: echo ${{ format('{0}', inputs.title) }}",
        "run: echo ${{ github.event.inputs.title || 'none' }}",
        "uses: actions/github-script@v7\nwith:\n  script: return `${{ steps.a.outputs.b }}`",
    ],
)
def test_what_is_planted_is_found(step: str) -> None:
    assert injected({"jobs": {"a": {"steps": [yaml.safe_load(step)]}}})


def test_what_goes_through_the_environment_is_fine() -> None:
    step = "env: {TITLE: '${{ inputs.title }}'}\nrun: echo \"$TITLE\""

    assert not injected({"jobs": {"a": {"steps": [yaml.safe_load(step)]}}})
