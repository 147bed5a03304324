"""Decisions, all of them: told once more by replaying a history, which reports keep 500 of."""

import contextlib
import logging
from collections.abc import Iterator
from datetime import datetime

from temporalio import workflow
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer

from contracts.base import clip
from starter.audit.chain import Record
from workflows.plugin import WORKFLOWS, podium_plugin

_TOLD = ("subject", "reason", "by", "established")


class Retold:
    """Replays histories one by one, and listens to what their journals say."""

    def __init__(self, client: Client) -> None:
        codec = client.data_converter.payload_codec
        self._replayer = Replayer(
            workflows=WORKFLOWS, namespace=client.namespace, plugins=[podium_plugin(codec)]
        )

    async def decisions(self, history: WorkflowHistory) -> tuple[list[Record], str]:
        """Replay one run.

        Returns:
            Its decisions in order, and why there are no more of them: nothing, or what a replay
            failed with, as where another version of Podium had made that history.
        """
        with _listening() as heard:
            try:
                done = await self._replayer.replay_workflow(history, raise_on_replay_failure=False)
                failure: BaseException | None = done.replay_failure
            except Exception as error:  # noqa: BLE001 - told in the trail
                failure = error
        return heard, clip(f"it does not replay: {failure}", 500) if failure else ""


class _Ear(logging.Handler):
    def __init__(self, heard: list[Record]) -> None:
        super().__init__(logging.INFO)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        kind, at = getattr(record, "decision", None), getattr(record, "decided_at", None)
        if isinstance(kind, str) and isinstance(at, datetime):
            told = {name: getattr(record, name, "") for name in _TOLD}
            self._heard.append({"kind": "decision", "time": at.isoformat(), "what": kind, **told})


@contextlib.contextmanager
def _listening() -> Iterator[list[Record]]:
    """Have workflow code log while it is replayed, to nobody but us."""
    heard: list[Record] = []
    ear, logger = _Ear(heard), workflow.logger.base_logger
    was = logger.level, logger.propagate, workflow.logger.log_during_replay
    logger.addHandler(ear)
    logger.setLevel(logging.INFO)
    logger.propagate, workflow.logger.log_during_replay = False, True
    try:
        yield heard
    finally:
        logger.removeHandler(ear)
        logger.setLevel(was[0])
        logger.propagate, workflow.logger.log_during_replay = was[1], was[2]
