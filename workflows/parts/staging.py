"""A staged run: what it would write is shown, and not written."""

from temporalio import workflow
from temporalio.exceptions import ActivityError

from activities.reports import ReportActivities
from contracts.base import clip
from contracts.fleet import OrchestrationState
from contracts.outputs import Preview, Text
from contracts.report import MAX_PREVIEWS, OrchestrationStatus, PreviewedWrite
from workflows import policies
from workflows.parts.journal import Journal

_MAX_TEXT = 2_000
"""Characters shown of each write."""


class Staging:
    """Previews of writes, kept for the report."""

    def __init__(self, state: OrchestrationState, journal: Journal, *, active: bool) -> None:
        self.active = active
        self._state, self._journal = state, journal

    def judged(self, status: OrchestrationStatus, reason: str) -> tuple[OrchestrationStatus, str]:
        """Have no run fail of what was only shown."""
        held = self.active and any(one.kind == "staged" for one in self._state.journal.decisions)
        if held and status is OrchestrationStatus.FAILED:
            return OrchestrationStatus.PARTIAL, f"staged; {reason}"
        return status, reason

    def skips(self, gate: str) -> bool:
        """Whether nobody is asked: nothing that people would have to allow is dispatched."""
        if self.active:
            self._journal.decide("staged", gate, "people would be asked for their approval")
        return self.active

    async def shows(self, output: str, place: str, body: str | Text, *, title: str = "") -> bool:
        """Take a write as a preview; False where the run is not staged, and it is to be made."""
        if not self.active:
            return False
        self._journal.decide("staged", output, f"{place}: {title}" if title else place)
        if len(self._state.previews) < MAX_PREVIEWS:
            text = body if isinstance(body, str) else await self._rendered(body)
            preview = PreviewedWrite(
                output=output, place=place, title=title, text=clip(text, _MAX_TEXT)
            )
            self._state.previews.append(preview)
        return True

    async def _rendered(self, text: Text) -> str:
        try:
            return await workflow.execute_activity_method(
                ReportActivities.preview,
                Preview(text=text),
                **policies.named(policies.LOCAL, f"preview the {text.template}"),
            )
        except ActivityError as error:
            return f"(it could not be rendered: {error.cause})"
