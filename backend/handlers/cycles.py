"""The cycle that runs, and its rubric."""

from tornado.web import Finish

from backend.errors import Conflict, NotFound
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.cycles import (
    Closing,
    ConfiguredCycles,
    CycleOpening,
    CycleView,
    DistrictDates,
    Extension,
    RubricQuery,
    RubricView,
)
from backend.services import cycle_changes, cycles


class Cycles(Handler):
    """/api/cycles"""

    @operation("cycle.list", answer=ConfiguredCycles)
    async def get(self) -> ConfiguredCycles:
        """The cycles of config/, what is wrong in their files, and which are open."""
        return await cycle_changes.configured(self.deps, self.actor)

    @operation("cycle.open", body=CycleOpening, answer=CycleView, status=201, errors=(Conflict,))
    async def post(self) -> CycleView:
        """Open the configured cycle; every registered school gets a draft of its submission."""
        return await cycle_changes.open_cycle(self.deps, self.actor, self.body)


class CurrentCycle(Handler):
    """/api/cycle"""

    @operation("cycle.read", answer=CycleView, errors=(Conflict,))
    async def get(self) -> CycleView:
        """The cycle that runs: its dates, one's own district's too, its grades and targets."""
        return await cycles.read(self.deps, self.actor)


class DistrictClosing(Handler):
    """/api/cycle/districts/{district}/closing"""

    @operation("district.close", body=Closing, answer=DistrictDates, errors=(Conflict,))
    async def put(self, district: str) -> DistrictDates:
        """Let the submissions of one's own district close earlier than the cycle's."""
        return await cycle_changes.close_early(self.deps, self.actor, district, self.body)


class DistrictExtension(Handler):
    """/api/cycle/districts/{district}/extension"""

    @operation("district.extend", body=Extension, answer=DistrictDates, errors=(Conflict,))
    async def post(self, district: str) -> DistrictDates:
        """Give a district more time to hand in its recommendation list."""
        return await cycle_changes.extend(self.deps, self.actor, district, self.body)


class CurrentRubric(Handler):
    """/api/rubric"""

    @operation("rubric.read", query=RubricQuery, answer=RubricView, errors=(Conflict, NotFound))
    async def get(self) -> RubricView:
        """The rubric of the cycle that runs, or of a hash. Its ETag is its sha256: a client that has it is answered
        304."""
        rubric = await cycles.rubric(self.deps, self.query.sha256)
        etag = f'"{rubric.sha256}"'
        self.set_header("ETag", etag)
        self.set_header("Cache-Control", "private, no-cache")
        if etag in self.request.headers.get("If-None-Match", ""):
            self.set_status(304)
            raise Finish
        return rubric


ROUTES: tuple[Route, ...] = (
    Route("/api/cycles", Cycles),
    Route("/api/cycle", CurrentCycle),
    Route("/api/cycle/districts/{district}/closing", DistrictClosing),
    Route("/api/cycle/districts/{district}/extension", DistrictExtension),
    Route("/api/rubric", CurrentRubric),
)
