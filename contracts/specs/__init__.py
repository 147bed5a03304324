"""The language: one model per pattern over common parts."""

from contracts.specs.circuit_breaker import CircuitBreakerSpec
from contracts.specs.common import Spec
from contracts.specs.hierarchical import HierarchicalSpec
from contracts.specs.map_reduce import MapReduceSpec
from contracts.specs.orchestrator_worker import OrchestratorWorkerSpec
from contracts.specs.pipeline import PipelineSpec
from contracts.specs.reflection import ReflectionSpec
from contracts.specs.router import RouterSpec
from contracts.specs.worker_pool import WorkerPoolSpec

PATTERNS: dict[str, type[Spec]] = {
    "circuit-breaker": CircuitBreakerSpec,
    "map-reduce": MapReduceSpec,
    "orchestrator-worker": OrchestratorWorkerSpec,
    "hierarchical": HierarchicalSpec,
    "pipeline": PipelineSpec,
    "reflection": ReflectionSpec,
    "router": RouterSpec,
    "worker-pool": WorkerPoolSpec,
}
"""Each pattern by the word that a spec uses for it."""

WORKFLOW_TYPES: dict[str, str] = {name: name.title().replace("-", "") for name in PATTERNS}
"""The workflow type that runs each pattern."""

__all__ = ["PATTERNS", "WORKFLOW_TYPES", "OrchestratorWorkerSpec", "Spec"]
