"""Types of `ApplicationError`: what retry policies, tests and people tell failures apart by."""

BAD_INPUT = "BadInput"
"""The workflow's input does not decode or validate. Never retried."""

ORCHESTRATION_FAILED = "OrchestrationFailed"
"""The orchestration ended `failed`, `rejected` or `timed-out`; the report is in the details."""

GITHUB_UNAVAILABLE = "GitHubUnavailable"
"""GitHub did not answer, or answered 5xx, to a read. Retried."""

GITHUB_RATE_LIMITED = "GitHubRateLimited"
"""GitHub asked to wait; `next_retry_delay` carries for how long. Retried."""

GITHUB_REFUSED = "GitHubRefused"
"""GitHub said no (4xx): the request itself is wrong. Never retried."""

GITHUB_NOT_FOUND = "GitHubNotFound"
"""GitHub knows no such thing, or hides it from this token. Never retried."""

AMBIGUOUS_ANSWER = "AmbiguousAnswer"
"""A write was sent and its answer was lost: look before sending again. Retried."""

UNSETTLED = "Unsettled"
"""An earlier send may still become visible; retried when that can be told. Benign."""

DISPATCH_UNKNOWN = "DispatchUnknown"
"""Several runs may be the one that was dispatched; a person has to look. Never retried."""

ANSWER_REFUSED = "AnswerRefused"
"""An update that answers a gate does not count, and says why. Never retried."""

CIRCUIT_OPEN = "CircuitOpen"
"""The worker's circuit breaker denies this dispatch for now; nothing was sent. Never retried."""

SARIF_PENDING = "SarifPending"
"""GitHub is still processing an upload. Retried a bounded number of times. Benign."""

BAD_SPEC = "BadSpec"
"""A spec or a worker's declaration cannot be used as it is. Never retried."""
