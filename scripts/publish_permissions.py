"""Write docs/permissions.md: which of GitHub's permissions Podium needs, made from the code."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from contracts.permissions import RULES, Permissions, least, most, needed, possible
from contracts.specs import PATTERNS
from starter.spec_file import load_spec

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "permissions.md"
ADAPTER = ROOT / "activities" / "github"

INTRODUCTION = """# Permissions

What Podium's own token needs on GitHub: the repository permissions of a GitHub App or of a fine-grained
token. `make permissions` makes this page from the code, and a test holds it there. Workers have tokens
of their own, by `permissions:` in their files; Podium's never reaches them.

A Temporal Worker says when it starts what its token may do beyond this page. With `PODIUM_STRICT=1` it
refuses to start with one that can do more. How far that can be known:

| token | what GitHub tells | with `PODIUM_STRICT=1` |
| --- | --- | --- |
| App (`PODIUM_GITHUB_APP_ID`) | the permissions of each installation | refused if one can write what no spec needs written |
| classic token (`ghp_`) | its scopes | refused: the scope it takes to dispatch can push code too |
| fine-grained token (`github_pat_`) | nothing | let through, and told |
| a workflow's `GITHUB_TOKEN` | nothing | let through, and told |
"""

PARTS = {
    "actions": "actions",
    "contents": "contents",
    "git": "contents",
    "branches": "contents",
    "commits": "contents",
    "issues": "issues",
    "pulls": "pull_requests",
    "code-scanning": "security_events",
    "collaborators": "metadata",
    "teams": "members",
    "": "metadata",
    "installation": "metadata",
}
"""Permission by the part of the path behind the repository or organization."""
_REPOSITORY = re.compile(r"^/(?:repos/\{\}|orgs/\{\})(?:/([a-z-]+))?")


class UnknownPathError(LookupError):
    """A path of the adapter for which the permission is not known."""


def calls() -> dict[str, str]:
    """Read from the adapter what it asks for: the permission, by method and path."""
    found: dict[str, str] = {}
    for path in sorted(ADAPTER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                found |= dict(_asked(node))
    return dict(sorted(found.items(), key=lambda one: (one[1], one[0])))


def _asked(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    constants = [n.value for n in ast.walk(function) if isinstance(n, ast.Constant)]
    verbs = [one for one in constants if one in ("POST", "PATCH", "PUT", "DELETE")]
    for node in ast.walk(function):
        if isinstance(node, ast.JoinedStr) and (path := _spelled(node)).startswith(
            ("/repos/", "/orgs/")
        ):
            found = _REPOSITORY.match(path)
            part = (found[1] or "") if found else "?"
            if path.startswith("/orgs/") and part == "repos":  # only tells of what it may see
                part = ""
            if part not in PARTS:
                raise UnknownPathError(f"{function.name}: {path}")
            verb = verbs[0] if verbs and path != "/repos/{}" else "GET"
            level = "read" if verb == "GET" else "write"
            yield f"{verb} {path}", f"{PARTS[part]}: {level}"


def _spelled(text: ast.JoinedStr) -> str:
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else "{}" for part in text.values
    )


def page() -> str:
    """Write the page."""
    every = ", ".join(f"`{scope}: {level}`" for scope, level in most().items())
    return "\n".join(
        [
            INTRODUCTION,
            f"No spec needs more than {every}.\n",
            "## By what a spec says\n",
            *_table("in the spec | needs | to", map(_rule, RULES)),
            "\n## By pattern\n",
            "Without the children of `hierarchical`, which need what their own specs need.\n",
            *_table("pattern | always | as far as the spec says so", map(_pattern, PATTERNS.items())),
            "\n## The examples\n",
            *_table("example | needs", _examples()),
            "\n## Every call\n",
            "As the adapter in `activities/github/` makes them.\n",
            *_table("call | permission", ((f"`{call}`", f"`{needs}`") for call, needs in calls().items())),
            "",
        ]
    )  # fmt: skip


def _table(heads: str, rows: Any) -> list[str]:
    return [
        f"| {heads} |",
        "|" + " --- |" * (heads.count("|") + 1),
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _rule(rule: Any) -> tuple[str, str, str]:
    what = f"`{rule.key}`" if rule.key else "every spec"
    values = f": {', '.join(f'`{one}`' for one in sorted(rule.values))}" if rule.values else ""
    return what + values, _all(dict(rule.needs)), rule.why


def _pattern(one: tuple[str, type[BaseModel]]) -> tuple[str, str, str]:
    name, model = one
    always = least(model)
    more = {scope: level for scope, level in possible(model).items() if always.get(scope) != level}
    return f"`{name}`", _all(always), _all(more)


def _all(permissions: Permissions) -> str:
    return ", ".join(f"`{scope}: {level}`" for scope, level in permissions.items())


def _examples() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "examples").glob("*/*.yml")):
        name = path.relative_to(ROOT / "examples")
        yield f"`{name}`", _all(needed(load_spec(path).spec, _child))


def _child(data: Any) -> BaseModel:
    return PATTERNS[data["pattern"]].model_validate(data)


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
