"""Read from a Python module what can be documented about it; nothing of it is executed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from job_result import Stop

MODULE_NAME = r"[A-Za-z_]\w{0,99}(\.[A-Za-z_]\w{0,99}){0,9}"
SOURCE_FOLDERS = ("", "src")
MAX_SOURCE_BYTES = 512 * 1024

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

_SECTION = re.compile(r"^(Args|Returns|Yields|Raises|Examples?):\s*$")
_FIELD = re.compile(r"^(\*{0,2}[\w.]+)(?:\s*\([^)]*\))?:\s*(.*)$")


@dataclass
class Parameter:
    """One parameter: its type and default as written, and what the docstring says of it."""

    name: str
    annotation: str = ""
    default: str = ""
    text: str = ""


@dataclass
class Entry:
    """A public class, function or method."""

    name: str
    signature: str
    summary: str = ""
    parameters: list[Parameter] = field(default_factory=list)
    returns: str = ""
    """Its type; empty where nothing is returned."""
    returns_text: str = ""
    raises: dict[str, str] = field(default_factory=dict)
    example: str = ""
    doc: str = ""


@dataclass
class Module:
    """What a module says about itself."""

    name: str
    overview: str
    entries: list[Entry]


def source_of(name: str, root: Path) -> Path:
    """Find a module's file below `root`.

    Raises:
        Stop: there is none.
    """
    steps = name.split(".")
    for folder in SOURCE_FOLDERS:
        place = root.joinpath(folder, *steps)
        for path in (place.with_name(place.name + ".py"), place / "__init__.py"):
            if path.is_file() and path.resolve().is_relative_to(root.resolve()):
                return path
    raise Stop("no-module", f"there is no module {name} in this repository")


def read_module(name: str, root: Path) -> Module:
    """Read a module of the work tree.

    Raises:
        Stop: there is none of that name, or it is no Python.
    """
    content = source_of(name, root).read_bytes()
    if len(content) > MAX_SOURCE_BYTES:
        raise Stop("no-module", f"{name} is longer than {MAX_SOURCE_BYTES} bytes")
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise Stop("no-module", f"{name} is no Python: {error}") from error
    return Module(name, ast.get_docstring(tree) or "", list(_entries(tree)))


def _entries(tree: ast.Module) -> Iterator[Entry]:
    for node in tree.body:
        if isinstance(node, FUNCTIONS) and _public(node.name):
            yield _function(node, node.name)
        elif isinstance(node, ast.ClassDef) and _public(node.name):
            yield _class(node)
            for inner in node.body:
                if isinstance(inner, FUNCTIONS) and _public(inner.name):
                    yield _function(inner, f"{node.name}.{inner.name}")


def _public(name: str) -> bool:
    return not name.startswith("_")


def _class(node: ast.ClassDef) -> Entry:
    made = next(
        (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None
    )
    doc = ast.get_docstring(node) or ""
    if made is None:
        return _described(Entry(node.name, f"class {node.name}"), doc)
    own = _function(made, node.name)
    arguments = ast.unparse(_without_self(made.args))
    entry = Entry(node.name, f"class {node.name}({arguments})", parameters=own.parameters)
    entry.raises = own.raises
    return _described(entry, doc)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> Entry:
    is_method = "." in name or node.name == "__init__"
    arguments = _without_self(node.args) if is_method else node.args
    kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = ast.unparse(node.returns) if node.returns else ""
    arrow = f" -> {returns}" if returns else ""
    entry = Entry(name, f"{kind} {node.name}({ast.unparse(arguments)}){arrow}")
    entry.parameters = list(_parameters(arguments))
    entry.returns = "" if returns == "None" else returns
    entry.raises = dict.fromkeys(_raised(node), "")
    return _described(entry, ast.get_docstring(node) or "")


def _without_self(arguments: ast.arguments) -> ast.arguments:
    if not (arguments.args and arguments.args[0].arg in ("self", "cls")):
        return arguments
    return ast.arguments(
        posonlyargs=arguments.posonlyargs,
        args=arguments.args[1:],
        vararg=arguments.vararg,
        kwonlyargs=arguments.kwonlyargs,
        kw_defaults=arguments.kw_defaults,
        kwarg=arguments.kwarg,
        defaults=arguments.defaults,
    )


def _parameters(arguments: ast.arguments) -> Iterator[Parameter]:
    plain = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(plain) - len(arguments.defaults))
    defaults = [*missing, *arguments.defaults, *arguments.kw_defaults]
    for argument, default in zip([*plain, *arguments.kwonlyargs], defaults):  # noqa: B905 - Python 3.9
        annotation = ast.unparse(argument.annotation) if argument.annotation else ""
        yield Parameter(argument.arg, annotation, ast.unparse(default) if default else "")


def _raised(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Name what the body raises itself, where that is a plain name."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Raise) and inner.exc is not None:
            raised = inner.exc.func if isinstance(inner.exc, ast.Call) else inner.exc
            if isinstance(raised, ast.Name) and raised.id[:1].isupper():
                yield raised.id


def _described(entry: Entry, doc: str) -> Entry:
    """Add what a docstring in Google's style says."""
    entry.doc = doc
    sections = _sections(doc)
    entry.summary = " ".join(sections.pop("", "").split("\n\n")[0].split())
    told = _fields(sections.get("Args", ""))
    for parameter in entry.parameters:
        parameter.text = told.get(parameter.name, "")
    for name, text in _fields(sections.get("Raises", "")).items():
        entry.raises[name] = text
    returned = sections.get("Returns", sections.get("Yields", ""))
    entry.returns_text = " ".join(returned.split())
    entry.example = sections.get("Example", sections.get("Examples", "")).strip("\n")
    return entry


def _sections(doc: str) -> dict[str, str]:
    """Split a docstring; what stands before the first section has the name ''."""
    lines: dict[str, list[str]] = {"": []}
    current = ""
    for line in doc.split("\n"):
        found = _SECTION.match(line)
        if found:
            current = found.group(1)
            lines[current] = []
        elif line and not line.startswith(" ") and current:
            current = ""
        if not found:
            lines[current].append(line[4:] if current else line)
    return {name: "\n".join(one).strip("\n") for name, one in lines.items()}


def _fields(section: str) -> dict[str, str]:
    """Read `name: text` with lines that continue it indented."""
    found: dict[str, str] = {}
    name = ""
    for line in section.split("\n"):
        match = _FIELD.match(line)
        if match:
            name = match.group(1).lstrip("*")
            found[name] = match.group(2).strip()
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found
