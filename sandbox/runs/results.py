"""What a timed run leaves behind: result artifact, further artifacts, comment."""

import json
import re
from typing import Any

from sandbox.artifacts import make_zip
from sandbox.hub import Hub
from sandbox.identities import ACTIONS_BOT
from sandbox.issues import add_comment
from sandbox.model import Run
from sandbox.settings import ItemResults, TimedRule

_PLACEHOLDER = re.compile(r"\{(dispatch_id|run_id|run_attempt|inputs\.[\w-]+)\}")


def publish_results(hub: Hub, run: Run, rule: TimedRule) -> None:
    """Publish what the rule says that this run gives."""
    text = result_text(run, rule)
    files = {rule.artifact_name: {"result.json": text}} if text and rule.artifact else {}
    for name, content in (files | rule.artifacts).items():
        archive = make_zip({path: _fill(body, run) for path, body in content.items()})
        hub.artifacts.publish(run, name, archive, overwrite=True)
    if text and rule.comment:
        _comment(hub, run, text)


def result_text(run: Run, rule: TimedRule) -> str | None:
    """The text of `result.json`, or None when there is none."""
    if rule.raw_result is not None:
        return rule.raw_result
    if rule.result is None or rule.conclusion in {"cancelled", "startup_failure"}:
        return None
    result = _default(run, rule) if rule.result == "default" else _filled(rule.result, run)
    if rule.item_results is not None:
        _answer_items(result, run, rule.item_results)
    return json.dumps(result, ensure_ascii=False)


def _default(run: Run, rule: TimedRule) -> dict[str, Any]:
    good = rule.conclusion == "success"
    failure = {"code": "worker-failed", "message": "The run was told to fail"}
    return {
        "protocol": "podium/v1",
        "dispatch_id": run.dispatch_id or "",
        "worker": run.workflow_path.rsplit("/", 1)[-1].rsplit(".", 1)[0],
        "run_id": run.id,
        "run_attempt": run.attempt.number,
        "status": "success" if good else "failure",
        "summary": "done" if good else "failed",
        "outputs": {},
        "errors": [] if good else [failure],
        "metrics": {},
    }


def _answer_items(result: dict[str, Any], run: Run, answers: ItemResults) -> None:
    """Answer each item of a batch; an input that is no batch has no answers."""
    try:
        items = json.loads(str(run.inputs.get(answers.input, "")))
    except ValueError:
        return
    keys = [str(one.get("key") if isinstance(one, dict) else one) for one in items]
    reasons = {key: _reason(key, answers.failing) for key in keys}
    said = {key: reason or "success" for key, reason in reasons.items()}
    result["outputs"] = {**result.get("outputs", {}), answers.output: said}
    if any(reasons.values()) and result.get("status") == "success":
        result["status"] = "partial"


def _reason(key: str, failing: dict[str, str]) -> str | None:
    return failing.get(key) or failing.get(key.partition(":")[2])


def _filled(value: Any, run: Run) -> Any:
    """A value with its placeholders filled; a lone number placeholder stays a number."""
    match value:
        case dict():
            return {key: _filled(item, run) for key, item in value.items()}
        case list():
            return [_filled(item, run) for item in value]
        case "{run_id}":
            return run.id
        case "{run_attempt}":
            return run.attempt.number
        case str():
            return _fill(value, run)
    return value


def _fill(text: str, run: Run) -> str:
    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name.startswith("inputs."):
            return str(run.inputs.get(name.removeprefix("inputs."), ""))
        known = {
            "dispatch_id": run.dispatch_id or "",
            "run_id": str(run.id),
            "run_attempt": str(run.attempt.number),
        }
        return known[name]

    return _PLACEHOLDER.sub(value, text)


def _comment(hub: Hub, run: Run, text: str) -> None:
    owner, name = run.repository.split("/")
    repository = hub.repository(owner, name)
    number = str(run.inputs.get("issue_number", ""))
    issue = repository.issues.get(int(number)) if number.isdigit() else None
    if issue is not None:
        body = f"Worker result\n\n```json podium-result\n{text}\n```\n"
        add_comment(hub, repository, ACTIONS_BOT, issue, body)
