"""A typed client of the sandbox's control endpoints."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from sandbox.control_models import (
    Concurrency,
    DispatchRecord,
    ForeignRuns,
    Health,
    Hook,
    LedgerView,
    Posted,
    RequestRecord,
    RunRecord,
    SarifRecord,
    concurrency_of,
)
from sandbox.faults import FaultRule
from sandbox.settings import Settings, TimedRule

__all__ = [
    "Concurrency",
    "ControlError",
    "DispatchRecord",
    "FaultRule",
    "ForeignRuns",
    "Health",
    "LedgerView",
    "RequestRecord",
    "RunRecord",
    "SandboxControl",
    "SarifRecord",
    "Settings",
    "TimedRule",
]


class ControlError(RuntimeError):
    """The sandbox refused a control request; the text says why."""


class SandboxControl:
    """Steers a sandbox and reads its ledger. Not for use by several threads at once."""

    def __init__(self, api_url: str, timeout: float = 30.0) -> None:
        """Connect lazily.

        Args:
            api_url: as the sandbox printed it.
            timeout: seconds that one control request may take.
        """
        self._base = f"{api_url.rstrip('/')}/_sandbox"
        self._timeout = timeout
        self._session = requests.Session()
        # A proxy named in the environment must not see requests to this machine.
        self._session.trust_env = False

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, method: str, name: str, body: Any = None, **query: Any) -> Any:
        response = self._session.request(
            method, f"{self._base}/{name}", json=body, params=query, timeout=self._timeout
        )
        if not response.ok:
            raise ControlError(f"{method} {name}: {response.status_code} {response.text[:2000]}")
        return response.json()

    def health(self) -> Health:
        """The sandbox as a whole."""
        return Health.model_validate(self._ask("GET", "health"))

    def ledger(self, *kinds: str, since: float = 0.0) -> LedgerView:
        """What happened since a time (epoch seconds).

        Args:
            kinds: of `requests`, `dispatches`, `runs`, `calls`; none means all.
            since: entries before it are left out (`calls` counts everything).
        """
        query = {"since": since} | ({"kind": ",".join(kinds)} if kinds else {})
        return LedgerView.model_validate(self._ask("GET", "ledger", **query))

    def clear_ledger(self) -> None:
        """Forget requests and dispatches; runs stay."""
        self._ask("DELETE", "ledger")

    def runs(self, *, since: float = 0.0) -> list[RunRecord]:
        """The lives of all attempts of all runs, oldest first."""
        return self.ledger("runs", since=since).runs

    def dispatches(self, *, since: float = 0.0) -> list[DispatchRecord]:
        """Every dispatch that made a run, oldest first."""
        return self.ledger("dispatches", since=since).dispatches

    def requests(self, *, since: float = 0.0) -> list[RequestRecord]:
        """Requests of the API, oldest first; the newest 50,000 at most."""
        return self.ledger("requests", since=since).requests

    def dispatches_by_id(self) -> Counter[str]:
        """How many runs were made for each `dispatch_id`."""
        return Counter(d.dispatch_id for d in self.dispatches() if d.dispatch_id)

    def concurrency(self, *, workflow: str | None = None, since: float = 0.0) -> Concurrency:
        """Peak and average of simultaneous runs, of one workflow file or of all."""
        chosen = [r for r in self.runs(since=since) if _is_of(r, workflow)]
        return concurrency_of(chosen, time.time())

    def api_calls(self, login: str | None = None, *, counted_only: bool = False) -> Counter[str]:
        """Requests by endpoint (`GET /repos/{owner}/{repo}/...`), of one login or of all."""
        total: Counter[str] = Counter()
        for entry in self.ledger("calls").calls:
            if login in {None, entry.login} and (entry.counted or not counted_only):
                total[f"{entry.method} {entry.route}"] += entry.calls
        return total

    def wait_for_runs(
        self, done: Callable[[list[RunRecord]], bool], timeout: float = 60.0
    ) -> list[RunRecord]:
        """Look at the runs until `done` says yes.

        Raises:
            TimeoutError: after `timeout` seconds.
        """
        end = time.monotonic() + timeout
        while True:
            runs = self.runs()
            if done(runs):
                return runs
            if time.monotonic() >= end:
                raise TimeoutError(f"The runs did not get there in {timeout} s: {runs[-5:]}")
            time.sleep(0.05)

    def faults(self, rules: Iterable[FaultRule | Mapping[str, Any]]) -> None:
        """Put fault rules in force, in place of those before."""
        self._ask("POST", "faults", [_plain(rule) for rule in rules])

    def clear_faults(self) -> None:
        """No faults any more."""
        self._ask("DELETE", "faults")

    def settings(self, **changes: Any) -> Settings:
        """Change the settings named, keep the rest, and give back all of them."""
        return Settings.model_validate(self._ask("POST", "settings", changes))

    def timed(self, rules: Iterable[TimedRule | Mapping[str, Any]]) -> None:
        """Put timed rules in force, in place of those before."""
        self._ask("POST", "timed", [_plain(rule) for rule in rules])

    def inject_runs(self, repository: str, workflow: str, **fields: Any) -> list[int]:
        """Put runs of somebody else into a repository; `fields` are those of `ForeignRuns`."""
        asked = ForeignRuns(repository=repository, workflow=workflow, **fields)
        found: list[int] = self._ask("POST", "runs", asked.model_dump())["run_ids"]
        return found

    def cancel_runs(self, repository: str | None = None) -> int:
        """Force-cancel every run (of one repository) that has not ended; gives their number."""
        query = {"repository": repository} if repository else {}
        return int(self._ask("DELETE", "runs", **query)["cancelled"])

    def add_repository(
        self,
        repository: str,
        folder: Path | None = None,
        files: Mapping[str, str] | None = None,
        branches: Iterable[str] = (),
        *,
        archived: bool = False,
        fork: bool = False,
        topics: Iterable[str] = (),
    ) -> None:
        """Serve `owner/name` from a folder, or from texts by path."""
        body = {
            "repository": repository,
            "folder": str(folder) if folder else None,
            "files": dict(files) if files else None,
            "branches": list(branches),
            "archived": archived,
            "fork": fork,
            "topics": list(topics),
        }
        self._ask("POST", "repositories", body)

    def seed_issues(self, repository: str, issues: Iterable[Mapping[str, Any]]) -> list[int]:
        """Take over issues in the shape in which GitHub lists them; gives their numbers."""
        body = {"repository": repository, "issues": [dict(issue) for issue in issues]}
        found: list[int] = self._ask("POST", "issues", body)["numbers"]
        return found

    def sarifs(self, repository: str | None = None) -> list[SarifRecord]:
        """The SARIF files that were uploaded (to one repository), oldest first."""
        query = {"repository": repository} if repository else {}
        return [SarifRecord.model_validate(s) for s in self._ask("GET", "sarifs", **query)]

    def add_token(self, login: str, token: str | None = None, scopes: str | None = None) -> str:
        """Let a token speak for a login; without one, a new token is made.

        Args:
            login: whom it speaks for.
            token: the token.
            scopes: of a classic token, as `X-OAuth-Scopes` tells them.
        """
        asked = {"login": login, "token": token, "scopes": scopes}
        return str(self._ask("POST", "tokens", asked)["token"])

    def add_app(
        self, app_id: int, slug: str, public_key: str, *installations: Mapping[str, Any]
    ) -> dict[str, int]:
        """Know an App, in place of the one of that number; gives its installations by owner.

        Args:
            app_id: what its tokens name as `iss`.
            slug: it writes as `<slug>[bot]`.
            public_key: in PEM.
            installations: the fields of `NewInstallation`.
        """
        asked = {"app_id": app_id, "slug": slug, "public_key": public_key}
        body = asked | {"installations": [dict(one) for one in installations]}
        found: dict[str, int] = self._ask("POST", "apps", body)["installations"]
        return found

    def deliver(self, url: str, secret: str, **faults: Any) -> None:
        """Post webhooks there from now on; `faults` are fields of `Hook`."""
        self._ask("POST", "hook", Hook(url=url, secret=secret, **faults).model_dump())

    def posted(self) -> Posted:
        """What became of the deliveries so far."""
        return Posted.model_validate(self._ask("GET", "hook"))

    def hold(self) -> None:
        """Keep all runs queued."""
        self._ask("POST", "hold")

    def release(self) -> None:
        """Let queued runs start."""
        self._ask("POST", "release")


def _plain(rule: FaultRule | TimedRule | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(rule, FaultRule | TimedRule):
        return rule.model_dump(exclude_unset=True)
    return dict(rule)


def _is_of(run: RunRecord, workflow: str | None) -> bool:
    return workflow is None or run.workflow.rsplit("/", 1)[-1] == workflow
