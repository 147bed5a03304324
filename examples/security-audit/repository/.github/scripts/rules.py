"""The rules: what each id means, how bad it is, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

SEVERITIES = ("critical", "high", "medium", "low")


class Finding(NamedTuple):
    """A rule and where it was broken: line and columns count from 1, the end is not part."""

    line: int
    column: int
    end_column: int
    rule: str


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: stable; alerts are known by it.
        score: `security-severity`, from 0.1 to 10, as CVSS ranks.
        cwe: number of the weakness.
        about: what is wrong, in one sentence.
        advice: what to do, in one sentence.
    """

    id: str
    score: float
    cwe: int
    about: str
    advice: str

    @property
    def severity(self) -> str:
        """The rank that GitHub shows for the score."""
        for name, least in (("critical", 9.0), ("high", 7.0), ("medium", 4.0)):
            if self.score >= least:
                return name
        return "low"

    @property
    def level(self) -> str:
        """The default level in SARIF's words."""
        return {"critical": "error", "high": "error", "medium": "warning"}.get(
            self.severity, "note"
        )


_REVOKE = "Revoke it where it was issued, then read it from a secret; deleting the line is not enough, the history keeps it."
_SECRETS = (
    Rule("private-key", 9.5, 321, "A private key is in the repository.", _REVOKE),
    Rule("github-token", 9.3, 798, "A token of GitHub is in the repository.", _REVOKE),
    Rule("aws-access-key", 9.1, 798, "The id of an AWS access key is in the repository.", _REVOKE),
    Rule("stripe-live-key", 9.1, 798, "A live key of Stripe is in the repository.", _REVOKE),
    Rule("package-token", 9.0, 798, "A token that publishes packages is here.", _REVOKE),
    Rule("slack-token", 8.2, 798, "A token of Slack is in the repository.", _REVOKE),
    Rule("google-api-key", 7.5, 798, "A Google API key is in the repository.", _REVOKE),
    Rule("url-password", 7.3, 798, "A URL carries a password.", _REVOKE),
    Rule("secret-assignment", 7.0, 798, "What looks like a secret is written out.", _REVOKE),
    Rule("json-web-token", 5.5, 522, "A signed JSON Web Token is in the repository.", _REVOKE),
)
_PYTHON = (
    Rule(
        *("python-eval", 8.8, 95, "`eval` or `exec` runs text that is not fixed."),
        "Use `ast.literal_eval` for values, or a table of what may be called.",
    ),
    Rule(
        *("python-sql-text", 8.6, 89, "A query is put together from text."),
        "Give the values as parameters of the query.",
    ),
    Rule(
        *("python-unpickle", 8.1, 502, "Unpickling runs whatever the data says."),
        "Use JSON, or check a signature before the data is read.",
    ),
    Rule(
        *("python-yaml-load", 8.0, 502, "`yaml.load` without a safe loader makes any object."),
        "Use `yaml.safe_load`.",
    ),
    Rule(
        *("python-shell", 7.8, 78, "A shell runs a command that is not fixed."),
        "Give the command as a list, without `shell=True`.",
    ),
    Rule(
        *("python-no-tls-check", 7.4, 295, "The server's certificate is not checked."),
        "Leave the check on; name your own authority where you have one.",
    ),
    Rule(
        *("python-password-hash", 6.5, 916, "MD5 or SHA-1 protects a password."),
        "Use `hashlib.scrypt`, or a library for passwords.",
    ),
    Rule(
        *("python-debug-server", 5.3, 489, "A web application starts in debug mode."),
        "Turn it on by the environment of developers only.",
    ),
    Rule(
        *("python-mktemp", 4.4, 377, "`mktemp` names a file that somebody else may create."),
        "Use `tempfile.mkstemp` or `NamedTemporaryFile`.",
    ),
    Rule(
        *("python-weak-hash", 3.1, 328, "MD5 or SHA-1 is used."),
        "Use SHA-256, or say `usedforsecurity=False`.",
    ),
)
_TEXTS = (
    Rule(
        *("workflow-injection", 8.9, 94, "Text of a stranger becomes part of a script."),
        "Give it to the step through `env`, and quote the variable.",
    ),
    Rule(
        *("javascript-eval", 8.3, 95, "`eval` or `new Function` runs text."),
        "Use `JSON.parse` for data, or call a function by name.",
    ),
    Rule(
        *("javascript-no-tls-check", 7.4, 295, "The server's certificate is not checked."),
        "Leave the check on; give `ca` where you have an authority of your own.",
    ),
    Rule(
        *("javascript-inner-html", 6.1, 79, "Text becomes markup by `innerHTML`."),
        "Use `textContent`, or clean the markup first.",
    ),
    Rule(
        *("docker-unpinned-image", 2.6, 1357, "An image is taken at `latest`."),
        "Name a version, better a digest.",
    ),
)

RULES = {rule.id: rule for rule in (*_SECRETS, *_PYTHON, *_TEXTS)}
