"""Deliveries as GitHub posts them: signed, with its headers."""

import hashlib
import hmac
import json
from typing import Any
from uuid import uuid4

SECRET = "a secret that only GitHub and we know"


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def delivery(
    payload: Any,
    event: str = "workflow_run",
    *,
    delivery_id: str = "",
    secret: str = SECRET,
    **headers: str,
) -> dict[str, Any]:
    """Arguments of a post; `headers` replace GitHub's, named with `_`, and empty ones are left out."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    sent = {
        "content_type": "application/json",
        "user_agent": "GitHub-Hookshot/0123456",
        "x_github_delivery": delivery_id or str(uuid4()),
        "x_github_event": event,
        "x_github_hook_id": "292430182",
        "x_hub_signature_256": signature(body, secret),
        **headers,
    }
    return {
        "content": body,
        "headers": {name.replace("_", "-"): value for name, value in sent.items() if value},
    }


def completed(run: dict[str, Any], repository: str, action: str = "completed") -> dict[str, Any]:
    """The payload of a run's end, around what the REST API says of the run."""
    owner, name = repository.split("/")
    return {
        "action": action,
        "workflow_run": run,
        "workflow": {"id": run.get("workflow_id"), "path": run.get("path")},
        "repository": {"id": 1, "name": name, "full_name": repository, "owner": {"login": owner}},
        "organization": {"login": owner},
        "sender": {"login": "github-actions[bot]", "type": "Bot"},
    }
