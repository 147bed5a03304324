"""Turn a judged gh-aw run into the verdict that workflows read."""

import json
from typing import Any

from activities.ghaw.classifier import Judgement, Meaning, classify
from activities.ghaw.evidence import Evidence
from activities.result_checks import check_schema, portable, whole
from contracts.base import clip
from contracts.runs import CollectOrder, OutcomeStatus, Verdict

CHANNEL = "gh-aw"
_USED = (OutcomeStatus.SUCCESS, OutcomeStatus.PARTIAL)
_DONE_FIELDS = ("type", "url", "number", "repo")


def verdict_of(order: CollectOrder, found: Evidence) -> Verdict:
    """Say what a run was worth; its outputs only where nothing speaks against using them."""
    judged = _of_another(order, found) or classify(
        found, order.conclusion, enforce=order.threat_detection == "enforce"
    )
    outputs: dict[str, Any] = {}
    if judged.status in _USED:
        try:
            outputs = _outputs(order, found)
        except ValueError as error:
            judged = Judgement(Meaning.UNREADABLE, OutcomeStatus.INVALID_RESULT, str(error))
    return Verdict(
        status=judged.status,
        meaning=judged.meaning,
        reason=clip(whole(judged.reason)),
        summary=clip(whole(_summary(found))),
        outputs=outputs,
        metrics=found.usage,
        channel=CHANNEL,
        result_url=_first_url(found),
        final=judged.final,
    )


def _of_another(order: CollectOrder, found: Evidence) -> Judgement | None:
    """See that the artifacts speak of this run and this dispatch."""
    run, info = order.run, found.info
    context = info.get("context")
    dispatch_id = context.get("dispatch_id") if isinstance(context, dict) else None
    if dispatch_id and dispatch_id != run.dispatch_id:
        problem = f"aw_info.json is of dispatch {clip(str(dispatch_id), 40)}, not of this"
    elif info.get("run_id") and str(info["run_id"]) != str(run.run_id):
        problem = f"aw_info.json is of run {clip(str(info['run_id']), 40)}, not of {run.run_id}"
    else:
        return None
    return Judgement(Meaning.UNREADABLE, OutcomeStatus.INVALID_RESULT, problem)


def _outputs(order: CollectOrder, found: Evidence) -> dict[str, Any]:
    """The validated answer where there is one, else what the agent asked for and what was done.

    Raises:
        ValueError: too large, or not what the spec's schema says.
    """
    if found.structured is not None:
        outputs = found.structured
    else:
        executed = [
            {name: one[name] for name in _DONE_FIELDS if name in one}
            for one in found.executed or []
        ]
        outputs = {"items": found.items or [], "executed": executed}
    outputs = dict(portable(outputs))
    size = len(json.dumps(outputs).encode())
    if size > order.max_bytes:
        raise ValueError(
            f"the agent's output has {size} bytes, the limit is {order.max_bytes}; "
            "gh-aw's structured-output: gives a short one"
        )
    check_schema(order.result_schema, outputs)
    return outputs


def _summary(found: Evidence) -> str:
    """Count what was done, by type; else let a noop speak."""
    done = found.executed if found.executed is not None else found.items
    counts: dict[str, int] = {}
    for one in done or []:
        kind = str(one.get("type") or "output")
        counts[kind] = counts.get(kind, 0) + 1
    if counts and set(counts) != {"noop"}:
        return ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items())[:10])
    return next((str(one.get("message") or "") for one in found.items or []), "")


def _first_url(found: Evidence) -> str:
    urls = (str(one.get("url") or "") for one in found.executed or [])
    return clip(next((url for url in urls if url.startswith("https://")), ""))
