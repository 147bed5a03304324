"""One sandbox in timed mode and one that runs `act`, each shared by the tests of a module."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.launch import SandboxProcess, start_sandbox

_NUMBERS = itertools.count(1)

WORKER = """
name: Worker
run-name: "worker ${{ inputs.dispatch_id }}"
on:
  workflow_dispatch:
    inputs:
      dispatch_id: {type: string, default: ''}
      issue_number: {type: string, default: '1'}
      level: {type: choice, options: [low, high], default: low}
      deep: {type: boolean, default: false}
      aw_context: {type: string, default: ''}
jobs:
  work:
    runs-on: ubuntu-latest
    steps:
      - run: echo done
"""


class Repo:
    """A repository of a running sandbox, with an HTTP client that has a token."""

    def __init__(self, sandbox: SandboxProcess, name: str, token: str | None = None) -> None:
        self.sandbox = sandbox
        self.control = sandbox.control
        self.name = name
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {token or sandbox.token}"

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """Send a request below the repository; redirects are not followed."""
        url = f"{self.sandbox.api_url}/repos/{self.name}{path}"
        return self.session.request(
            method, url, json=body, allow_redirects=False, timeout=20, **more
        )

    def get(self, path: str, **query: Any) -> Any:
        """The body of a good answer."""
        response = self.ask("GET", path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    def dispatch(self, workflow: str = "worker.yml", **inputs: str) -> int:
        """Dispatch a workflow and give the id of its run."""
        body = {"ref": "main", "inputs": inputs, "return_run_details": True}
        response = self.ask("POST", f"/actions/workflows/{workflow}/dispatches", body)
        assert response.status_code == 200, response.text
        return int(response.json()["workflow_run_id"])

    def ended(self, run_id: int, timeout: float = 30.0) -> dict[str, Any]:
        """Wait for the end of a run and give it as the API shows it."""
        self.control.wait_for_runs(
            lambda runs: any(
                r.run_id == run_id and r.status == "completed" for r in _newest(runs).values()
            ),
            timeout,
        )
        run: dict[str, Any] = self.get(f"/actions/runs/{run_id}")
        return run

    def wait_for(self, run_id: int, status: str) -> None:
        """Wait until a run has a status."""
        self.control.wait_for_runs(
            lambda runs: any(r.run_id == run_id and r.status == status for r in runs)
        )

    def artifact(self, run_id: int, name: str = "podium-result") -> bytes:
        """The zip of an artifact of a run."""
        found = self.get(f"/actions/runs/{run_id}/artifacts", name=name)["artifacts"]
        link = self.ask("GET", f"/actions/artifacts/{found[0]['id']}/zip").headers["location"]
        return requests.get(link, timeout=20).content


def _newest(runs: list[Any]) -> dict[int, Any]:
    return {run.run_id: run for run in runs}


@pytest.fixture(scope="module")
def timed() -> Iterator[SandboxProcess]:
    """A sandbox whose runs end by the clock."""
    with start_sandbox(mode="timed") as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def real() -> Iterator[SandboxProcess]:
    """A sandbox that runs workflow files."""
    with start_sandbox(mode="act", runners=4) as sandbox:
        yield sandbox


@pytest.fixture
def repo(timed: SandboxProcess) -> Iterator[Repo]:
    """A fresh repository with `worker.yml`, in timed mode; rules and faults are reset after."""
    name = f"octo-org/widgets-{next(_NUMBERS)}"
    settings = timed.control.settings()
    timed.control.add_repository(name, files={".github/workflows/worker.yml": WORKER})
    yield Repo(timed, name)
    timed.control.clear_faults()
    timed.control.timed([])
    timed.control.cancel_runs(name)
    timed.control.release()
    timed.control.settings(**settings.model_dump())


@pytest.fixture
def real_repo(real: SandboxProcess) -> Iterator[Repo]:
    """A fresh repository without files, whose workflows really run."""
    settings = real.control.settings()
    yield Repo(real, f"octo-org/gadgets-{next(_NUMBERS)}")
    real.control.settings(**settings.model_dump())
