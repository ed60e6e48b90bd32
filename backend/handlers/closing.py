"""The end of a visit: reconciliation, rulings, countersignature, closing."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.closing import (
    CountersignatureBody,
    CountersignatureView,
    Reconciliation,
    RulingBody,
    RulingView,
    VisitClosed,
    WriteOffBody,
)
from backend.models.score_sheets import ReopenBody
from backend.services import closing, reconciliation_view, visit_rulings


class VisitReconciliation(Handler):
    """/api/visits/{visit_id}/reconciliation"""

    @operation("reconciliation.read", answer=Reconciliation, errors=(Conflict,))
    async def get(self, visit_id: str) -> Reconciliation:
        """The signed sheets merged: for the lead once all have signed, for the city at any time."""
        return await reconciliation_view.read(self.deps, self.actor, visit_id)


class Rulings(Handler):
    """/api/visits/{visit_id}/rulings"""

    @operation("ruling.make", body=RulingBody, answer=RulingView, status=201, errors=(Conflict,))
    async def post(self, visit_id: str) -> RulingView:
        """Rule on an item: the lead on the spot, the city once the visit is closed."""
        return await visit_rulings.make(self.deps, self.actor, visit_id, self.body)


class Countersignature(Handler):
    """/api/visits/{visit_id}/countersignature"""

    @operation("visit.read_signature", answer=Media(("image/png",)))
    async def get(self, visit_id: str) -> bytes:
        """The picture of the countersignature."""
        return await closing.read_signature(self.deps, self.actor, visit_id)

    @operation("visit.countersign", body=CountersignatureBody, answer=CountersignatureView, errors=(Conflict,))
    async def put(self, visit_id: str) -> CountersignatureView:
        """The school's representative signs, or refuses to."""
        return await closing.countersign(self.deps, self.actor, visit_id, self.body)


class WriteOffs(Handler):
    """/api/visits/{visit_id}/write-offs"""

    @operation("visit.write_off", body=WriteOffBody, errors=(Conflict,))
    async def post(self, visit_id: str) -> None:
        """Write off a photo that was taken and is lost."""
        await closing.write_off(self.deps, self.actor, visit_id, self.body)


class VisitClosing(Handler):
    """/api/visits/{visit_id}/close"""

    @operation("visit.close", answer=VisitClosed, errors=(Conflict,))
    async def post(self, visit_id: str) -> VisitClosed:
        """Close the visit; all that is missing is said at once."""
        return await closing.close(self.deps, self.actor, visit_id)


class VisitReopening(Handler):
    """/api/visits/{visit_id}/reopen"""

    @operation("visit.reopen", body=ReopenBody, answer=VisitClosed, errors=(Conflict,))
    async def post(self, visit_id: str) -> VisitClosed:
        """Open a closed visit again."""
        return await closing.reopen(self.deps, self.actor, visit_id, self.body)


ROUTES: tuple[Route, ...] = (
    Route("/api/visits/{visit_id}/reconciliation", VisitReconciliation),
    Route("/api/visits/{visit_id}/rulings", Rulings),
    Route("/api/visits/{visit_id}/countersignature", Countersignature),
    Route("/api/visits/{visit_id}/write-offs", WriteOffs),
    Route("/api/visits/{visit_id}/close", VisitClosing),
    Route("/api/visits/{visit_id}/reopen", VisitReopening),
)
