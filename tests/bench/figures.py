"""What a benchmark reports: a figure, the limit beside it, and how it was had."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass

RUNS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of `RUNS` runs, and the limit that it should keep: at least (`floor`) or at most (not `floor`). One
    without a limit is there to be known."""

    name: str
    values: tuple[float, ...]
    unit: str
    limit: float | None = None
    floor: bool = False

    @property
    def median(self) -> float:
        """The middle of the runs."""
        return statistics.median(self.values)

    @property
    def kept(self) -> bool:
        """Whether the median is on the right side of the limit, if there is one."""
        if self.limit is None:
            return True
        return self.median >= self.limit if self.floor else self.median <= self.limit

    def row(self) -> str:
        """The figure as a row of the table in docs/benchmarks.md."""
        low, high = min(self.values), max(self.values)
        return f"| {self.name} | {self.median:,.4g} {self.unit} | {low:,.4g}–{high:,.4g} | {self._limit()} |"

    def _limit(self) -> str:
        if self.limit is None:
            return "| "
        sign, verdict = "≥" if self.floor else "≤", "kept" if self.kept else "MISSED"
        return f"{sign} {self.limit:,.4g} {self.unit} | {verdict}"


def measured(name: str, run: Callable[[], float], unit: str, limit: float, *, floor: bool) -> Figure:
    """One warm-up, then `RUNS` runs."""
    run()
    return Figure(name, tuple(run() for _ in range(RUNS)), unit, limit, floor)
