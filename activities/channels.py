"""Where results are: the artifact, or a block in what the worker's bot wrote."""

import hashlib
import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activities.github.actions import Actions
from activities.github.issues import Issues
from contracts.names import RESULT_ARTIFACT, RESULT_BLOCK, RESULT_FILE
from contracts.runs import CollectOrder

MAX_ZIP_BYTES = 1024 * 1024
MAX_COMMENT_PAGES = 3
_MAX_ID = 2**63
BROKEN = (
    zipfile.BadZipFile,
    ValueError,
    RuntimeError,  # encrypted; also NotImplementedError, a compression that nobody knows
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
)
"""All that a zip of a stranger's making can bring about."""
_LINE_END = re.compile(r"\r\n?|\n")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*(.*)")


@dataclass(frozen=True)
class Found:
    """A result's text, not checked yet."""

    text: str
    channel: str
    url: str


def artifact(actions: Actions, order: CollectOrder) -> Found | None:
    """Read `result.json` out of the newest artifact `podium-result` of the run."""
    run = order.run
    there = actions.artifacts(run.repository, run.run_id, RESULT_ARTIFACT)
    live = [a for a in there if not a.get("expired") and a["name"] == RESULT_ARTIFACT]
    if not live:
        return None
    newest = max(live, key=lambda a: a["id"])
    url = f"{run.url}/artifacts/{newest['id']}" if run.url else ""
    packed = actions.artifact_zip(run.repository, newest["id"], MAX_ZIP_BYTES)
    try:
        return Found(_unpack(packed, newest.get("digest"), order.max_bytes), "artifact", url)
    except BROKEN as error:
        # A broken artifact is the worker's fault: the text is judged like any other.
        return Found(f"unreadable artifact: {error}", "artifact", url)


def _unpack(packed: bytes, digest: str | None, max_bytes: int) -> str:
    seen = "sha256:" + hashlib.sha256(packed).hexdigest()
    if digest and digest != seen:
        raise ValueError(f"digest {digest}, content has {seen}")
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        inside = _members(files)
        if RESULT_FILE not in inside:
            raise ValueError(f"no {RESULT_FILE} in it")
        return _text(files, inside[RESULT_FILE], max_bytes)


def read_members(packed: bytes, names: Iterable[str], max_bytes: int) -> dict[str, str]:
    """Read the files of these names, where they are there.

    Raises:
        ValueError: a file has more than `max_bytes`; the rest of `BROKEN` for a broken zip.
    """
    found = {}
    with zipfile.ZipFile(io.BytesIO(packed)) as files:
        inside = _members(files)
        for name in names:
            if name in inside:
                found[name] = _text(files, inside[name], max_bytes)
                if len(found[name]) > max_bytes:
                    raise ValueError(f"{name} has more than {max_bytes} bytes")
    return found


def _members(files: zipfile.ZipFile) -> dict[str, str]:
    """Paths by file name; of several, the one that is nested least."""
    ordered = sorted(files.namelist(), key=lambda name: name.count("/"), reverse=True)
    return {name.rsplit("/", 1)[-1]: name for name in ordered}


def _text(files: zipfile.ZipFile, path: str, max_bytes: int) -> str:
    """Read a file; one byte more than is allowed shows an oversized one, unread."""
    with files.open(path) as content:
        return content.read(max_bytes + 1).decode(errors="replace")


def comment(
    issues: Issues, order: CollectOrder, since: datetime, *, interim: bool = False
) -> Found | None:
    """Find the newest comment that counts.

    It was created by the expected bot during this run and never edited, holds exactly one
    result block, and that block names this run and attempt. Everything else is passed over:
    anyone may write something that looks like a result.

    Args:
        issues: where comments are read.
        order: whose comment, and on which issue.
        since: when the run was dispatched, at the earliest.
        interim: look for what was told on the way (`progress` under 1), which is no result.
    """
    if order.comment_on is None:
        return None
    comments = issues.comments(
        order.run.repository, order.comment_on, since=since, max_pages=MAX_COMMENT_PAGES
    )
    for one in reversed(comments):
        if one.get("created_at") != one.get("updated_at"):
            continue
        block = block_of(one, order, since, interim=interim)
        if block is not None:
            return Found(block, "comment", str(one.get("html_url") or ""))
    return None


def block_of(
    one: dict[str, Any], order: CollectOrder, since: datetime, *, interim: bool = False
) -> str | None:
    """Give the one block of a comment, issue or pull request, if it is of this run.

    Whether its text was edited is not looked at.
    """
    if not _is_believable(one, order.author, since):
        return None
    run, blocks = order.run, list(result_blocks(one.get("body") or ""))
    if len(blocks) == 1 and _names(blocks[0], run.run_id, run.run_attempt, interim=interim):
        return blocks[0]
    return None


def told(order: CollectOrder, since: datetime) -> Found | None:
    """Find the block that counts among those that were delivered, by the rules of `comment`."""
    run = order.run
    for one in sorted(order.told, key=lambda one: one.created_at, reverse=True):
        by_whom = one.author == order.author and (one.is_bot or not order.author.endswith("[bot]"))
        of_this = one.issue == order.comment_on and one.created_at >= since
        if by_whom and of_this and names_run(one.text) == (run.run_id, run.run_attempt):
            return Found(one.text, "comment", one.url)
    return None


def names_run(block: str) -> tuple[int, int] | None:
    """Tell which run and attempt a result is of; None for what is none, or not the last word."""
    data = _object(block)
    if data is None or _is_interim(data):
        return None
    run_id, attempt = data.get("run_id"), data.get("run_attempt", 1)
    if type(run_id) is not int or type(attempt) is not int:  # a boolean is none
        return None
    return (run_id, attempt) if 0 < run_id < _MAX_ID and 0 < attempt < _MAX_ID else None


def is_created_since(one: dict[str, Any], since: datetime) -> bool:
    """Whether a comment, issue or pull request is so new."""
    created = one.get("created_at") or ""
    return bool(created) and datetime.fromisoformat(created) >= since


def _is_believable(one: dict[str, Any], author: str, since: datetime) -> bool:
    user = one.get("user") or {}
    is_bot = user.get("type") == "Bot" or not author.endswith("[bot]")
    return user.get("login") == author and is_bot and is_created_since(one, since)


def _names(block: str, run_id: int, run_attempt: int, *, interim: bool) -> bool:
    data = _object(block)
    if data is None:
        return False
    named = (data.get("run_id"), data.get("run_attempt", 1))
    return named == (run_id, run_attempt) and _is_interim(data) == interim


def _object(block: str) -> dict[str, Any] | None:
    try:
        data = json.loads(block)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _is_interim(data: dict[str, Any]) -> bool:
    """Whether a block was told on the way, which is no result."""
    told = data.get("progress")
    told = told if isinstance(told, (int, float)) and not isinstance(told, bool) else 1
    return 0 <= told < 1


def result_blocks(body: str) -> Iterator[str]:
    """Yield the content of each fenced block whose info string is `json podium-result`.

    Line by line, so that the time is linear however many fences stay open.
    """
    fence, wanted, lines = "", False, list[str]()
    for line in _LINE_END.split(body):  # `splitlines` would also end them where JSON does not
        found = _FENCE.fullmatch(line)
        if not fence:
            if found:
                fence, lines = found.group(1), []
                wanted = found.group(2).strip() == RESULT_BLOCK
        elif found and found.group(1).startswith(fence) and not found.group(2).strip():
            if wanted:
                yield "\n".join(lines)
            fence = ""
        else:
            lines.append(line)
