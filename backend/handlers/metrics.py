"""What Prometheus is told: requests by route template, method and status, their time, how many are under way."""

import os
import struct
import time
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MULTIPROCESS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The counters of one process; where the service runs as several, `text` adds up all of them."""

    registry: CollectorRegistry
    requests: Counter
    seconds: Histogram
    in_flight: Gauge

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts one answered request."""
        self.requests.labels(route, method, str(status)).inc()
        self.seconds.labels(route, method).observe(seconds)

    def text(self) -> bytes:
        """All figures, in Prometheus's text format."""
        if MULTIPROCESS_FOLDER not in os.environ:
            return generate_latest(self.registry)
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]
        for _ in range(20):
            try:
                return generate_latest(everyone)
            except struct.error:
                # Another process has made its file this very moment, and not yet filled it.
                time.sleep(0.001)
        return generate_latest(everyone)


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
    )
