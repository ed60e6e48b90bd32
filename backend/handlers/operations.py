"""Score sheets as phones fill them."""

from backend.errors import Conflict, NotFound
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.operations import OperationBatch, Synced
from backend.services import operations


class Operations(Handler):
    """/api/visits/{visit_id}/operations"""

    @operation("operation.sync", body=OperationBatch, answer=Synced, errors=(Conflict, NotFound), in_thread=True)
    async def post(self, visit_id: str) -> bytes:
        """Send a batch of one's changes from a phone; each is applied once, however often it arrives."""
        return await operations.apply(self.deps, self.actor, visit_id, self.read, self.dump)


ROUTES: tuple[Route, ...] = (Route("/api/visits/{visit_id}/operations", Operations),)
