#!/usr/bin/env python3
"""Draft the reference page of one module, and commit it to a branch of its own.

Inputs are environment variables, as the workflow file sets them: MODULE, BRANCH, FEEDBACK,
FEEDBACK_URL, ITERATION, DISPATCH_ID, and GITHUB_TOKEN. With DRAFT_FILE the page is not written
from the source but taken from that file: an agent wrote it.

Exit codes: 0 for success, 1 for failure. Needs Python 3.9 or later and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

from doc_feedback import Feedback, read_feedback
from doc_page import State, render, state_of
from draft_branch import branch_name, commit_file, ensure_branch, read_file, tip_of
from github_rest import GitHub, GitHubError, github
from job_result import Done, Stop, given, run
from module_facts import MODULE_NAME, read_module

WORKER = "doc-generator"
MAX_DRAFT = 200_000

_COMMENT_URL = re.compile(r"(?:/issues/comments/|#issuecomment-)(\d{1,18})$")
_BLOCK = re.compile(r"^```json podium-result\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Run the worker."""
    return run(WORKER, work)


def work() -> Done:
    """Write one draft.

    Raises:
        Stop: an input is wrong, or GitHub did not answer.
    """
    module = read_module(given("MODULE", MODULE_NAME), Path.cwd())
    branch = branch_name(given("BRANCH", default=f"docs/{module.name}"))
    if not branch:
        raise Stop("bad-input", "branch holds no character that a branch may have")
    iteration = int(given("ITERATION", r"\d{1,4}", default="1"))
    path = f"docs/{module.name}.md"
    client = github()
    try:
        feedback = read_feedback(_feedback(client))
        ensure_branch(client, branch)
        before = read_file(client, branch, path)
        state = state_of(before[0] if before else "").asked(feedback)
        page = _given_draft() or render(module, state)
        message = f"Document {module.name}, draft {iteration}"
        changed = commit_file(client, branch, path, page, message)
        commit = tip_of(client, branch)
    except GitHubError as error:
        raise Stop("github", str(error)) from error
    outputs = {
        "branch": branch,
        "path": path,
        "module": module.name,
        "iteration": iteration,
        "words": len(re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL).split()),
        "commit": commit,
        "changed": changed,
        "parts": sorted(state.parts),
        "notes": len(state.notes),
    }
    return Done(_summary(outputs, feedback, state), outputs)


def _summary(outputs: dict[str, object], feedback: Feedback, state: State) -> str:
    used = f"{len(feedback.parts)} parts and {len(feedback.notes)} notes asked for"
    added = "changed" if outputs["changed"] else "as it was"
    return f"draft {outputs['iteration']} of {outputs['path']} ({added}); {used}, {len(state.parts)} parts in all"


def _feedback(client: GitHub) -> str:
    text = os.environ.get("FEEDBACK", "")
    url = given("FEEDBACK_URL")
    return text if text.strip() or not url else _comment(client, url)


def _comment(client: GitHub, url: str) -> str:
    """Read feedback that was too long for an input from the comment that holds it."""
    found = _COMMENT_URL.search(url)
    if not found or f"/{client.repository}/".lower() not in url.lower():
        raise Stop("bad-input", "feedback_url must be that of a comment in this repository")
    comment = client.get(f"/issues/comments/{found.group(1)}")
    if comment is None:
        raise Stop("bad-input", "there is no comment at feedback_url")
    body = str(comment.get("body") or "")
    block = _BLOCK.search(body)
    if block is None:
        return re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    try:
        return str(json.loads(block.group(1))["outputs"]["feedback"])
    except (ValueError, KeyError, TypeError) as error:
        raise Stop("bad-input", "the result at feedback_url holds no feedback") from error


def _given_draft() -> str:
    name = os.environ.get("DRAFT_FILE", "")
    if not name:
        return ""
    text = Path(name).read_text(encoding="utf-8")
    if not text.strip() or len(text) > MAX_DRAFT:
        raise Stop("no-draft", f"the draft must have 1 to {MAX_DRAFT} characters")
    return text.rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(main())
