"""Pages for people: where `html_url` leads. All text is escaped; nothing is fetched or run."""

from collections.abc import Iterable
from html import escape

from markdown_it import MarkdownIt
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.hub import Hub
from sandbox.model import Issue, Repository, Run
from sandbox.wire import ApiError, iso, not_found

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1f2328}table{border-collapse:collapse}td,th{border:1px solid #d1d9e0;padding:.3rem"
    " .6rem;text-align:left}article{border:1px solid #d1d9e0;border-radius:6px;padding:0 1rem;"
    "margin:1rem 0}pre{background:#f6f8fa;padding:.8rem;overflow:auto;white-space:pre-wrap}"
    "small{color:#59636e}"
)
_LISTED = 200
_LOG_LINES = 400


class Pages:
    """The handlers of the pages."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[Route]:
        """The routes of all pages."""
        base = "/{owner}/{repo}"
        return [
            Route(f"{base}/issues/{{number:int}}", self.issue),
            Route(f"{base}/pull/{{number:int}}", self.issue),
            Route(f"{base}/actions/runs/{{run_id:int}}", self.run),
            Route(f"{base}/actions", self.overview),
            Route(f"{base}/issues", self.overview),
            Route(base, self.overview),
        ]

    async def overview(self, request: Request) -> Response:
        """A repository: its newest issues and runs."""
        try:
            repository = self._repository(request)
        except ApiError as error:
            return _refusal(error)
        issues = sorted(repository.issues.values(), key=lambda i: -i.number)[:_LISTED]
        runs = [r for r in self._hub.world.runs.values() if r.repository == repository.full_name]
        rows = [
            [
                _link(f"/{repository.full_name}/issues/{i.number}", f"#{i.number}"),
                _e(i.title),
                i.state,
            ]
            for i in issues
        ]
        run_rows = [
            [_link(f"/{r.repository}/actions/runs/{r.id}", str(r.id)), _e(r.title), _e(_state(r))]
            for r in runs[: -_LISTED - 1 : -1]
        ]
        body = "<h2>Issues</h2>" + _table(rows) + "<h2>Workflow runs</h2>" + _table(run_rows)
        return _page(repository, repository.full_name, body)

    async def issue(self, request: Request) -> Response:
        """An issue or pull request with its comments."""
        try:
            repository = self._repository(request)
            issue = repository.issues.get(request.path_params["number"])
            if issue is None:
                raise not_found()
        except ApiError as error:
            return _refusal(error)
        return _page(repository, f"{issue.title} #{issue.number}", _issue_body(repository, issue))

    async def run(self, request: Request) -> Response:
        """A run: state, jobs, steps, artifacts, the end of its log."""
        try:
            repository = self._repository(request)
            run = self._hub.run(repository, request.path_params["run_id"])
        except ApiError as error:
            return _refusal(error)
        return _page(repository, run.title, self._run_body(run))

    def _repository(self, request: Request) -> Repository:
        return self._hub.repository(request.path_params["owner"], request.path_params["repo"])

    def _run_body(self, run: Run) -> str:
        facts = [
            ["State", _e(_state(run))],
            ["Workflow", _e(run.workflow_path)],
            ["Attempt", str(run.attempt.number)],
            ["Started by", _e(run.login)],
            ["Created", iso(run.created_at)],
        ]
        facts += [[f"Input <code>{_e(k)}</code>", _e(str(v))] for k, v in run.inputs.items()]
        jobs = [
            [_e(job.name), _e(step.name), _e(step.conclusion or step.status)]
            for job in run.attempt.jobs
            for step in job.steps
        ]
        artifacts = [[_e(a.name), f"{a.size} bytes"] for a in self._hub.artifacts.of_run(run)]
        log = _e("\n".join(run.attempt.log[-_LOG_LINES:]))
        return (
            f"{_table(facts)}<h2>Jobs</h2>{_table(jobs)}<h2>Artifacts</h2>{_table(artifacts)}"
            f"<h2>Log</h2><pre>{log}</pre>"
        )


def _issue_body(repository: Repository, issue: Issue) -> str:
    labels = ", ".join(_e(name) for name in issue.labels) or "no labels"
    parts = [f"<p><small>{issue.state} - {labels}</small></p>"]
    parts.append(_entry(issue.login, issue.created_at, issue.body or ""))
    for number in issue.comments:
        comment = repository.comments[number]
        entry = _entry(comment.login, comment.created_at, comment.body)
        parts.append(f'<div id="issuecomment-{comment.id}">{entry}</div>')
    return "".join(parts)


def _entry(login: str, at: float, body: str) -> str:
    text = _MARKDOWN.render(body)
    return f"<article><p><small>{_e(login)} - {iso(at)}</small></p>{text}</article>"


def _state(run: Run) -> str:
    return run.state.conclusion or run.state.status


def _e(text: str) -> str:
    return escape(text, quote=True)


def _link(target: str, text: str) -> str:
    return f'<a href="{_e(target)}">{_e(text)}</a>'


def _table(rows: Iterable[Iterable[str]]) -> str:
    cells = ("".join(f"<td>{cell}</td>" for cell in row) for row in rows)
    found = "".join(f"<tr>{row}</tr>" for row in cells)
    return f"<table>{found}</table>" if found else "<p>None.</p>"


def _page(repository: Repository, title: str, body: str) -> HTMLResponse:
    home = _link(f"/{repository.full_name}", repository.full_name)
    document = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_e(title)}</title>'
        f"<style>{_STYLE}</style></head><body><p>{home}</p><h1>{_e(title)}</h1>{body}</body></html>"
    )
    content = document.encode("utf-8", "replace")
    return HTMLResponse(content, headers={"content-security-policy": _POLICY})


def _refusal(error: ApiError) -> Response:
    answer = error.answer()
    return Response(answer.content(), answer.status, media_type=answer.media_type)
