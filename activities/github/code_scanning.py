"""Code scanning: uploads of SARIF files, and what becomes of them."""

import base64
from dataclasses import dataclass
from typing import Any

from activities.github.client import GitHubClient


@dataclass(frozen=True)
class Receipt:
    """An upload that GitHub has accepted, and processes from now on."""

    sarif_id: str
    url: str


class CodeScanning:
    """The part of the REST API under `/code-scanning`."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    def upload(self, repository: str, commit_sha: str, ref: str, packed: bytes) -> Receipt:
        """Upload a compressed file; the same tool and category of that commit is replaced.

        Raises:
            GitHubError: refused, as for an archived repository or a file that is too large.
        """
        body = {
            "commit_sha": commit_sha,
            "ref": ref,
            "sarif": base64.b64encode(packed).decode(),
        }
        path = f"/repos/{repository}/code-scanning/sarifs"
        data = self._client.request("POST", path, body=body).data or {}
        return Receipt(str(data.get("id") or ""), str(data.get("url") or ""))

    def processing(self, repository: str, sarif_id: str) -> dict[str, Any]:
        """Read how far the processing of an upload is: `processing_status`, `errors`."""
        path = f"/repos/{repository}/code-scanning/sarifs/{sarif_id}"
        found: dict[str, Any] = self._client.get(path).data
        return found
