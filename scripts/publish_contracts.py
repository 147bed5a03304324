"""Write the JSON Schemas under contracts/schemas/ and docs/contracts.md from the models.

Run `make contracts` after a change; a test fails while files and models differ.
"""

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from contracts.report import Decision, OrchestrationReport
from contracts.runs import RunRef, WorkerOutcome
from contracts.specs import PATTERNS
from contracts.worker import KNOWN_PROTOCOLS, WorkerRequest, WorkerResult

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "contracts" / "schemas"
PAGE = ROOT / "docs" / "contracts.md"

MODELS: dict[str, type[BaseModel]] = {
    "worker-request.v1": WorkerRequest,
    "worker-result.v1": WorkerResult,
    "orchestration-report.v1": OrchestrationReport,
    "worker-outcome.v1": WorkerOutcome,
    "decision.v1": Decision,
    "run-ref.v1": RunRef,
    **{f"spec.{name}": model for name, model in PATTERNS.items()},
}

INTRODUCTION = f"""# Contracts

This page and the JSON Schemas in `contracts/schemas/` are generated from the models in
`contracts/` (`make contracts`); a test keeps them in step.

- What people write is strict: an unknown key is an error that names the nearest known one.
- What machines send is lenient: unknown keys are ignored, so that newer writers are understood.
- A message of a protocol version that is not known is refused by name. Known: {", ".join(f"`{p}`" for p in KNOWN_PROTOCOLS)}.

A worker gets its request as the inputs of a `workflow_dispatch`, and only those that its file
declares: the spec's `inputs`, and `dispatch_id` where it is declared. It publishes its result as
the file `result.json` in the artifact `podium-result`, or as the one fenced block
`json podium-result` of a comment that it creates, or of the text of an issue or a pull request that
it opens, and never edits.

| channel | where the result is | who can speak for a run | calls to GitHub |
| --- | --- | --- | --- |
| `artifact` | `result.json` in the run's artifact `podium-result` | that run alone | list, link and download |
| `gh-aw` | what a compiled gh-aw workflow leaves ([gh-aw.md](gh-aw.md)) | that run alone | jobs, artifacts, two to six zips |
| `comment` | a comment on the issue that `comment-on` names | any job of the repository with `issues: write` | one list; none where it is delivered |
| `issue` | the text of an issue | any job with `issues: write` | one list; one more where something touched the issue |
| `pull-request` | the text of a pull request | any job with `pull-requests: write` | as for `issue` |
| `conclusion` | nowhere: a green run is a success without outputs | that run alone | none |

A block in a comment, an issue or a pull request counts only together with a green run, and only if
`result.author` wrote it (`github-actions[bot]` unless the spec says otherwise) since the dispatch, its
text was never edited, it is the only such block there, and it names that run and attempt. The newest
that counts wins; everything else is passed over ([why](adr/0005-results-in-issues-and-pull-requests.md)).

So where more than a report follows from a result, only `artifact`, `gh-aw` and `conclusion` are taken,
and any other channel is refused with the spec: workers and checks of a pipeline, generator and critic of
a reflection, the classifier of a router, and the worker of a map-reduce whose results a last worker gets.
`progress-every` may be had there too: comments are then read for progress, and never for the result.

Issues and pull requests are found among the 500 that the author opened last. They carry no mark of
Podium's: one that is left open is an item of the next run over `open-issues`. For pull requests the
repository must allow Actions to create them.
"""


def schema_of(model: type[BaseModel]) -> str:
    """Spell a model's JSON Schema, as people and machines write it."""
    return json.dumps(model.model_json_schema(by_alias=True), indent=2, sort_keys=True) + "\n"


def page() -> str:
    """Write the page: one table of fields per model."""
    parts = [INTRODUCTION]
    for name, model in MODELS.items():
        said = (model.__doc__ or "").strip().splitlines()[0]
        parts.append(
            f"## {name}\n\n{said} Schema: `contracts/schemas/{name}.json`.\n\n{_table(model)}"
        )
    return "\n".join(parts)


def _table(model: type[BaseModel]) -> str:
    lines = ["| key | type | required | default |", "| --- | --- | --- | --- |"]
    schema = model.model_json_schema(by_alias=True)
    required = set(schema.get("required", ()))
    for key, field in schema.get("properties", {}).items():
        default = "" if key in required else f"`{json.dumps(field.get('default'))}`"
        kind = _type(field).replace("|", "\\|")
        lines.append(f"| `{key}` | {kind} | {'yes' if key in required else ''} | {default} |")
    return "\n".join(lines) + "\n"


def _type(field: dict[str, object]) -> str:
    for key in ("anyOf", "oneOf"):
        options = field.get(key)
        if isinstance(options, list):
            return " | ".join(_type(option) for option in options)
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if "enum" in field and isinstance(field["enum"], list):
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    items = field.get("items")
    if field.get("type") == "array" and isinstance(items, dict):
        return f"list of {_type(items)}"
    return str(field.get("type", "any"))


def files() -> dict[Path, str]:
    """Say what each generated file holds."""
    schemas = {SCHEMAS / f"{name}.json": schema_of(model) for name, model in MODELS.items()}
    return {**schemas, PAGE: page()}


def main() -> int:
    """Write all files."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
