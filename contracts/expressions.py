"""`${{ item.number }}`: the small read-only language of specs. Paths only, no code.

ExpressionError
├── ExpressionSyntaxError   the text between `${{` and `}}` is no path
└── UnknownPathError        the path leads nowhere; names the nearest one that is known
"""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from contracts.base import clip

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_MAX_SHOWN, _MAX_COMPARED = 200, 1_000
_PATH = re.compile(r"[A-Za-z_][\w-]*(?:\.[\w-]+)*")


class ExpressionError(ValueError):
    """An expression that cannot be evaluated; the message names it and a fix."""


class ExpressionSyntaxError(ExpressionError):
    """Not a path like `item.number`."""


class UnknownPathError(ExpressionError):
    """A path that the context does not hold."""


def paths(template: str) -> Iterator[str]:
    """Yield the path of each expression in a template.

    Raises:
        ExpressionSyntaxError: an expression that is no path, or is never closed.
    """
    # Without an end behind it, each beginning would be followed to the end of the text.
    head, end, _ = template.rpartition("}}")
    for found in _EXPRESSION.finditer(head + end):
        path = found.group(1).strip()
        if not _PATH.fullmatch(path):
            # Half of a surrogate pair, as JSON may hold, cannot be in a message.
            shown = clip(path, _MAX_SHOWN).encode(errors="backslashreplace").decode()
            raise ExpressionSyntaxError(
                f"${{{{ {shown} }}}} is no path: write a dotted name such as ${{{{ item.number }}}}"
            )
        yield path
    if "${{" in _EXPRESSION.sub("", head + end) + template[len(head + end) :]:
        text = clip(template, _MAX_SHOWN)
        raise ExpressionSyntaxError(f"an expression in {text!r} is never closed with }}}}")


def check(template: str, roots: Mapping[str, Iterable[str] | None]) -> None:
    """Check a template before anything runs.

    Args:
        template: text with expressions.
        roots: the first names allowed; each with the second names it has, or None for any.

    Raises:
        ExpressionError: what is wrong, and what was probably meant.
    """
    for path in paths(template):
        root, _, rest = path.partition(".")
        if root not in roots:
            raise _unknown(path, roots)
        known = roots[root]
        if known is not None and rest not in (known := tuple(known)):
            raise _unknown(path, [f"{root}.{name}" for name in known])


def render(
    template: str, context: Mapping[str, Any], present: Callable[[str], str] = lambda text: text
) -> str:
    """Fill a template: null becomes nothing, booleans `true`/`false`, lists and objects JSON.

    Args:
        template: text with expressions.
        context: what they read.
        present: how the text of each of them is put into the template.

    Raises:
        ExpressionError: a path that the context does not hold.
    """
    tuple(paths(template))  # a half-written expression is an error, not text

    def filled(found: re.Match[str]) -> str:
        return present(to_text(resolve(found.group(1).strip(), context)))

    return _EXPRESSION.sub(filled, template)


def resolve(path: str, context: Mapping[str, Any]) -> Any:
    """Follow a path through nested mappings.

    Raises:
        UnknownPathError: a step that is not there.
    """
    value: Any = context
    walked: list[str] = []
    for step in path.split("."):
        if not isinstance(value, Mapping) or step not in value:
            known = value.keys() if isinstance(value, Mapping) else ()
            raise _unknown(path, [".".join([*walked, str(name)]) for name in known])
        value = value[step]
        walked.append(step)
    return value


def to_text(value: Any) -> str:
    """Spell a value as an input of `workflow_dispatch`, where everything is text.

    Raises:
        ExpressionError: nested too deeply, or no JSON.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ExpressionError(f"a value cannot be spelled as text: {error}") from error


def _unknown(path: str, known: Iterable[str]) -> UnknownPathError:
    names = sorted(known)[:_MAX_COMPARED]
    path = clip(path, _MAX_SHOWN)
    depth = names[0].count(".") + 1 if names else 1
    wrong = ".".join(path.split(".")[:depth])
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.5)
    listed = clip(", ".join(names) or "nothing")
    hint = f"did you mean {near[0]}?" if near else f"known here: {listed}"
    return UnknownPathError(f"${{{{ {path} }}}} is not known; {hint}")
