"""Names that other processes and people rely on: queues, ids, signals, queries, attributes."""

import hashlib
import re

TASK_QUEUE = "podium"
"""Workflows, and activities that call nothing outside."""
READ_QUEUE = "podium-github"
"""Reads from GitHub."""
WATCH_QUEUE = "podium-github-watch"
"""Polls of run lists; its rate limit is the polling budget."""
DISPATCH_QUEUE = "podium-github-dispatch"
"""`workflow_dispatch` calls and cancellations."""
CONTENT_QUEUE = "podium-github-content"
"""Issues, comments, pull requests."""

_FAIRNESS_BYTES = 64

SIGNAL_RUNS_COMPLETED = "runs_completed"
SIGNAL_PAUSE = "pause"
SIGNAL_RESUME = "resume"
SIGNAL_APPROVE = "approve"
SIGNAL_REJECT = "reject"
SIGNAL_CRITIQUE = "critique"
SIGNAL_ACCEPT = "accept"
SIGNAL_STOP = "stop"
SIGNAL_GATE_COMMENT = "gate_comment"
SIGNAL_ANNOUNCE = "announce"
SIGNAL_WATCH = "watch"
SIGNAL_RUNS_SEEN = "runs_seen"
SIGNAL_COMMENTS_SEEN = "comments_seen"
SIGNAL_RELEASE = "release"
SIGNAL_HUSH = "hush"
UPDATE_DECIDE = "decide"
UPDATE_CLAIM = "claim"
SIGNAL_RECORD = "record"
SIGNAL_FORCE_OPEN = "force-open"
SIGNAL_FORCE_CLOSE = "force-close"
SIGNAL_RESET = "reset"
UPDATE_PERMIT = "permit"
UPDATE_LEAVE = "leave"
QUERY_STATE = "state"
QUERY_STATUS = "status"
QUERY_REPORT = "report"
QUERY_DECISIONS = "decisions"
QUERY_GATES = "gates"
QUERY_LOOKUP = "lookup"

ATTRIBUTE_PATTERN = "PodiumPattern"
ATTRIBUTE_SPEC = "PodiumSpec"
ATTRIBUTE_REPOSITORY = "PodiumRepository"
ATTRIBUTE_STATUS = "PodiumStatus"
ATTRIBUTE_WAITING_FOR = "PodiumWaitingFor"
SEARCH_ATTRIBUTES = (
    ATTRIBUTE_PATTERN,
    ATTRIBUTE_SPEC,
    ATTRIBUTE_REPOSITORY,
    ATTRIBUTE_STATUS,
    ATTRIBUTE_WAITING_FOR,
)
"""All keywords; a Temporal Worker refuses to start in a namespace that lacks one."""

DISPATCH_ID_INPUT = "dispatch_id"
AW_CONTEXT_INPUT = "aw_context"
RESULT_ARTIFACT = "podium-result"
RESULT_FILE = "result.json"
RESULT_BLOCK = "json podium-result"
MARKER = "<!-- podium:"
"""How every hidden marker in text that Podium writes begins."""

_DISPATCH_ID = re.compile(r"\bpd-[0-9a-f]{24}\b")


def workflow_id(spec_name: str, key: str) -> str:
    """Name an orchestration: `podium/<spec name>/<key>`."""
    return f"podium/{spec_name}/{key}"


def workflow_file(written: str) -> str:
    """Name the file that GitHub runs: a gh-aw workflow's `.md` is compiled to a `.lock.yml`."""
    return f"{written.removesuffix('.md')}.lock.yml" if written.endswith(".md") else written


def is_agentic(workflow: str) -> bool:
    """Whether a workflow file is of gh-aw, by its name."""
    return workflow.endswith((".md", ".lock.yml"))


def worker_name(workflow: str) -> str:
    """Name a worker in reports: its file without the endings."""
    return workflow.rsplit(".", 1)[0].removesuffix(".lock")


def run_watch_id(repository: str) -> str:
    """Name the one watcher of a repository; GitHub's names ignore case, so this does too."""
    return f"run-watch/{repository.lower()}"


def gate_watch_id(repository: str) -> str:
    """Name the one watcher of a repository's approval issues."""
    return f"gate-watch/{repository.lower()}"


def fairness_key(repository: str) -> str:
    """Name a repository to Temporal's task queues, which take 64 bytes."""
    name = repository.lower()
    if len(name.encode()) <= _FAIRNESS_BYTES:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"{name[: _FAIRNESS_BYTES - 17]}~{digest[:16]}"


def breaker_id(repository: str, workflow: str, scope: str) -> str:
    """Name the one breaker of a worker: of its owner's repositories together, or of one of them."""
    place = repository if scope == "repository" else repository.split("/", 1)[0]
    return f"breaker/{place}/{workflow}".lower()


def content_id(identity: str) -> str:
    """Name the one counter of what an identity writes."""
    return f"content/{identity.lower()}"


def dispatch_id(first_execution_run_id: str, worker: str, item_key: str, attempt: int) -> str:
    """Derive the id that one attempt at one item carries to its worker.

    The first execution's run id stays through continue-as-new and reset, and changes when a
    workflow id is used again, so the same attempt has the same id for ever and no other has it.
    """
    parts = "\x1f".join((first_execution_run_id, worker, item_key, str(attempt)))
    return "pd-" + hashlib.sha256(parts.encode()).hexdigest()[:24]


def find_dispatch_id(text: str) -> str | None:
    """Find a dispatch id in a run's title, or None."""
    found = _DISPATCH_ID.search(text)
    return found.group() if found else None
