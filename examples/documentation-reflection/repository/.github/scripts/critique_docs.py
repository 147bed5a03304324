#!/usr/bin/env python3
"""Score the draft of one module's page on a branch, and say what the next draft must do better.

Inputs are environment variables, as the workflow file sets them: MODULE, BRANCH, DISPATCH_ID,
and GITHUB_TOKEN. With REVIEW_FILE score and feedback are taken from that JSON file: an agent
wrote it. What was counted is reported in either case.

Exit codes: 0 for success, 1 for failure. Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

from doc_score import FEEDBACK_LIMIT, WEIGHTS, Count, feedback_of, measure, score_of
from draft_branch import read_file
from github_rest import GitHubError, github
from job_result import Done, Stop, given, run
from module_facts import MODULE_NAME, read_module

WORKER = "doc-critic"
BRANCH = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}"
HIGHEST = 10


def main() -> int:
    """Run the worker."""
    return run(WORKER, work)


def work() -> Done:
    """Judge one draft.

    Raises:
        Stop: an input is wrong, there is no draft, or GitHub did not answer.
    """
    module = read_module(given("MODULE", MODULE_NAME), Path.cwd())
    branch = given("BRANCH", BRANCH)
    path = f"docs/{module.name}.md"
    try:
        draft = read_file(github(), branch, path)
    except GitHubError as error:
        raise Stop("github", str(error)) from error
    if draft is None:
        raise Stop("no-draft", f"there is no {path} at {branch}")
    found = measure(draft[0], module)
    score, feedback = _given_review() or (score_of(found), feedback_of(found))
    metrics = _metrics(found) | {"words": float(len(draft[0].split()))}
    outputs = {
        "score": score,
        "feedback": feedback,
        "branch": branch,
        "path": path,
        "module": module.name,
        "draft": draft[1],
        "metrics": metrics,
    }
    missing = sum(len(count.missing) for count in found.values())
    return Done(f"{score:g} of {HIGHEST} for {path}; {missing} things missing", outputs)


def _metrics(found: dict[str, Count]) -> dict[str, float]:
    """Spell the evidence: how many there are of each kind, and how many are missing."""
    metrics: dict[str, float] = {}
    for kind in WEIGHTS:
        name = kind.replace("-", "_")
        metrics[name] = float(len(found[kind].missing))
        if kind != "long-lines":
            metrics[f"{name}_of"] = float(found[kind].total)
    return metrics


def _given_review() -> tuple[float, str] | None:
    name = os.environ.get("REVIEW_FILE", "")
    if not name:
        return None
    try:
        said: Any = json.loads(Path(name).read_text(encoding="utf-8"))
        score, feedback = float(said["score"]), str(said["feedback"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Stop("no-review", "the review must be JSON with score and feedback") from error
    if not (math.isfinite(score) and 0 <= score <= HIGHEST):
        raise Stop("no-review", f"the score must be from 0 to {HIGHEST}")
    return score, feedback[:FEEDBACK_LIMIT]


if __name__ == "__main__":
    sys.exit(main())
