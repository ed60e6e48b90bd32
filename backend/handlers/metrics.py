"""What Prometheus is told: requests by route template, method and status, their time, how many are under way."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_GAUGES = {"files_pending": "Files that have arrived and are not checked yet."}
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The counters of one process; where the service runs as several, `text` adds up all of them."""

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram
    in_flight: Gauge
    pushes: Counter
    sockets: Gauge

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts one answered request."""
        self.requests.labels(route, method, str(status)).inc()
        self.seconds.labels(route, method).observe(seconds)

    def text(self) -> bytes:
        """All figures, in Prometheus's text format."""
        if MULTIPROCESS_FOLDER not in os.environ:
            return generate_latest(self.registry)
        everyone = CollectorRegistry()
        _EveryProcess(everyone)  # type: ignore[no-untyped-call]
        return generate_latest(everyone)


class _EveryProcess(MultiProcessCollector):
    """The figures of all processes; a file that a process has only just made, or died while making, is empty and says
    nothing yet."""

    def collect(self) -> Iterable[Metric]:
        """The sums."""
        files = [file for file in Path(self._path).glob("*.db") if _has_content(file)]
        metrics: Iterable[Metric] = self.merge([str(file) for file in files], accumulate=True)  # type: ignore[no-untyped-call]
        return metrics


def _has_content(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:
        # What a process that ended had under way has just been cleared away.
        return False


def gauges_text(values: Mapping[str, int]) -> bytes:
    """Figures that are read from the database at this moment, the same whichever process is asked."""
    registry = CollectorRegistry()
    for name, value in values.items():
        Gauge(f"zhiping_{name}", _GAUGES[name], registry=registry).set(value)
    return generate_latest(registry)


def new_metrics() -> Metrics:
    """Metrics on a registry of their own, so that two services in one process (the tests) don't meet."""
    registry = CollectorRegistry()
    return Metrics(
        registry,
        Counter("zhiping_requests", "Answered requests.", ("route", "method", "status"), registry=registry),
        Histogram(
            "zhiping_request_seconds", "Time to answer.", ("route", "method"), registry=registry, buckets=_SECONDS
        ),
        Gauge("zhiping_requests_in_flight", "Requests under way.", registry=registry, multiprocess_mode="livesum"),
        Counter("zhiping_wechat_pushes", "Pushes of WeChat's by what became of them.", ("outcome",), registry=registry),
        Gauge("zhiping_live_sockets", "Open WebSockets.", registry=registry, multiprocess_mode="livesum"),
    )
