"""Which rules hold for an item: a program of its own, since a pattern may take for ever.

It reads lines of JSON: the rules, then the facts of one item each; it writes a line for each
item. Each item gets so much computing time; what needs more ends the program, and whoever
started it knows by the lines that are missing. Only the standard library: it starts quickly.
"""

import json
import re
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

SECONDS = 1.0
"""Computing time for all rules of one item."""
TOO_LONG = signal.SIGVTALRM
"""What ends the program then; it acts within a search too, as no handler of Python would."""

Facts = dict[str, Any]


def main() -> None:
    """Answer for each item which rules hold, and by which kinds of conditions."""
    asked = json.loads(sys.stdin.readline())
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        found = list(matching(asked["rules"], json.loads(line), first=asked["first"]))
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


def matching(rules: list[Any], facts: Facts, *, first: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield each rule that holds, with its conditions; only the first where that decides."""
    for route, when in rules:
        if holds(when, facts):
            yield route, [kind for kind in _HOLD if when.get(kind)]
            if first:
                return


def holds(when: Facts, facts: Facts) -> bool:
    """Whether all conditions that a rule gives hold."""
    return all(test(when[kind], facts) for kind, test in _HOLD.items() if when.get(kind))


def matches_glob(path: str, glob: str) -> bool:
    """Whether a path matches: `**/` is any depth, none included; `*` stays within a folder."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    spelled = "".join(_WILD.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(spelled, path, re.DOTALL) is not None


def _label(wanted: list[str], facts: Facts) -> bool:
    there = {str(label).casefold() for label in facts["labels"]}
    return any(label.casefold() in there for label in wanted)


def _association(wanted: list[str], facts: Facts) -> bool:
    return facts["author_association"].upper() in {one.upper() for one in wanted}


def _title(pattern: str, facts: Facts) -> bool:
    return re.search(pattern, facts["title"], re.IGNORECASE) is not None


def _body(pattern: str, facts: Facts) -> bool:
    return re.search(pattern, facts["body"], re.IGNORECASE) is not None


def _path(globs: list[str], facts: Facts) -> bool:
    return any(matches_glob(path, glob) for glob in globs for path in facts["paths"])


def _field(wanted: Facts, facts: Facts) -> bool:
    """Fields are equal as JSON: 1 is not true."""
    there = facts["fields"]
    return all(
        path in there
        and json.dumps(there[path], sort_keys=True) == json.dumps(value, sort_keys=True)
        for path, value in wanted.items()
    )


_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
# Cheap ones first: a rule that fails by its labels searches no text.
_HOLD: dict[str, Callable[[Any, Facts], bool]] = {
    "labels": _label,
    "author_association": _association,
    "fields": _field,
    "title": _title,
    "body": _body,
    "paths": _path,
}

if __name__ == "__main__":
    main()
