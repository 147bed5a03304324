"""Risky calls in Python, read from the syntax tree: not from comments, strings or names alone."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator

from rules import Finding

_WEAK_HASHES = frozenset({"hashlib.md5", "hashlib.sha1"})
_UNPICKLERS = frozenset(
    f"{module}.{name}"
    for module in ("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "marshal")
    for name in ("load", "loads", "Unpickler")
)
_SAFE_LOADERS = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader"})
_SHELLS = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"})
_CLIENTS = ("requests.", "httpx.", "aiohttp.")
_PASSWORD = re.compile(r"passw|pwd|passphrase", re.IGNORECASE)


class UnreadableError(Exception):
    """The file is no Python of the version that runs this."""


def risks_in(text: str) -> Iterator[Finding]:
    """Find risky calls.

    Raises:
        UnreadableError: the text cannot be parsed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError(type(error).__name__) from None
    names = _imported(tree)
    passwords = _about_passwords(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = _called(node.func, names)
            rule = next((rule for rule, holds in _RULES if holds(called, node)), "")
            if rule == "python-weak-hash" and (id(node) in passwords or _names_password(node)):
                rule = "python-password-hash"
            if rule:
                yield _place(rule, node.func)


def _place(rule: str, node: ast.expr) -> Finding:
    ends_here = node.end_lineno == node.lineno
    end = (node.end_col_offset or 0) if ends_here else node.col_offset + 1
    # Of bytes; `scan_repository` makes characters of them.
    return Finding(node.lineno, node.col_offset + 1, end + 1, rule)


def _imported(tree: ast.Module) -> dict[str, str]:
    """Map each imported name to the full name that it stands for."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                first = one.name.split(".")[0]
                names[one.asname or first] = one.name if one.asname else first
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for one in node.names:
                names[one.asname or one.name] = f"{node.module}.{one.name}"
    return names


def _called(node: ast.expr, names: dict[str, str]) -> str:
    """Spell what is called in full: `p.loads` as `pickle.loads` after `import pickle as p`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ".".join(["", *reversed(parts)])
    return ".".join([names.get(node.id, node.id), *reversed(parts)])


def _about_passwords(tree: ast.Module) -> set[int]:
    """Find the calls in assignments and functions that are named after passwords."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            named = " ".join(ast.dump(target) for target in node.targets)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            named = node.name
        else:
            continue
        if _PASSWORD.search(named):
            found |= {id(inner) for inner in ast.walk(node) if isinstance(inner, ast.Call)}
    return found


def _names_password(call: ast.Call) -> bool:
    inner = (node for argument in call.args for node in ast.walk(argument))
    return any(
        _PASSWORD.search(getattr(node, "id", "") or getattr(node, "attr", "")) for node in inner
    )


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in call.keywords if one.arg == name), None)


def _is(node: ast.expr | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _is_fixed(node: ast.expr | None) -> bool:
    """Whether a command or text is written out in the source."""
    if isinstance(node, (ast.List, ast.Tuple)):
        return all(_is_fixed(one) for one in node.elts)
    return isinstance(node, ast.Constant)


def _first(call: ast.Call) -> ast.expr | None:
    return call.args[0] if call.args else None


def _evaluates(called: str, call: ast.Call) -> bool:
    return called in ("eval", "exec", "builtins.eval", "builtins.exec") and not _is_fixed(
        _first(call)
    )


def _asks_by_text(called: str, call: ast.Call) -> bool:
    query = _first(call)
    if not called.endswith((".execute", ".executemany", ".executescript")):
        return False
    if isinstance(query, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in query.values)
    if isinstance(query, ast.BinOp):
        return isinstance(query.op, (ast.Add, ast.Mod)) and not (
            _is_fixed(query.left) and _is_fixed(query.right)
        )
    return isinstance(query, ast.Call) and getattr(query.func, "attr", "") == "format"


def _loads_any_yaml(called: str, call: ast.Call) -> bool:
    if called in ("yaml.unsafe_load", "yaml.unsafe_load_all"):
        return True
    if called not in ("yaml.load", "yaml.load_all"):
        return False
    loader = _keyword(call, "Loader") or (call.args[1] if len(call.args) > 1 else None)
    return getattr(loader, "attr", getattr(loader, "id", "")) not in _SAFE_LOADERS


def _runs_shell(called: str, call: ast.Call) -> bool:
    if called in _SHELLS:
        return not _is_fixed(_first(call))
    by_shell = called.startswith("subprocess.") and _is(_keyword(call, "shell"), True)  # noqa: FBT003 - the value looked for
    return by_shell and not _is_fixed(_first(call) or _keyword(call, "args"))


def _skips_tls(called: str, call: ast.Call) -> bool:
    if called == "ssl._create_unverified_context":
        return True
    off = any(_is(_keyword(call, name), False) for name in ("verify", "verify_ssl"))  # noqa: FBT003 - the value looked for
    return off and (called.startswith(_CLIENTS) or "session" in called.lower())


def _hashes_weakly(called: str, call: ast.Call) -> bool:
    return called in _WEAK_HASHES and not _is(_keyword(call, "usedforsecurity"), False)  # noqa: FBT003 - the value looked for


def _debugs(called: str, call: ast.Call) -> bool:
    return called.endswith(".run") and _is(_keyword(call, "debug"), True)  # noqa: FBT003 - the value looked for


_RULES: tuple[tuple[str, Callable[[str, ast.Call], bool]], ...] = (
    ("python-eval", _evaluates),
    ("python-sql-text", _asks_by_text),
    ("python-unpickle", lambda called, _: called in _UNPICKLERS),
    ("python-yaml-load", _loads_any_yaml),
    ("python-shell", _runs_shell),
    ("python-no-tls-check", _skips_tls),
    ("python-debug-server", _debugs),
    ("python-mktemp", lambda called, _: called == "tempfile.mktemp"),
    ("python-weak-hash", _hashes_weakly),
)
