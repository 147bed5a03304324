"""One plugin for Client, Worker and Replayer, so that tests decode and replay as production does."""

import dataclasses

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)
from temporalio.plugin import SimplePlugin
from temporalio.worker.workflow_sandbox import SandboxRestrictions

from workflows.entities.breaker import Breaker
from workflows.entities.content_counter import ContentCounter
from workflows.entities.gate_watch import GateWatch
from workflows.entities.run_watch import RunWatch
from workflows.patterns.circuit_breaker import CircuitBreaker
from workflows.patterns.hierarchical import Hierarchical
from workflows.patterns.map_reduce import MapReduce
from workflows.patterns.orchestrator_worker import OrchestratorWorker
from workflows.patterns.pipeline import Pipeline
from workflows.patterns.reflection import Reflection
from workflows.patterns.router import Router
from workflows.patterns.worker_pool import WorkerPool
from workflows.runner import ContextFreeRunner

WORKFLOWS = [
    Breaker,
    CircuitBreaker,
    ContentCounter,
    GateWatch,
    Hierarchical,
    MapReduce,
    OrchestratorWorker,
    Pipeline,
    Reflection,
    Router,
    RunWatch,
    WorkerPool,
]

# `workflows` itself must never pass through: the sandbox would no longer see what its helpers
# do with clocks and randomness. The two that do are imported again for every workflow otherwise:
# contracts are pure models, and activities are imported only to be named (PyGithub's own
# dependencies cannot even be loaded twice).
RUNNER = ContextFreeRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules("contracts", "activities")
)


def podium_plugin(codec: PayloadCodec | None = None) -> SimplePlugin:
    """Make the plugin; without workflows, which clients do not need.

    Args:
        codec: encodes payloads outside the sandbox; with one, messages and stack traces of failures
            are payloads too.
    """
    return SimplePlugin("podium", data_converter=_converter(codec), workflow_runner=RUNNER)


def _converter(codec: PayloadCodec | None) -> DataConverter:
    if codec is None:
        return pydantic_data_converter
    return dataclasses.replace(
        pydantic_data_converter,
        payload_codec=codec,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
