"""An organization's repositories, and a worker that runs in each of them."""

from typing import Any

from tests.system.stand import WORKER_FILE, Stand, spec

ORGANIZATION = "hexa-org"
_NAME = "${{ item.full_name }}"


def serve(stand: Stand, count: int, seconds: float) -> list[str]:
    """Serve so many repositories of the organization, and runs that take so long."""
    served = [f"{ORGANIZATION}/r{number:03}" for number in range(count)]
    for name in served:
        stand.control.add_repository(name, files={".github/workflows/analyzer.yml": WORKER_FILE})
    stand.control.timed([{"duration_seconds": seconds}])
    return served


def over_repositories(count: int, parallel: int) -> dict[str, Any]:
    """A spec that runs a worker in each repository of the organization."""
    source = {"source": "organization-repositories", "organization": ORGANIZATION, "limit": count}
    data = spec(
        [],
        pattern="map-reduce",
        worker={"workflow": "analyzer.yml", "repository": _NAME, "inputs": {"item": _NAME}},
        reduce={"said": {"reducer": "counts", "field": "outputs.said"}},
        **{"max-parallel": parallel},
    )
    return data | {"for-each": source}
