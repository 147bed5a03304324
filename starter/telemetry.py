"""Logs and traces: structured logs always, traces where an exporter is set."""

import logging
from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from pythonjsonlogger.json import JsonFormatter
from temporalio.client import Plugin
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin, create_tracer_provider

from activities.settings import SettingsError

LOG_LEVEL = "PODIUM_LOG_LEVEL"
_DEFAULT_LEVEL = "INFO"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def set_up_logging(environment: Mapping[str, str]) -> None:
    """Log one JSON object per line to standard error.

    Raises:
        SettingsError: a level that there is not; what is wrong can be logged all the same.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter("{asctime}{levelname}{name}{message}", style="{", json_ensure_ascii=False)
    )
    logging.basicConfig(level=_DEFAULT_LEVEL, handlers=[handler], force=True)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    level = environment.get(LOG_LEVEL) or _DEFAULT_LEVEL
    if level.upper() not in logging.getLevelNamesMapping():
        raise SettingsError(f"{LOG_LEVEL}={level!r} is no level: write {', '.join(_LEVELS)}")
    logging.getLogger().setLevel(level.upper())


def tracing_plugins(environment: Mapping[str, str]) -> list[Plugin]:
    """Trace start, workflow, activity and GitHub call; nothing unless an exporter is set."""
    if not any(environment.get(name) for name in _ENDPOINTS):
        return []
    service = environment.get("OTEL_SERVICE_NAME", "podium")
    provider = create_tracer_provider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return [OpenTelemetryPlugin(add_temporal_spans=True)]
