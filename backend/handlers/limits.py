"""Rate limits: token buckets in the memory of one process, by person and by address."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from backend.errors import TooManyRequests
from backend.settings import Settings

BURST_SECONDS = 5
_MOST_KEYS = 20_000


@dataclass(slots=True)
class Buckets:
    """One bucket a key: it holds `rate * BURST_SECONDS` requests at most, and gains `rate` a second; 0 is no limit."""

    rate: float
    now: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, key: str) -> None:
        """Counts one request; raises `TooManyRequests` with the seconds to wait where the bucket is empty."""
        if self.rate == 0:
            return
        now, full = self.now(), max(1.0, self.rate * BURST_SECONDS)
        left, at = self._left.get(key, (full, now))
        left = min(full, left + (now - at) * self.rate)
        if left < 1:
            raise TooManyRequests("操作太频繁，请稍候再试", retry_after=ceil((1 - left) / self.rate))
        self._left[key] = left - 1, now
        if len(self._left) > _MOST_KEYS:
            self._forget(now)

    def _forget(self, now: float) -> None:
        """Drops the buckets that are full again; where all are in use, drops all: memory outranks fairness."""
        horizon = now - BURST_SECONDS
        self._left = {key: bucket for key, bucket in self._left.items() if bucket[1] > horizon}
        if len(self._left) > _MOST_KEYS // 2:
            self._left = {}


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one process."""

    person: Buckets
    address: Buckets


def limits_of(settings: Settings) -> Limits:
    """Fresh limits with the rates of the settings."""
    return Limits(Buckets(settings.rate_per_person), Buckets(settings.rate_per_address))
