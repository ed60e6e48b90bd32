"""What all handlers of one process share."""

import asyncio
from dataclasses import dataclass, field

from backend.deps import Deps
from backend.handlers.limits import Limits, limits_of
from backend.handlers.metrics import Metrics, new_metrics
from backend.handlers.routing import Route
from backend.services.live import Hub


@dataclass(slots=True)
class Traffic:
    """The requests under way, and whether the service is on its way out."""

    in_flight: int = 0
    draining: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """The one entry that the Tornado application's settings hold, under "context"."""

    deps: Deps
    routes: tuple[Route, ...]
    limits: Limits
    metrics: Metrics
    live: Hub
    traffic: Traffic = field(default_factory=Traffic)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def keep(self, task: "asyncio.Task[None]") -> None:
        """Holds on to a task that outlives its request: the event loop alone would let it be collected."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def new_context(deps: Deps, routes: tuple[Route, ...]) -> Context:
    """The context of a process that begins."""
    return Context(deps, routes, limits_of(deps.settings), new_metrics(), Hub(deps))
