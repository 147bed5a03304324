"""Templates of what Podium tells people; every value is made safe as it is set."""

import functools
import re
from pathlib import Path

import jinja2

from activities import sanitize
from contracts.outputs import Text
from contracts.specs.gates import ROLE

FOLDER = Path(__file__).parent / "templates"


def environment(where: sanitize.Origins) -> jinja2.Environment:
    """Make an environment such as all templates have; links lead to the origins alone."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=False,  # noqa: S701 - markdown, not HTML: every value goes through sanitize
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters |= {
        "inline": sanitize.inline,
        "block": functools.partial(sanitize.block, where=where),
        "link": functools.partial(sanitize.link, where=where),
        "mention": _mention,
        "asked": _asked,
        "id": _id,
    }
    return made


def rendered(text: Text, where: sanitize.Origins = sanitize.GITHUB) -> str:
    """Render a text; a value that a template does not set through a filter is a bug."""
    template = _environment(where).get_template(f"{text.template}.md.j2")
    return template.render(text.values).strip() + "\n"


def _mention(login: str) -> str:
    """Mention somebody whom the spec names: the one place where a mention is meant."""
    known = sanitize.login(login)
    return f"@{known}" if known else ""


def _asked(approver: str) -> str:
    """Mention an approver, or say which role in the repository answers: GitHub mentions no roles."""
    if approver.startswith(ROLE):
        return f"anybody who has the role {sanitize.inline(approver.removeprefix(ROLE))} here"
    return _mention(approver)


def _id(text: str) -> str:
    """Show an id inside a command that people copy: nothing that a shell or JSON would act on."""
    return re.sub(r"[^\w./:@ -]", "?", text)


_environment = functools.lru_cache(maxsize=8)(environment)
