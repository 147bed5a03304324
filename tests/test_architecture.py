"""The arrows of ARCHITECTURE.md, and the sizes of the house rules, kept by machine."""

import ast
from pathlib import Path

import pytest

import workflows

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("contracts", "activities", "workflows", "starter", "sandbox", "policy", "worker_main")
MAY_IMPORT = {
    "contracts": {"contracts"},
    "activities": {"activities", "contracts"},
    "workflows": {"workflows", "activities", "contracts"},
    "sandbox": {"sandbox"},
    "policy": {"policy", "workflows", "activities", "contracts"},
    "starter": {"starter", "workflows", "activities", "contracts", "policy"},
    "worker_main": {"starter", "workflows", "activities", "contracts"},
}
STARTS_SANDBOX = {"starter/demo/ending.py", "starter/commands/sandbox.py"}
"""The commands that start a sandbox, the only product code that may import it."""

CONTRACTS_USE = {"pydantic"}
"""Third-party packages of the contracts."""


def modules() -> list[Path]:
    found = [*ROOT.glob("*.py")]
    for room in ROOMS:
        found += (ROOT / room).rglob("*.py")
    return sorted(p for p in found if p.stem != "conftest")


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def violations() -> list[str]:
    found = []
    for path in modules():
        name, room = str(path.relative_to(ROOT)), room_of(path)
        allowed = MAY_IMPORT.get(room, set()) | ({"sandbox"} if name in STARTS_SANDBOX else set())
        found += [f"{name} imports {r}" for r in imports(path) & set(ROOMS) if r not in allowed]
    return found


def test_imports_follow_the_arrows() -> None:
    assert len(modules()) > 40, "the guard would be vacuous"

    assert violations() == []


def test_every_room_is_guarded() -> None:
    assert set(ROOMS) == set(MAY_IMPORT)


def test_contracts_use_pydantic_and_the_standard_library_only() -> None:
    import sys

    used = set().union(*(imports(p) for p in (ROOT / "contracts").rglob("*.py")))

    assert used - {"contracts"} - sys.stdlib_module_names == CONTRACTS_USE


def test_only_the_adapter_imports_pygithub() -> None:
    users = {str(p.relative_to(ROOT)) for p in modules() if "github" in imports(p)}

    assert users == {
        "activities/github/apps.py",
        "activities/github/client.py",
        "activities/github/identities.py",
        "activities/settings.py",
    }


def test_our_workflows_are_not_somebody_elses() -> None:
    assert workflows.__file__ is not None
    assert Path(workflows.__file__).is_relative_to(ROOT)


@pytest.mark.parametrize(("folder", "limit"), [("workflows/patterns", 150), ("", 300)])
def test_files_stay_small(folder: str, limit: int) -> None:
    files = [p for p in modules() if str(p.relative_to(ROOT)).startswith(folder)]

    long = {str(p): n for p in files if (n := len(p.read_text().splitlines())) > limit}

    assert files, "the guard would be vacuous"
    assert long == {}


def test_functions_stay_small() -> None:
    long = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = (
                    node.body[0].lineno if not ast.get_docstring(node) else node.body[0].end_lineno
                )
                lines = (node.end_lineno or 0) - (first or 0) + 1
                if lines > 40:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines}")

    assert long == []
