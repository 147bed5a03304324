"""Logs, traces and metrics: structured logs always, the rest where an exporter is set."""

import logging
from collections.abc import Mapping

from opentelemetry import metrics, trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from prometheus_client import start_http_server
from pythonjsonlogger.json import JsonFormatter
from temporalio.client import Plugin
from temporalio.contrib.opentelemetry import OpenTelemetryPlugin, create_tracer_provider

from activities.settings import SettingsError

LOG_LEVEL = "PODIUM_LOG_LEVEL"
_DEFAULT_LEVEL = "INFO"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_METRICS_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
PROMETHEUS_ADDRESS = "PODIUM_PROMETHEUS_ADDRESS"


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


def set_up_metrics(environment: Mapping[str, str]) -> None:
    """Send metrics by OTLP, or serve them to Prometheus; nothing where neither is set.

    Raises:
        SettingsError: an address to serve at that is none, or is in use.
    """
    readers: list[MetricReader] = []
    if any(environment.get(name) for name in _METRICS_ENDPOINTS):
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
    address = environment.get(PROMETHEUS_ADDRESS)
    if address:
        _serve_prometheus(address)
        readers.append(PrometheusMetricReader())
    if readers:
        metrics.set_meter_provider(MeterProvider(readers, resource=_resource(environment)))


def _serve_prometheus(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise SettingsError(f"{PROMETHEUS_ADDRESS}={address}: write HOST:PORT")
    try:
        start_http_server(int(port), host)
    except (OSError, OverflowError) as error:
        raise SettingsError(f"{PROMETHEUS_ADDRESS}={address}: cannot listen: {error}") from error


def _resource(environment: Mapping[str, str]) -> Resource:
    return Resource.create({"service.name": environment.get("OTEL_SERVICE_NAME", "podium")})


def tracing_plugins(environment: Mapping[str, str]) -> list[Plugin]:
    """Trace start, workflow, activity and GitHub call; nothing unless an exporter is set."""
    if not any(environment.get(name) for name in _ENDPOINTS):
        return []
    provider = create_tracer_provider(resource=_resource(environment))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return [OpenTelemetryPlugin(add_temporal_spans=True)]
