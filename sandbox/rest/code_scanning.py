"""Uploads of SARIF files, and the repositories of an organization."""

import base64
import binascii
import contextlib
import re
import uuid
from typing import Any

from sandbox.control_models import SarifRecord
from sandbox.gate import Call, Handler
from sandbox.model import SarifUpload
from sandbox.rest.paging import page_of
from sandbox.sarif import results_in, unpacked
from sandbox.wire import Answer, ApiError, iso, not_found, now

MAX_COMPRESSED_BYTES = 10 * 1024 * 1024
_REF = re.compile(r"^refs/(heads|tags|pull)/.*$")
_SHA = re.compile(r"^[0-9a-f]{40,64}$")
_PERMITTED = {"commit_sha", "ref", "sarif", "checkout_uri", "started_at", "tool_name", "validate"}


def upload(call: Call) -> Answer:
    """`POST .../code-scanning/sarifs`: gzip, then base64."""
    repo, fields = call.repository, call.fields()
    call.identity.require("security-events", repo)
    if repo.archived:
        raise ApiError(403, "Repository was archived so is read-only.")
    for key in fields:
        if key not in _PERMITTED:
            raise ApiError(422, f'Invalid request.\n\n"{key}" is not a permitted key.')
    for key, pattern in (("commit_sha", _SHA), ("ref", _REF)):
        if not pattern.match(str(fields.get(key, ""))):
            raise ApiError(422, f"Invalid request.\n\n{key} does not match {pattern.pattern}")
    packed = _decoded(fields.get("sarif"))
    if len(packed) > MAX_COMPRESSED_BYTES:
        raise ApiError(413, "Request Entity Too Large")
    content = base64.b64encode(packed).decode()
    number, errors, results = str(uuid.uuid4()), [], 0
    try:
        results = results_in(unpacked(content))
    except ValueError as error:
        errors.append(str(error))
    call.hub.world.sarifs[number] = SarifUpload(
        number,
        repo.full_name,
        str(fields["commit_sha"]),
        str(fields["ref"]),
        results,
        errors,
        now(),
        content,
    )
    call.hub.changed()
    url = f"{call.hub.shapes.repo_url(repo)}/code-scanning/sarifs/{number}"
    return Answer(202, {"id": number, "url": url})


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(text if isinstance(text, str) else "!", validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(400, "sarif is not valid Base64") from None


def status(call: Call) -> Answer:
    """`GET .../code-scanning/sarifs/{id}`."""
    found = call.hub.world.sarifs.get(str(call.params["sarif_id"]))
    if found is None or found.repository != call.repository.full_name:
        raise not_found()
    analyses = f"{call.hub.shapes.repo_url(call.repository)}/code-scanning/analyses"
    if now() < found.at + call.hub.settings.sarif_seconds:
        return Answer(200, {"processing_status": "pending"})
    body = {
        "processing_status": "failed" if found.errors else "complete",
        "analyses_url": f"{analyses}?sarif_id={found.id}",
        "errors": found.errors or None,
    }
    return Answer(200, body)


def sarif_record(upload: SarifUpload) -> SarifRecord:
    """An upload for those who test what was uploaded."""
    document = None
    with contextlib.suppress(ValueError):
        document = unpacked(upload.content)
    return SarifRecord(
        id=upload.id,
        repository=upload.repository,
        commit_sha=upload.commit_sha,
        ref=upload.ref,
        results=upload.results,
        errors=upload.errors,
        document=document,
    )


def organization_repositories(call: Call) -> Answer:
    """`GET /orgs/{org}/repos`, by when they were made or, as GitHub does unasked, newest first."""
    owner = str(call.params["org"]).lower()
    every = call.hub.world.repositories.values()
    found = [one for one in every if one.owner.lower() == owner and call.identity.sees(one)]
    if not found:
        raise not_found()
    by_name = call.query.get("sort") == "full_name"
    ascending = call.query.get("direction", "asc" if by_name else "desc") == "asc"
    found.sort(key=lambda one: one.full_name if by_name else one.id, reverse=not ascending)
    page, headers = page_of(call, found)
    shapes = call.hub.shapes
    extra = {"disabled": False, "visibility": "public"}
    bodies = [
        shapes.minimal_repository(repo)
        | extra
        | {"default_branch": repo.default_branch, "archived": repo.archived, "topics": repo.topics}
        | {"created_at": iso(repo.created_at)}
        for repo in page
    ]
    return Answer(200, bodies, headers)


_S = "/repos/{owner}/{repo}/code-scanning/sarifs"
ROUTES: dict[tuple[str, str], Handler] = {
    ("POST", _S): upload,
    ("GET", f"{_S}/{{sarif_id}}"): status,
    ("GET", "/orgs/{org}/repos"): organization_repositories,
}
