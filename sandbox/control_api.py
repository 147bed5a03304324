"""The control endpoints under `/_sandbox/`: what tests and demos steer and read."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.control_models import (
    ForeignRuns,
    Health,
    Hook,
    LedgerView,
    NewApp,
    NewRepository,
    Posted,
    RunRecord,
    SeededIssues,
)
from sandbox.deliveries import Deliveries
from sandbox.faults import FaultRule, Faults
from sandbox.foreign import inject_runs
from sandbox.hub import Hub
from sandbox.issues import seed_issue
from sandbox.model import Attempt, Run
from sandbox.rest.code_scanning import sarif_record
from sandbox.runs.engine import Engine
from sandbox.runs.timed import TimedRules
from sandbox.settings import TimedRule
from sandbox.wire import ApiError

_KINDS = {"requests", "dispatches", "runs", "calls"}
_MAX_REQUESTS_GIVEN = 50_000


class Control:
    """The handlers; each takes the body as JSON and the query, and gives JSON back."""

    def __init__(
        self, hub: Hub, engine: Engine, faults: Faults, timed: TimedRules, deliveries: Deliveries
    ) -> None:
        self._hub = hub
        self._engine = engine
        self._faults = faults
        self._timed = timed
        self._deliveries = deliveries

    def routes(self) -> list[Route]:
        """The routes of all control endpoints."""
        table: dict[str, dict[str, Callable[[Any, dict[str, str]], Any]]] = {
            "health": {"GET": self.health},
            "ledger": {"GET": self.ledger, "DELETE": self.clear_ledger},
            "faults": {"POST": self.set_faults, "DELETE": self.clear_faults},
            "settings": {"GET": self.settings, "POST": self.change_settings},
            "timed": {"POST": self.set_timed},
            "runs": {"POST": self.foreign_runs, "DELETE": self.cancel_runs},
            "repositories": {"POST": self.add_repository},
            "issues": {"POST": self.seed_issues},
            "hook": {"GET": self.posted, "POST": self.set_hook, "DELETE": self.clear_hook},
            "sarifs": {"GET": self.sarifs},
            "tokens": {"POST": self.add_token},
            "apps": {"POST": self.set_app},
            "hold": {"POST": self.hold},
            "release": {"POST": self.release},
        }
        return [
            Route(f"/_sandbox/{name}", _endpoint(handler), methods=[method])
            for name, handlers in table.items()
            for method, handler in handlers.items()
        ]

    def health(self, _body: Any, _query: dict[str, str]) -> Health:
        """`GET health`."""
        runs = self._hub.world.runs.values()
        return Health(
            ok=True,
            pid=os.getpid(),
            api_url=self._hub.api_url,
            blob_url=self._hub.blob_url,
            runs=len(runs),
            in_progress=sum(run.state.status == "in_progress" for run in runs),
            held=self._engine.held,
        )

    def ledger(self, _body: Any, query: dict[str, str]) -> LedgerView:
        """`GET ledger?since=&kind=`; `kind` is a comma-separated choice of its parts."""
        since = float(query.get("since") or 0)
        kinds = set(query["kind"].split(",")) if query.get("kind") else _KINDS
        ledger, view = self._hub.ledger, LedgerView().model_dump()
        if "requests" in kinds:
            limit = min(int(query.get("limit") or _MAX_REQUESTS_GIVEN), _MAX_REQUESTS_GIVEN)
            view["requests"] = ledger.requests_since(since, limit)
        if "dispatches" in kinds:
            view["dispatches"] = [asdict(d) for d in ledger.dispatches if d.at >= since]
        if "runs" in kinds:
            runs = self._hub.world.runs.values()
            records = [_record(run, attempt) for run in runs for attempt in run.attempts]
            view["runs"] = [r for r in records if r.queued_at >= since]
        if "calls" in kinds:
            view["calls"] = ledger.call_counts()
        return LedgerView.model_validate(view)

    def clear_ledger(self, _body: Any, _query: dict[str, str]) -> dict[str, bool]:
        """`DELETE ledger`: forget requests and dispatches (runs stay)."""
        self._hub.ledger.clear()
        return {"ok": True}

    def set_faults(self, body: Any, _query: dict[str, str]) -> dict[str, int]:
        """`POST faults`: put a list of rules in force, in place of those before."""
        rules = TypeAdapter(list[FaultRule]).validate_python(body)
        self._faults.replace(rules, self._hub.settings.seed)
        return {"rules": len(rules)}

    def clear_faults(self, _body: Any, _query: dict[str, str]) -> dict[str, int]:
        """`DELETE faults`."""
        return self.set_faults([], {})

    def set_hook(self, body: Any, _query: dict[str, str]) -> Posted:
        """`POST hook`: post deliveries there from now on."""
        self._deliveries.send_to(Hook.model_validate(body))
        return self._deliveries.posted

    def clear_hook(self, _body: Any, _query: dict[str, str]) -> dict[str, bool]:
        """`DELETE hook`."""
        self._deliveries.send_to(None)
        return {"ok": True}

    def posted(self, _body: Any, _query: dict[str, str]) -> Posted:
        """`GET hook`: what became of the deliveries."""
        return self._deliveries.posted

    def settings(self, _body: Any, _query: dict[str, str]) -> BaseModel:
        """`GET settings`."""
        return self._hub.settings

    def change_settings(self, body: Any, _query: dict[str, str]) -> BaseModel:
        """`POST settings`: change those named, keep the rest."""
        self._hub.settings = self._hub.settings.changed(body)
        self._engine.pump()
        return self._hub.settings

    def set_timed(self, body: Any, _query: dict[str, str]) -> dict[str, int]:
        """`POST timed`: put a list of rules in force, in place of those before."""
        rules = TypeAdapter(list[TimedRule]).validate_python(body)
        self._timed.replace(rules)
        return {"rules": len(rules)}

    def foreign_runs(self, body: Any, _query: dict[str, str]) -> dict[str, list[int]]:
        """`POST runs`: put runs of somebody else into a repository."""
        return {"run_ids": inject_runs(self._hub, ForeignRuns.model_validate(body))}

    def cancel_runs(self, _body: Any, query: dict[str, str]) -> dict[str, int]:
        """`DELETE runs?repository=`: force-cancel every run that has not ended."""
        wanted = query.get("repository")
        runs = [
            run
            for run in self._hub.world.runs.values()
            if run.state.status != "completed" and wanted in {None, run.repository}
        ]
        # Newest first, so that no queued run takes the place of one that ends.
        for run in reversed(runs):
            if run.state.status != "completed":
                self._engine.cancel(run, "", force=True)
        return {"cancelled": len(runs)}

    def add_repository(self, body: Any, _query: dict[str, str]) -> dict[str, str]:
        """`POST repositories`: serve a folder, or files given as text."""
        asked = NewRepository.model_validate(body)
        folder = Path(asked.folder) if asked.folder else self._write(asked)
        repository = self._hub.add_repository(asked.repository, folder)
        repository.archived, repository.fork = asked.archived, asked.fork
        repository.topics = asked.topics
        for branch in asked.branches:
            repository.branches[branch] = self._hub.tree(repository).sha
        return {"repository": repository.full_name, "folder": repository.folder}

    def _write(self, asked: NewRepository) -> Path:
        root = (self._hub.data_folder / "inline" / asked.repository.lower()).resolve()
        for path, text in (asked.files or {}).items():
            target = (root / path).resolve()
            if not target.is_relative_to(root):
                raise ValueError(f"{path} leaves the repository")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        root.mkdir(parents=True, exist_ok=True)
        return root

    def seed_issues(self, body: Any, _query: dict[str, str]) -> dict[str, list[int]]:
        """`POST issues`: take over issues as GitHub lists them."""
        seeded = SeededIssues.model_validate(body)
        repository = self._hub.repository(*seeded.repository.split("/"))
        issues = [seed_issue(self._hub, repository, entry) for entry in seeded.issues]
        return {"numbers": [issue.number for issue in issues]}

    def sarifs(self, _body: Any, query: dict[str, str]) -> list[dict[str, Any]]:
        """`GET sarifs?repository=`: what was uploaded, unpacked."""
        wanted = query.get("repository")
        found = self._hub.world.sarifs.values()
        return [sarif_record(s).model_dump() for s in found if wanted in {None, s.repository}]

    def add_token(self, body: Any, _query: dict[str, str]) -> dict[str, str]:
        """`POST tokens`: `{"login", "token"?, "scopes"?}` lets a token speak for a login."""
        scopes = body.get("scopes")
        identity = self._hub.add_token(str(body["login"]), body.get("token"), scopes)
        return {"login": identity.login, "token": identity.token}

    def set_app(self, body: Any, _query: dict[str, str]) -> dict[str, dict[str, int]]:
        """`POST apps`: know an App; gives the numbers of its installations by owner."""
        app = self._hub.apps.put(NewApp.model_validate(body))
        return {"installations": {one.owner: one.id for one in app.installations.values()}}

    def hold(self, _body: Any, _query: dict[str, str]) -> dict[str, bool]:
        """`POST hold`: runs stay queued."""
        self._engine.hold(held=True)
        return {"held": True}

    def release(self, _body: Any, _query: dict[str, str]) -> dict[str, bool]:
        """`POST release`: runs start again."""
        self._engine.hold(held=False)
        return {"held": False}


def _endpoint(handler: Callable[[Any, dict[str, str]], Any]) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        if "origin" in request.headers:
            # Only browsers send it: no page of any site may steer the sandbox.
            return JSONResponse({"message": "Not for browsers"}, 403)
        content = await request.body()
        try:
            body = json.loads(content) if content.strip() else {}
            given = handler(body, dict(request.query_params))
        except ApiError as error:
            return JSONResponse({"message": error.message}, error.status)
        except (ValidationError, ValueError, KeyError) as error:
            return JSONResponse({"message": str(error)}, 422)
        if isinstance(given, BaseModel):
            return Response(given.model_dump_json(), media_type="application/json")
        return JSONResponse(given)

    return answer


def _record(run: Run, attempt: Attempt) -> RunRecord:
    states = [state for state in run.history if state.attempt == attempt.number]
    last = states[-1]
    return RunRecord(
        run_id=run.id,
        attempt=attempt.number,
        repository=run.repository,
        workflow=run.workflow_path,
        title=run.title,
        event=run.event,
        login=attempt.login,
        dispatch_id=run.dispatch_id,
        queued_at=states[0].at,
        started_at=attempt.running_since,
        completed_at=last.at if last.status == "completed" else None,
        status=last.status,
        conclusion=last.conclusion,
        cancelled_by=attempt.cancelled_by,
    )
