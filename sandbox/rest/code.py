"""Branches and commits made through the API."""

import base64
import binascii
from typing import Any

from sandbox.branches import create_branch, delete_branch, write_file
from sandbox.gate import Call, Handler
from sandbox.trees import blob_sha
from sandbox.wire import Answer, ApiError, node_id

_HEADS = "refs/heads/"


def create_ref(call: Call) -> Answer:
    """`POST .../git/refs`: a branch at a known commit."""
    repo, fields = call.repository, call.fields()
    call.identity.require("contents", repo)
    ref, sha = str(fields.get("ref") or ""), str(fields.get("sha") or "")
    if not ref.startswith(_HEADS) or not ref.removeprefix(_HEADS):
        raise ApiError(422, "Reference name must start with 'refs/heads/'")
    create_branch(call.hub, repo, ref.removeprefix(_HEADS), sha)
    return Answer(201, call.hub.shapes.git_ref(repo, ref, sha))


def delete_ref(call: Call) -> Answer:
    """`DELETE .../git/refs/heads/{name}`."""
    call.identity.require("contents", call.repository)
    delete_branch(call.hub, call.repository, str(call.params["ref"]).removeprefix("heads/"))
    return Answer(204)


def put_contents(call: Call) -> Answer:
    """`PUT .../contents/{path}`: one file, one commit, on a branch that is not the default."""
    repo, fields, hub = call.repository, call.fields(), call.hub
    call.identity.require("contents", repo)
    path = str(call.params["path"]).strip("/")
    if not fields.get("message") or not isinstance(fields.get("content"), str):
        raise ApiError(422, 'Invalid request.\n\n"message" and "content" are needed.')
    if path.split("/")[0] in {"", ".git"} or ".." in path.split("/"):
        raise ApiError(422, "path contains a malformed path component")
    try:
        content = base64.b64decode("".join(fields["content"].split()), validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(422, "content is not valid Base64") from None
    branch = str(fields.get("branch") or repo.default_branch)
    sha, is_new = write_file(hub, repo, branch, path, content, fields.get("sha"))
    body = {
        "content": hub.shapes.file_entry(repo, path, branch, content),
        "commit": _file_commit(call, sha, str(fields["message"])),
    }
    return Answer(201 if is_new else 200, body)


def _file_commit(call: Call, sha: str, message: str) -> dict[str, Any]:
    commit = call.hub.shapes.commit(call.repository, sha)
    inner = commit["commit"]
    return {
        "sha": sha,
        "node_id": node_id("Commit", int(sha[:8], 16)),
        "url": inner["url"],
        "html_url": commit["html_url"],
        "author": inner["author"],
        "committer": inner["committer"],
        "message": message,
        "tree": {"sha": blob_sha(sha.encode()), "url": inner["tree"]["url"]},
        "parents": [],
        "verification": {
            "verified": False,
            "reason": "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": None,
        },
    }


_R = "/repos/{owner}/{repo}"
ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", f"{_R}/git/refs"): create_ref,
    ("DELETE", f"{_R}/git/refs/{{ref:path}}"): delete_ref,
    ("PUT", f"{_R}/contents/{{path:path}}"): put_contents,
}
