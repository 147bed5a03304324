"""The examples, each ready to be run end to end: what it is served, given and answered."""

import importlib.util
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from contracts import names
from contracts.report import OrchestrationReport, OrchestrationStatus
from tests.examples.theatre import Theatre, ended, open_gate
from tests.system.stand import ROOT

EXAMPLES = ROOT / "examples"
BOSS = {"approver": "octo-release-manager", "comment": "looked at it"}


def load(path: Path) -> ModuleType:
    """Import one of an example's own programs, with its neighbours in reach."""
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


@contextmanager
def serving(example: str, program: str, server: str) -> Iterator[Any]:
    """Serve an example's small HTTP target on a free port of this machine."""
    made = getattr(load(EXAMPLES / example / "target" / program), server)()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join(5)
        made.server_close()


@dataclass(frozen=True)
class Target:
    """An HTTP target: program, class, and the input that takes its URL."""

    program: str
    server: str
    given_as: str


@dataclass(frozen=True)
class Piece:
    """One example."""

    label: str
    folder: str
    repository: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    target: Target | None = None
    approver: bool = False
    event: str = ""
    """The payload that starts it, beside the spec."""
    prepare: Callable[[Theatre, Path], None] | None = None
    expected: OrchestrationStatus = OrchestrationStatus.SUCCEEDED


def write_organization(theatre: Theatre, scratch: Path) -> None:
    """Serve the sample organization beside its home repository."""
    made = load(EXAMPLES / "security-audit" / "make_organization.py").write(scratch)
    for name, told in made["repositories"].items():
        theatre.stand.control.add_repository(
            f"octo-org/{name}",
            folder=scratch / name,
            archived=bool(told.get("archived")),
            fork=bool(told.get("fork")),
        )


def seed_events(theatre: Theatre, _: Path) -> None:
    """Have the issues of all sample events in the repository."""
    events = (theatre.folder / "events").glob("*.json")
    issues = [json.loads(path.read_text())["issue"] for path in sorted(events)]
    theatre.stand.control.seed_issues("octo-org/lantern", issues)


PIECES = (
    Piece("X1", "daily-issue-analysis", "octo-org/widgets"),
    Piece("X2", "repository-health", "octo-org/harbor", {"as_of": "2026-11-02"}),
    Piece(
        "X3",
        "deployment-pipeline",
        "octo-org/tea-house",
        {"version": "1.4.0", "issue_number": "1"},
        target=Target("target.py", "Target", "target_url"),
        approver=True,
    ),
    Piece(
        "X4",
        "issue-router",
        "octo-org/lantern",
        event="events/bug-complete.json",
        prepare=seed_events,
    ),
    Piece(
        "X5",
        "security-audit",
        "octo-org/security",
        prepare=write_organization,
        expected=OrchestrationStatus.PARTIAL,
    ),
    Piece("X6", "documentation-reflection", "octo-org/widgets"),
    Piece(
        "X7",
        "guarded-tasks",
        "octo-org/widgets",
        target=Target("site_server.py", "SiteServer", "site_url"),
    ),
    Piece(
        "X8",
        "batch-pool",
        "octo-org/widgets",
        target=Target("effects_server.py", "EffectsServer", "target_url"),
        expected=OrchestrationStatus.PARTIAL,
    ),
)


async def play(theatre: Theatre, piece: Piece, scratch: Path, key: str = "") -> OrchestrationReport:
    """Run one example to its end."""
    with ExitStack() as open_:
        inputs = dict(piece.inputs)
        if piece.target:
            server = serving(piece.folder, piece.target.program, piece.target.server)
            inputs[piece.target.given_as] = open_.enter_context(server).url
        if piece.prepare:
            piece.prepare(theatre, scratch)
        started_with = theatre.rendered(**inputs)
        if piece.event:
            event = json.loads((theatre.folder / piece.event).read_text())
            started_with = {**started_with, "event": event}
        handle = await theatre.start(started_with, key)
        if piece.approver:
            await open_gate(handle)
            await handle.signal(names.SIGNAL_APPROVE, BOSS)
        return await ended(handle)
