"""Render a report as the markdown that people read. All text from outside is made safe here."""

import functools
import json
import re
from typing import Any

import jinja2
from temporalio import activity

from activities import sanitize, texts
from contracts.markdown import fit
from contracts.names import RESULT_BLOCK
from contracts.outputs import MAX_BODY, HealthIssue, Preview, RenderReport
from contracts.report import OrchestrationReport
from contracts.runs import GOOD, OutcomeStatus, WorkerOutcome

_ROOM_FOR_MARKER = 500
_ROUTINE = frozenset({"dispatched", "completed"})
_MAX_DECISIONS_SHOWN = 50
_MAX_HIGHLIGHTS_SHOWN = 50
_MAX_REDUCED = 50
"""Rows shown of each reduction."""
_SUMMARY = "summary"


class ReportActivities:
    """`podium.report.render`: no I/O, yet too heavy for a workflow task."""

    def __init__(self, where: sanitize.Origins = sanitize.GITHUB) -> None:
        self._where = where

    @activity.defn(name="podium.report.render")
    async def render(self, ask: RenderReport) -> str:
        """Render markdown that fits an issue; rows that do not fit are counted, never cut."""
        return render(ask, where=self._where)

    @activity.defn(name="podium.output.preview")
    async def preview(self, ask: Preview) -> str:
        """Render a text that a staged run would write."""
        return texts.rendered(ask.text, self._where)


def render(
    ask: RenderReport,
    limit: int = MAX_BODY - _ROOM_FOR_MARKER,
    where: sanitize.Origins = sanitize.GITHUB,
) -> str:
    """Render with as many rows as fit into `limit` characters; links lead to the origins alone."""
    rows = max(len(ask.report.results), _MAX_REDUCED if ask.report.reductions else 0)
    while True:
        text = _render(ask, rows, where)
        if len(text) <= limit or rows == 0:
            return fit(text, limit, f"(Cut here; the whole is in `{ask.report.workflow_id}`.)")
        rows = rows * 3 // 4


def _render(ask: RenderReport, rows: int, where: sanitize.Origins) -> str:
    report = ask.report
    shown = report.results[:rows]
    by_status = report.totals.by_status
    context: dict[str, Any] = {
        "report": report,
        "status_line": _status_line(report),
        "succeeded": by_status.get("success", 0) + by_status.get("partial", 0),
        "skipped": by_status.get("skipped", 0),
        "failed": sum(n for s, n in by_status.items() if OutcomeStatus(s) not in GOOD),
        "beyond": _beyond(report),
        "took": f"{report.metrics.seconds:.0f} s",
        "highlights_title": ask.highlights_title,
        "highlights": report.highlights[: min(_MAX_HIGHLIGHTS_SHOWN, rows + 1)],
        "columns": ask.columns or {"Summary": _SUMMARY},
        "routed": any(row.route for row in report.results),
        "failures": [row for row in shown if not row.good],
        "results": [row for row in shown if row.good],
        "omitted": report.results_omitted + len(report.results) - len(shown),
        "reduced": min(rows, _MAX_REDUCED),
        "decisions": _decisions(report, rows),
    }
    text = _template(where).render(context) + (_data(report) if ask.data else "")
    apart = re.sub(r"\n+(?=(?:##|---|<details>) ?)", "\n\n", text)
    return re.sub(r"\n{3,}", "\n\n", apart).strip() + "\n"


def _data(report: OrchestrationReport) -> str:
    """The block that an orchestration above collects; JSON escapes what could end it early."""
    data = HealthIssue(
        protocol="podium/v1",
        spec=report.spec,
        status=report.status.value,
        action_items=report.action_items,
    )
    text = json.dumps(data.model_dump(mode="json")).replace("`", "\\u0060").replace("<", "\\u003c")
    text = text.replace("@", "\\u0040").replace("#", "\\u0023")
    return f"\n\n<details><summary>Data</summary>\n\n```{RESULT_BLOCK}\n{text}\n```\n\n</details>\n"


def _status_line(report: OrchestrationReport) -> str:
    reason = f": {sanitize.inline(report.reason, 400)}" if report.reason else ""
    return f"**{report.status.value}**{reason}"


def _beyond(report: OrchestrationReport) -> str:
    more = "" if report.totals.beyond_limit_exact else "at least "
    return f"{more}{report.totals.beyond_limit}"


def _decisions(report: OrchestrationReport, rows: int) -> list[Any]:
    told = [one for one in report.decisions if one.kind not in _ROUTINE]
    return told[-min(_MAX_DECISIONS_SHOWN, rows + 1) :]


def _output(row: WorkerOutcome, field: str) -> str:
    value: Any = {"outputs": row.outputs, _SUMMARY: row.summary}
    for step in field.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    return sanitize.inline(value)


def _code(text: str) -> str:
    return re.sub(r"[^\w./:@-]", "?", text)


@functools.lru_cache(maxsize=8)
def _template(where: sanitize.Origins) -> jinja2.Template:
    environment = texts.environment(where)
    environment.filters |= {
        "output": _output,
        "named": lambda row: row.title if row.key == row.title else f"{row.key}: {row.title}",
        "field": lambda path: sanitize.inline(path.removeprefix("outputs.").replace("_", " ")),
        "code": _code,
    }
    return environment.get_template("report.md.j2")
