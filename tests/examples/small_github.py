"""A GitHub of one repository, small enough to be read: issues and comments, in pages of ten."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

BOT = {"login": "github-actions[bot]", "type": "Bot"}
DISPATCH_ID = "pd-0123456789abcdef01234567"


class SmallGitHub(BaseHTTPRequestHandler):
    """Issues and comments of one repository, in pages of ten, with faults on request."""

    issues: ClassVar[list[dict[str, Any]]]
    comments: ClassVar[list[dict[str, Any]]]
    calls: ClassVar[list[str]]
    faults: ClassVar[list[tuple[str, int, bool]]]
    """Method, status to answer with once, and whether the work is done all the same."""

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        self.calls.append(f"{self.command} {path}")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "null")
        fault = next((f for f in self.faults if f[0] == self.command), None)
        if fault:
            self.faults.remove(fault)
        if self.headers["Authorization"] != "Bearer t0ken":
            return self._answer(401, {"message": "Bad credentials"})
        if fault and not fault[2]:
            return self._answer(fault[1], {"message": "Made to fail"})
        status, answer = self._work(path.removeprefix("/repos/octo-org/widgets"), body)
        page = re.search(r"\bpage=(\d+)", query.replace("per_page", ""))
        status = fault[1] if fault else status
        return self._answer(status, answer, int(page.group(1)) if page else 1)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names are http.server's

    def _work(self, path: str, body: Any) -> tuple[int, Any]:
        comment = re.fullmatch(r"/issues/comments/(\d+)", path)
        if comment:
            self.comments[:] = [c for c in self.comments if c["id"] != int(comment.group(1))]
            return 204, None
        if path.endswith("/comments") and body is None:
            issue = path.removesuffix("/comments")
            return 200, [c for c in self.comments if c["issue_url"].endswith(issue)]
        if path.endswith("/comments"):
            self.comments.append(comment_of(BOT, body["body"], int(path.split("/")[2])))
            return 201, self.comments[-1]
        if path == "/issues":
            return 200, [one for one in self.issues if one["state"] == "open"]
        found = [one for one in self.issues if path == f"/issues/{one['number']}"]
        return (200, found[0]) if found else (404, {"message": "Not Found"})

    def _answer(self, status: int, answer: Any, page: int = 1) -> None:
        self.send_response(status)
        if isinstance(answer, list):
            if len(answer) > page * 10:
                host = f"http://{self.headers['Host']}{self.path.partition('?')[0]}"
                self.send_header("Link", f'<{host}?per_page=10&page={page + 1}>; rel="next"')
            answer = answer[page * 10 - 10 : page * 10]
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Keep the test's output quiet."""


def comment_of(user: dict[str, str], body: str, issue: int) -> dict[str, Any]:
    """Write a comment with the next id, never edited."""
    SmallGitHub.calls.append("created")
    at = "2026-11-02T03:04:05Z"
    return {
        "id": 900 + SmallGitHub.calls.count("created"),
        "issue_url": f"https://api.github.com/repos/octo-org/widgets/issues/{issue}",
        "user": user,
        "body": body,
        "created_at": at,
        "updated_at": at,
    }


@contextmanager
def served() -> Iterator[str]:
    """Serve it on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SmallGitHub)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def environment(url: str) -> dict[str, str]:
    """Spell what GitHub gives to a job."""
    return {
        "GITHUB_API_URL": url,
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_REPOSITORY": "octo-org/widgets",
        "GITHUB_RUN_ID": "26000000042",
        "GITHUB_RUN_ATTEMPT": "2",
        "DISPATCH_ID": DISPATCH_ID,
    }
