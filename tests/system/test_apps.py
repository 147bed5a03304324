"""A GitHub App in two owners: one Temporal Worker, a token for each, renewed once, never recorded."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from contracts.report import OrchestrationReport
from sandbox.control import RequestRecord
from tests.patience import PATIENCE
from tests.sandbox.apps import APP_ID, SLUG, keys, token_of
from tests.system.rooms import until
from tests.system.stand import WORKER_FILE, Stand, spec
from tests.system.test_secrets import histories

OWNERS = ("first-org", "second-org")
LIFE, EARLY = 11, 6
"""Seconds that a token lives, and that PyGithub renews it before its end: 20 by itself."""


def asked(owner: str) -> dict[str, Any]:
    """Over the repositories that the App may see there, without a word about the owner."""
    found = spec(
        0,
        name=f"in-{owner}",
        repository=f"{owner}/gadgets",
        **{
            "for-each": {"source": "installation-repositories"},
            "safe-outputs": {"create-issue": {"max": 1}},
        },
    )
    found["worker"]["inputs"] = {"item": "${{ item.full_name }}"}
    return found


def fetched(stand: Stand, ids: dict[str, int]) -> dict[str, list[RequestRecord]]:
    """Tokens that were given out, by owner."""
    found: dict[str, list[RequestRecord]] = defaultdict(list)
    owner_of = {f"/app/installations/{n}/access_tokens": owner for owner, n in ids.items()}
    for request in stand.control.requests():
        if request.path in owner_of:
            found[owner_of[request.path]].append(request)
    return found


@pytest.mark.covers("C2")
async def test_each_owner_is_served_by_its_own_token_which_is_renewed_once(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs outlast the first tokens: whoever still used one would be refused."""
    monkeypatch.setattr("github.Auth.TOKEN_REFRESH_THRESHOLD_TIMEDELTA", timedelta(seconds=EARLY))
    control, key = stand.control, tmp_path / "key.pem"
    key.write_text(keys()[0])
    for owner in OWNERS:
        file = {".github/workflows/analyzer.yml": WORKER_FILE}
        control.add_repository(f"{owner}/gadgets", files=file)
        control.add_repository(f"{owner}/more", files={"README.md": "x"})
    ids = control.add_app(APP_ID, SLUG, keys()[1], *({"owner": owner} for owner in OWNERS))
    control.timed([{"duration_seconds": LIFE + 3}])
    control.settings(installation_token_seconds=LIFE)
    settings = stand.settings(
        GITHUB_TOKEN="",
        PODIUM_GITHUB_APP_ID=str(APP_ID),
        PODIUM_GITHUB_APP_PRIVATE_KEY_FILE=str(key),
        PODIUM_MARKER_KEY="a key of the marks alone",
    )
    async with stand.workers(settings):
        handles = [await stand.start(asked(owner)) for owner in OWNERS]
        await until(lambda: len(fetched(stand, ids)) == len(OWNERS))
        control.settings(installation_token_seconds=3_600)
        results = await asyncio.wait_for(
            asyncio.gather(*(handle.result() for handle in handles)), PATIENCE
        )
    tokens, recorded = fetched(stand, ids), await histories(stand)
    every = control.requests()

    for result in results:
        assert OrchestrationReport.model_validate(result).totals.by_status == {"success": 2}
    assert {str(one.inputs["item"]) for one in control.dispatches()} == {
        f"{owner}/{name}" for owner in OWNERS for name in ("gadgets", "more")
    }
    assert {owner: [one.status for one in given] for owner, given in tokens.items()} == {
        owner: [201, 201] for owner in OWNERS
    }
    assert all(second.at - first.at > 2 for first, second in tokens.values())
    looked_up = [one.path for one in every if one.path.endswith("/installation")]
    assert sorted(looked_up) == sorted(f"/repos/{owner}/gadgets/installation" for owner in OWNERS)
    assert {one.login for one in control.dispatches()} == {f"{SLUG}[bot]"}
    refused = [one for one in every if one.status >= 400]
    assert refused == [], "also not a token that had ended, whose owner nobody knows"
    assert _authors(stand, ids) == {owner: [f"{SLUG}[bot]"] for owner in OWNERS}
    assert b"gadgets" in recorded
    assert b"ghs_" not in recorded
    assert keys()[0][40:80].encode() not in recorded


def _authors(stand: Stand, ids: dict[str, int]) -> dict[str, list[str]]:
    found = {}
    for owner, number in ids.items():
        token = token_of(stand.sandbox, number)
        answer = requests.get(
            f"{stand.sandbox.api_url}/repos/{owner}/gadgets/issues",
            headers={"Authorization": f"Bearer {token}"},
            timeout=20,
        )
        found[owner] = [one["user"]["login"] for one in answer.json()]
    return found
