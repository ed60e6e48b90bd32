"""Evidence of a submission, as records."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.evidence import EvidenceView, NewEvidence
from backend.models.paging import Page, PageQuery, page_of
from backend.services import evidence


class EvidenceOfSubmission(Handler):
    """/api/submissions/{submission_id}/evidence"""

    @operation("evidence.list", query=PageQuery, answer=page_of(EvidenceView))
    async def get(self, submission_id: str) -> Page[EvidenceView]:
        """The submission's evidence, oldest first."""
        return await evidence.read_page(self.deps, self.actor, submission_id, self.query)

    @operation("evidence.add", body=NewEvidence, answer=EvidenceView, status=201, errors=(Conflict,))
    async def post(self, submission_id: str) -> EvidenceView:
        """Record a photo, file or scan, by the id that the client made; again does no harm."""
        return await evidence.add(self.deps, self.actor, submission_id, self.body)


class Evidence(Handler):
    """/api/submissions/{submission_id}/evidence/{evidence_id}"""

    @operation("evidence.read", answer=EvidenceView)
    async def get(self, submission_id: str, evidence_id: str) -> EvidenceView:
        """One record of evidence."""
        return await evidence.read(self.deps, self.actor, submission_id, evidence_id)

    @operation("evidence.remove", errors=(Conflict,))
    async def delete(self, submission_id: str, evidence_id: str) -> None:
        """Remove what is attached to nothing; the record stays for the audit."""
        await evidence.remove(self.deps, self.actor, submission_id, evidence_id)


ROUTES: tuple[Route, ...] = (
    Route("/api/submissions/{submission_id}/evidence", EvidenceOfSubmission),
    Route("/api/submissions/{submission_id}/evidence/{evidence_id}", Evidence),
)
