"""The place that the tea house deploys to, served by a test."""

import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

from tests.examples.workbench import Example

EXAMPLE = Example("deployment-pipeline")


def _target() -> Any:
    path = EXAMPLE.folder / "target" / "target.py"
    spec = importlib.util.spec_from_file_location("tea_house_target", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODULE = _target()


@contextmanager
def target(token: str = "") -> Iterator[Any]:
    """Serve an empty target on a free port of this machine."""
    server = MODULE.Target(token=token)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def state(server: Any, environment: str) -> tuple[str | None, str | None]:
    """Read which version is live, and which was before."""
    said = requests.get(f"{server.url}/api/{environment}", timeout=5).json()
    return said["current"], said["previous"]


def page(server: Any, environment: str, name: str = "") -> tuple[int, str]:
    """Read a page as anybody would."""
    answer = requests.get(f"{server.url}/{environment}/{name}", timeout=5)
    return answer.status_code, answer.text
