"""Judge one issue from its text alone: status, labels, clarity, duplicates, what to do next.

`analyse` is pure: the same issues give the same verdict, and nothing is read or written. It
counts evidence and says what it could not judge; it does not understand, and does not guess.
"""

from __future__ import annotations

from typing import Any

import issue_clarity
import issue_evidence
import issue_text

TITLE_LIMIT = 200
"""Characters of a title that are passed on."""

DUPLICATE_FROM = 0.55
"""Similarity from which a newer issue counts as a repeat of an older one."""

CLEAR_FROM = 0.55
"""Clarity from which an issue counts as clear enough to work on."""

LABEL_FROM = 2
"""Evidence needed before a label is suggested; one mention in the body is not enough."""

MAX_LABELS = 5

_NEXT_STEP = {
    "bug": "Reproduce it as described, then assign it.",
    "documentation": "Correct the page that is named.",
    "enhancement": "Decide whether it fits the plan, then size it.",
    "question": "Answer it, and turn the answer into documentation if it comes back.",
}


def analyse(issue: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """Judge an issue.

    Args:
        issue: as GitHub's REST API shows it; a null or missing title or body is allowed.
        others: the other open issues, in any order; the issue itself is passed over.

    Returns:
        The `outputs` of the worker, see schemas/issue-analysis.json; `comment_id` is None.
    """
    title = issue_text.visible(issue.get("title"))
    prose, code = issue_text.split_code(issue_text.visible(issue.get("body")))
    flat_title, flat_body = issue_text.flatten(title), issue_text.flatten(prose)
    spoken = issue_text.language(f"{title}\n{prose}")
    scores = issue_evidence.scores(flat_title, flat_body)
    kind = _kind(issue, scores)
    clarity, missing = issue_clarity.judge(title, prose, code, kind, spoken)
    original, similarity = _nearest(issue, others)
    alarm = issue_evidence.critical(flat_title, flat_body)
    status = "Duplicate" if original else "Clear" if clarity >= CLEAR_FROM else "Unclear"
    foreign = spoken if spoken != issue_text.ENGLISH else ""
    return {
        "issue_number": issue["number"],
        "title": issue_text.one_line(title, TITLE_LIMIT),
        "status": status,
        "duplicate_of": original,
        "similarity": round(similarity, 3),
        "clarity": round(clarity, 3),
        "missing": [] if status == "Clear" else missing,
        "suggested_labels": _labels(issue, status, kind, scores, alarm, foreign),
        "action": _action(status, original, kind, missing, alarm, foreign),
        "critical": alarm is not None,
        "critical_reason": f'{alarm[0]}: the text says "{alarm[1]}"' if alarm else None,
        "comment_id": None,
    }


def _kind(issue: dict[str, Any], scores: dict[str, int]) -> str:
    present = _present_labels(issue)
    for kind in issue_evidence.KINDS:
        if kind in present:
            return kind
    best = max(issue_evidence.KINDS, key=lambda kind: scores[kind])
    return best if scores[best] >= LABEL_FROM else ""


def _present_labels(issue: dict[str, Any]) -> set[str]:
    labels = issue.get("labels") or []
    names = (label.get("name") if isinstance(label, dict) else label for label in labels)
    return {str(name).lower() for name in names}


def _nearest(issue: dict[str, Any], others: list[dict[str, Any]]) -> tuple[int | None, float]:
    """Return the oldest issue that this one repeats, and the similarity to the nearest older one.

    Only older issues are looked at: of two that are alike, the newer is the duplicate.
    """
    older = [one for one in others if one["number"] < issue["number"]]
    alike = issue_text.similarities(_comparable(issue), [_comparable(one) for one in older])
    repeated = [
        (one["number"], score)
        for one, score in zip(older, alike)  # noqa: B905 - strict= is not known to Python 3.9
        if score >= DUPLICATE_FROM
    ]
    if repeated:
        return min(repeated)
    return None, max(alike, default=0.0)


def _comparable(issue: dict[str, Any]) -> str:
    """Return the words to compare; the title counts twice, as it says most."""
    title = issue_text.visible(str(issue.get("title") or "")[:TITLE_LIMIT])
    body = str(issue.get("body") or "")[: issue_text.COMPARED_CHARACTERS]
    prose, _ = issue_text.split_code(issue_text.visible(body))
    return f"{title}\n{title}\n{prose}"


def _labels(
    issue: dict[str, Any],
    status: str,
    kind: str,
    scores: dict[str, int],
    alarm: tuple[str, str] | None,
    foreign: str,
) -> list[str]:
    labels = [kind] if kind else []
    if (alarm and alarm[0] == "security") or scores["security"] > LABEL_FROM:
        labels.append("security")
    labels += [one for one in ("performance", "accessibility") if scores[one] >= LABEL_FROM]
    if status == "Duplicate":
        labels.append("duplicate")
    if status == "Unclear":
        labels.append("needs-triage" if foreign else "needs-info")
    present = _present_labels(issue)
    return [label for label in labels if label not in present][:MAX_LABELS]


def _action(
    status: str,
    original: int | None,
    kind: str,
    missing: list[str],
    alarm: tuple[str, str] | None,
    foreign: str,
) -> str:
    if alarm and alarm[0] == "security":
        return "Have a maintainer assess this now, and move details to a private advisory."
    if alarm:
        return f"Have a maintainer confirm the {alarm[0]} now, before anything else."
    if status == "Duplicate":
        return f"Check that it adds nothing to #{original}, then close it as a duplicate."
    if foreign:
        known = "its form is complete" if status == "Clear" else "its wording was not judged"
        return f"Have someone who reads {foreign} take it up; {known}."
    if status == "Unclear":
        return f"Ask the author for: {', '.join(missing)}."
    return _NEXT_STEP.get(kind, "Route it to the team that owns the area.")
