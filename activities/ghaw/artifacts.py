"""A gh-aw run's artifacts: found under all their names, opened within bounds, the smallest first."""

from typing import Any

from activities.channels import BROKEN, read_members
from activities.github.actions import Actions
from activities.github.errors import NotFoundError, RefusedError
from contracts.runs import RunRef

MAX_ARTIFACT_BYTES = 8 * 1024 * 1024
"""Of one zip; an `agent` artifact with all its logs may be larger, and is then not fetched."""
MAX_FILE_BYTES = 1024 * 1024
"""Of one file in a zip."""

AGENT_OUTPUT = "agent_output.json"
STRUCTURED_OUTPUT = "structured-output.json"
AW_INFO = "aw_info.json"
AGENT_USAGE = "agent_usage.json"
EXECUTED = "safe-output-items.jsonl"
OUTPUT_ERRORS = "safe-output-errors.json"
DETECTION_RESULT = "detection_result.json"
DETECTION_LOG = "detection.log"

FILES: dict[str, tuple[str, ...]] = {
    "usage": (AW_INFO, AGENT_USAGE),
    "activation": (AW_INFO,),
    "info": (AW_INFO,),
    "aw-info": (AW_INFO,),
    "agent-output-fallback": (AGENT_OUTPUT,),
    "agent": (AGENT_OUTPUT, STRUCTURED_OUTPUT, AGENT_USAGE),
    "agent-output": (AGENT_OUTPUT,),
    "safe-outputs-items": (EXECUTED, OUTPUT_ERRORS),
    "detection": (DETECTION_RESULT, DETECTION_LOG),
}
"""What is wanted of each artifact. Names and layout changed with gh-aw's versions."""


class Shelf:
    """The files of one run's artifacts; each artifact is fetched when it is first asked for."""

    def __init__(self, actions: Actions, run: RunRef) -> None:
        self._actions, self._run = actions, run
        self._listed = actions.all_artifacts(run.repository, run.run_id)
        self._opened: set[str] = set()
        self.files: dict[str, str] = {}
        """Text by file name; the first artifact that holds a file gives it."""
        self.problems: list[str] = []
        """What could not be read, in words."""

    @property
    def empty(self) -> bool:
        """Whether the run left nothing at all."""
        return not self._listed

    def has(self, base: str) -> bool:
        """Whether an artifact of that name is listed."""
        return bool(self._named(base))

    def open(self, base: str) -> None:
        """Fetch an artifact, if it is there, and keep the wanted files that are not known yet."""
        if base in self._opened:
            return
        self._opened.add(base)
        there = self._named(base)
        live = [one for one in there if not one.get("expired")]
        if there and not live:
            self.problems.append(f"artifact {base} has expired")
        if not live:
            return
        newest = max(live, key=lambda one: one["id"])
        size = newest.get("size_in_bytes") or 0
        if size > MAX_ARTIFACT_BYTES:
            self.problems.append(
                f"artifact {base} has {size} bytes, at most {MAX_ARTIFACT_BYTES} are fetched"
            )
            return
        try:
            packed = self._actions.artifact_zip(
                self._run.repository, newest["id"], MAX_ARTIFACT_BYTES
            )
            found = read_members(packed, FILES[base], MAX_FILE_BYTES)
        except NotFoundError:
            self.problems.append(f"artifact {base} is gone")
        except (*BROKEN, RefusedError) as error:
            self.problems.append(f"artifact {base} cannot be read: {error}")
        else:
            self.files = found | self.files

    def _named(self, base: str) -> list[dict[str, Any]]:
        """Runs of called workflows put a short hash before the names."""
        names = ((one, str(one.get("name") or "")) for one in self._listed)
        return [one for one, name in names if name == base or name.endswith(f"-{base}")]
