"""Write the page of a module: signatures always, and each other part only where it is wanted."""

from __future__ import annotations

import html
import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from doc_feedback import KINDS, MAX_NOTES, NOTE_LIMIT, Feedback
from job_result import one_line
from module_facts import Entry, Module, Parameter

WIDTH = 88
PARTS = frozenset(KINDS.values())
_STATE = re.compile(r"\A<!-- doc-generator: (\{.*\}) -->$", re.MULTILINE)
_INERT = {ord(c): f"\\u{ord(c):04x}" for c in "-<>&"}
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
_WORD = re.compile(r"[A-Za-z]{4,}")
_ASKING = frozenset(
    {
        *("please", "mention", "explain", "describe", "document", "about", "should", "could"),
        *("that", "this", "with", "from", "what", "when", "more", "also", "into", "would"),
    }
)
_STEM = 4
"""Letters that two words share to be taken for the same: `safe` and `safety`."""


@dataclass
class State:
    """What earlier drafts were asked for; it stands in the page itself, in a hidden line."""

    parts: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def asked(self, feedback: Feedback) -> State:
        """Add what is asked for now."""
        notes = list(dict.fromkeys([*self.notes, *feedback.notes]))
        return State(self.parts | feedback.parts, notes[-MAX_NOTES:])


def state_of(page: str) -> State:
    """Read the hidden line of a page; a page without one was asked for nothing."""
    found = _STATE.match(page)
    try:
        said = json.loads(found.group(1)) if found else {}
        notes = [one_line(str(note), NOTE_LIMIT) for note in said.get("notes", [])]
        return State({str(part) for part in said.get("parts", [])} & PARTS, notes[:MAX_NOTES])
    except (ValueError, TypeError):
        return State()


def render(module: Module, state: State) -> str:
    """Write the page."""
    said = json.dumps({"parts": sorted(state.parts), "notes": state.notes})
    blocks = [f"<!-- doc-generator: {said.translate(_INERT)} -->", f"# `{module.name}`"]
    if "overview" in state.parts and module.overview:
        blocks += [_prose(text, state) for text in module.overview.split("\n\n")]
    for entry in module.entries:
        blocks += _entry(entry, state)
    if state.notes:
        blocks += ["## Reviewer notes", *(_note(note, module, state) for note in state.notes)]
    return "\n\n".join(blocks) + "\n"


def _entry(entry: Entry, state: State) -> Iterator[str]:
    parts = state.parts
    yield f"{'###' if '.' in entry.name else '##'} `{entry.name}`"
    yield f"```python\n{_signature(entry, state)}\n```"
    if "summaries" in parts and entry.summary:
        yield _prose(entry.summary, state)
    if "parameters" in parts and entry.parameters:
        yield "**Parameters**"
        yield "\n".join(_item(_parameter(one), one.text, state) for one in entry.parameters)
    if "returns" in parts and entry.returns:
        yield _prose(f"**Returns** (`{entry.returns}`): {entry.returns_text}", state)
    if "raises" in parts and entry.raises:
        yield "**Raises**"
        yield "\n".join(_item(f"`{name}`", text, state) for name, text in entry.raises.items())
    if "examples" in parts and entry.example:
        yield "**Example**"
        yield f"```python\n{entry.example}\n```"


def _signature(entry: Entry, state: State) -> str:
    if "wrapping" not in state.parts or len(entry.signature) <= WIDTH:
        return entry.signature
    head, _, rest = entry.signature.partition("(")
    arguments, _, tail = rest.rpartition(")")
    lines = [f"    {one}," for one in _split(arguments)]
    return "\n".join([f"{head}(", *lines, f"){tail}"])


def _split(arguments: str) -> Iterator[str]:
    """Split at the commas that stand in no bracket."""
    depth, begin = 0, 0
    for at, character in enumerate(arguments):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and not depth:
            yield arguments[begin:at].strip()
            begin = at + 1
    yield arguments[begin:].strip()


def _parameter(one: Parameter) -> str:
    kind = f" (`{one.annotation}`)" if one.annotation else ""
    return f"`{one.name}`{kind}" + (f", default `{one.default}`" if one.default else "")


def _item(name: str, text: str, state: State) -> str:
    line = f"- {name}: {text}" if text else f"- {name}"
    if "wrapping" not in state.parts:
        return line
    return textwrap.fill(
        line, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _prose(text: str, state: State) -> str:
    line = " ".join(text.split())
    if "wrapping" not in state.parts:
        return line
    return textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False)


def _note(note: str, module: Module, state: State) -> str:
    """Answer a note with what the source says about it, word for word."""
    asked = html.escape(note, quote=False).replace("@", "@&#8203;").replace("`", "'")
    found = next(_sentences(note, module), None)
    answer = "the source says nothing about it."
    if found:
        answer = f"the source says in `{found[0]}`: {found[1]}"
    return _item(f"*{asked}*", answer, state)


def _sentences(note: str, module: Module) -> Iterator[tuple[str, str]]:
    """Find the sentences of the docstrings that share at least half of the note's words."""
    words = {w[:_STEM].lower() for w in _WORD.findall(note) if w.lower() not in _ASKING}
    documents = [(module.name, module.overview), *((e.name, e.doc) for e in module.entries)]
    for name, document in documents:
        for sentence in _SENTENCE.split(document):
            held = {w[:_STEM].lower() for w in _WORD.findall(sentence)}
            if words and len(words & held) * 2 >= len(words):
                yield name, " ".join(sentence.split())
