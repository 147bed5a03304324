"""Regular expressions that people write: those that could take for ever are refused."""

import re

_TOKEN = re.compile(
    r"""
    \\.                                                  # an escape
  | \[\^?\]?(?:\\.|[^\]\\])*\]                           # a set of characters
  | (?P<opens>\(\??)
  | (?P<closes>\))
  | (?P<repeats>[*+?]|\{[0-9]+(?:,[0-9]*)?\}|\{,[0-9]+\})[?+]?
  | .
    """,
    re.DOTALL | re.VERBOSE,
)


def problem(pattern: str) -> str:
    """Say why a pattern is not taken; nothing where it is.

    A repetition of a variable length within a repetition makes a search try every way of cutting
    a text into pieces, which takes for ever on some texts.
    """
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"no regular expression: {error}"
    varies = [False]  # for each group that is open: whether something in it repeats
    closed = False  # whether the token before ended a group in which something repeats
    for token in _TOKEN.finditer(pattern):
        if token["repeats"] and closed and token["repeats"] != "?":
            shown = pattern[max(0, token.start() - 20) : token.end()]
            return (
                f"a repetition within a repetition (at …{shown}) can take for ever on some "
                "texts; repeat only the inner or only the outer part"
            )
        closed = False
        if token["opens"]:
            varies.append(False)
        elif token["closes"] and len(varies) > 1:
            closed = varies.pop()
            varies[-1] = varies[-1] or closed
        elif token["repeats"] and _is_variable(token["repeats"]):
            varies[-1] = True
    return ""


def _is_variable(repeats: str) -> bool:
    return repeats in {"*", "+"} or "," in repeats
