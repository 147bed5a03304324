"""SARIF made for tests: runs, results, and the zips of artifacts."""

import io
import json
import zipfile
from typing import Any

from activities.sarif.preparing import Part
from activities.sarif.reading import Read, read_artifact


def result(rule_id: str = "r1", /, uri: str = "src/a.py", **changes: Any) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}
    base: dict[str, Any] = {
        "ruleId": rule_id,
        "message": {"text": "Wrong."},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"primaryLocationLineHash": "ab:1"},
    }
    return {name: value for name, value in (base | changes).items() if value is not ...}


def run(*results: dict[str, Any], name: str = "lint", identity: str = "", **more: Any) -> Any:
    rules = more.pop("rules", [])
    made: dict[str, Any] = {"tool": {"driver": {"name": name, "rules": rules}}, **more}
    if identity:
        made["automationDetails"] = {"id": identity}
    return {"results": list(results), **made}


def log(*runs: Any, **more: Any) -> str:
    return json.dumps({"version": "2.1.0", "runs": list(runs), **more})


def packed(**files: str | bytes) -> bytes:
    """A zip; `__` in a name stands for a dot."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return target.getvalue()


def read(*runs: Any) -> Read:
    return read_artifact(packed(a__sarif=log(*runs)), None)


def rule(name: str, level: str = "", score: Any = None, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, **more}
    if level:
        made["defaultConfiguration"] = {"level": level}
    if score is not None:
        made["properties"] = {"security-severity": score}
    return made


def runs_of(parts: list[Part]) -> list[dict[str, Any]]:
    return [json.loads(part.content) for part in parts]


def identity(one: dict[str, Any]) -> str:
    return str(one.get("automationDetails", {}).get("id", ""))
