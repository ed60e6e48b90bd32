"""The targets."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.targets import Targets
from backend.services import targets


class TargetStandings(Handler):
    """/api/targets"""

    @operation("target.read", answer=Targets, errors=(Conflict,))
    async def get(self) -> Targets:
        """Where the city and its districts stand on the cycle's targets."""
        return await targets.read(self.deps, self.actor)


ROUTES: tuple[Route, ...] = (Route("/api/targets", TargetStandings),)
