"""A repository of the sample organization, and what its made-up secrets are made of."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
DIGITS = "23456789"
RANKS = {
    "critical": "private-key github-token aws-access-key stripe-live-key package-token",
    "high": "slack-token google-api-key url-password secret-assignment python-eval python-sql-text "
    "python-unpickle python-yaml-load python-shell python-no-tls-check workflow-injection "
    "javascript-eval javascript-no-tls-check",
    "medium": "json-web-token python-password-hash python-debug-server python-mktemp "
    "javascript-inner-html",
    "low": "python-weak-hash docker-unpinned-image",
}
"""Rules by the severity that the scanner gives them, said here once more to be compared."""


@dataclass
class Sample:
    """One repository of the organization.

    Attributes:
        rules: how often each rule is broken; None where the scan fails.
        passed_along: SARIF files that are committed in it.
        status: of the worker's result.
    """

    name: str
    files: dict[str, str] = field(default_factory=dict)
    rules: dict[str, int] | None = field(default_factory=dict)
    passed_along: list[str] = field(default_factory=list)
    status: str = "success"
    archived: bool = False
    fork: bool = False
    topics: tuple[str, ...] = ()

    def plant(self, path: str, text: str, **rules: int) -> None:
        """Add a file that breaks rules so many times; `_` in a name stands for `-`."""
        self.files[path] = text
        for name, count in rules.items():
            rule = name.replace("_", "-")
            self.rules = {**(self.rules or {})}
            self.rules[rule] = self.rules.get(rule, 0) + count

    def expected(self) -> dict[str, Any]:
        """What a scan must find, and what the list of repositories says."""
        return {
            "status": self.status,
            "by_severity": None if self.rules is None else self._by_severity(self.rules),
            "by_rule": None if self.rules is None else dict(sorted(self.rules.items())),
            "passed_along": self.passed_along,
            "archived": self.archived,
            "fork": self.fork,
            "topics": list(self.topics),
        }

    def _by_severity(self, rules: dict[str, int]) -> dict[str, int]:
        ranked = {rank: names.split() for rank, names in RANKS.items()}
        return {rank: sum(rules.get(n, 0) for n in names) for rank, names in ranked.items()}


class Mint:
    """Makes values that look like secrets, always the same ones."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - nothing is protected by these

    def __call__(self, length: int, alphabet: str = LETTERS + DIGITS) -> str:
        """Make one value with a digit, a small and a capital letter in it, if the alphabet has."""
        inner = "".join(self._random.choice(alphabet) for _ in range(length - 3))
        return inner + "".join(c for c in "k7Q" if c in alphabet).ljust(3, alphabet[0])

    def github(self) -> str:
        """Make a token as GitHub's look."""
        return "gh" + "p_" + self(36)

    def aws(self) -> str:
        """Make the id of an access key as those of AWS look."""
        return "AK" + "IA" + self(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")

    def stripe(self) -> str:
        """Make a live key as those of Stripe look."""
        return "sk_" + "live_" + self(24)

    def slack(self) -> str:
        """Make a bot token as those of Slack look."""
        return "xo" + "xb-" + self(12, DIGITS) + "-" + self(24)

    def google(self) -> str:
        """Make an API key as those of Google look."""
        return "AI" + "za" + self(35)

    def npm(self) -> str:
        """Make a publishing token as those of npm look."""
        return "np" + "m_" + self(36)

    def private_key(self) -> str:
        """Make a file that looks like a private key."""
        begin, end = ("-----" + word + " RSA PRIVATE" + " KEY-----" for word in ("BEGIN", "END"))
        return "\n".join([begin, *(self(64) for _ in range(6)), end, ""])

    def web_token(self) -> str:
        """Make something that looks like a signed JSON Web Token."""
        return "ey" + "J" + self(20) + ".ey" + "J" + self(40) + "." + self(43)
