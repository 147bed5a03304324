"""What happened here: requests and accepted dispatches, for tests and benches to count."""

from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_REQUESTS = 200_000


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """One request that arrived. `at` is seconds since the epoch."""

    at: float
    method: str
    route: str
    path: str
    query: str
    status: int
    login: str | None
    counted: bool
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class DispatchEntry:
    """One dispatch that made a run. `at` is seconds since the epoch."""

    at: float
    repository: str
    workflow: str
    run_id: int
    login: str
    dispatch_id: str | None
    inputs: dict[str, Any]


@dataclass(slots=True)
class Ledger:
    """The record; of requests it keeps the last 200,000."""

    requests: deque[RequestEntry] = field(default_factory=lambda: deque(maxlen=MAX_REQUESTS))
    dispatches: list[DispatchEntry] = field(default_factory=list)
    calls: Counter[tuple[str, str, str, int, bool]] = field(default_factory=Counter)

    def add_request(self, entry: RequestEntry) -> None:
        """Record a request."""
        self.requests.append(entry)
        self.calls[entry.login or "", entry.method, entry.route, entry.status, entry.counted] += 1

    def requests_since(self, since: float, limit: int) -> list[dict[str, Any]]:
        """The newest `limit` requests that arrived at or after a time, oldest first."""
        chosen: list[dict[str, Any]] = []
        for entry in reversed(self.requests):
            if entry.at < since or len(chosen) >= limit:
                break
            chosen.append(asdict(entry))
        return chosen[::-1]

    def call_counts(self) -> list[dict[str, Any]]:
        """Requests since the start, by login, endpoint, status and whether they count."""
        names = ("login", "method", "route", "status", "counted")
        return [dict(zip(names, key, strict=True)) | {"calls": n} for key, n in self.calls.items()]

    def clear(self) -> None:
        """Forget requests and dispatches."""
        self.requests.clear()
        self.dispatches.clear()
        self.calls.clear()
