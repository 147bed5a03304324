#!/usr/bin/env python3
"""Normalise a batch of catalogue records, and record each at a service under the item's key.

Inputs are environment variables, as the workflow file sets them: ITEMS, TARGET_URL, DISPATCH_ID.

A record that is wrong fails by itself and is named. A service that does not answer ends the batch:
what was done until then is in the outputs, and the rest is not.

Exit codes: 0 for success and partial, 1 for failure. Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

from catalogue_record import BadRecordError, normalise
from effects import Effects, EffectsError
from job_result import Done, Stop, error, given, one_line, result_path, run

WORKER = "batch-processor"
CATALOGUE = Path("catalogue", "records.json")
MAX_ITEMS = 500
KEY_LIMIT = 200
REASON_LIMIT = 80
SUCCESS = "success"
DEATH_EXIT_CODE = 70

_POSITION = re.compile(r"\d+:")


def main() -> int:
    """Run the worker."""
    return run(WORKER, work)


def work() -> Done:
    """Process the batch.

    Raises:
        Stop: an input is wrong, or the service did not answer.
    """
    items = _items(os.environ.get("ITEMS", ""))
    effects = Effects(given("TARGET_URL"))
    records = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    results: dict[str, str] = {}
    began = time.monotonic()
    for key, name in items:
        try:
            results[key] = _process(name, records, effects)
        except EffectsError as failure:
            left = f"{len(items) - len(results)} of {len(items)} items are left"
            raise Stop("target", f"{failure}; {left}", _outputs(results)) from failure
    outputs = _outputs(results)
    bad = [error("bad-record", f"{k}: {said}") for k, said in results.items() if said != SUCCESS]
    seconds = time.monotonic() - began
    metrics = {"items": float(len(items)), "items_per_second": round(len(items) / seconds, 1)}
    summary = (
        f"{outputs['processed']} of {len(items)} records processed, {outputs['failed']} failed"
    )
    return Done(summary, outputs, "partial" if bad else SUCCESS, bad, metrics)


def _process(name: str, records: dict[str, Any], effects: Effects) -> str:
    """Process one record; give `success` or why it failed."""
    record = records.get(name)
    if record is None:
        return "is not in the catalogue"
    drill = record.get("drill") if isinstance(record, dict) else None
    if drill == "dies-always":
        _die()
    try:
        effect = normalise(record)
    except BadRecordError as reason:
        return one_line(str(reason), REASON_LIMIT)
    is_new = effects.put(name, effect)
    if drill == "dies-once" and is_new:
        _die()
    return SUCCESS


def _die() -> None:
    """End as a lost runner does: half-way, without a result."""
    result_path().unlink()
    print("drill: this run ends here", flush=True)
    os._exit(DEATH_EXIT_CODE)


def _outputs(results: dict[str, str]) -> dict[str, Any]:
    good = sum(said == SUCCESS for said in results.values())
    return {"items": results, "processed": good, "failed": len(results) - good}


def _items(text: str) -> list[tuple[str, str]]:
    """Read the batch: for each item its key, and the name of its record.

    An item is a text, or an object with `key`, and with `value` where the record's name differs.
    The position before a key, as in `3:W-0003`, is no part of the name.
    """
    try:
        listed = json.loads(text)
    except (ValueError, RecursionError):
        raise Stop("bad-input", "items must be a JSON list") from None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_ITEMS:
        raise Stop("bad-input", f"items must be a list of 1 to {MAX_ITEMS} items")
    found: dict[str, str] = {}
    for one in listed:
        fields = one if isinstance(one, dict) else {"key": one}
        key = str(fields.get("key") or fields.get("value") or "")
        name = str(fields.get("value") or _POSITION.sub("", key, count=1))
        if not key or max(len(key), len(name)) > KEY_LIMIT:
            raise Stop("bad-input", f"each item needs a key of at most {KEY_LIMIT} characters")
        found[key] = name
    return list(found.items())


if __name__ == "__main__":
    sys.exit(main())
