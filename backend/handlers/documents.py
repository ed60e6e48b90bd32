"""Documents to print, and their verification."""

from backend.documents.tables import DOCX
from backend.errors import NotFound
from backend.handlers.address import limit_key
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.attachments import Attachment
from backend.models.documents import VerifiedDocument, VerifyQuery
from backend.services import school_forms, verifications


class ApplicationForm(Handler):
    """/api/submissions/{submission_id}/application-form"""

    @operation("document.application_form", answer=Media((DOCX,)))
    async def get(self, submission_id: str) -> Attachment:
        """附件2 of the school as docx, to print and stamp."""
        return await school_forms.application_form(self.deps, self.actor, submission_id)


class SelfAssessmentForm(Handler):
    """/api/submissions/{submission_id}/self-assessment-form"""

    @operation("document.self_assessment_form", answer=Media((DOCX,)))
    async def get(self, submission_id: str) -> Attachment:
        """附件3 of the school as docx, to print and stamp."""
        return await school_forms.self_assessment_form(self.deps, self.actor, submission_id)


class Verify(Handler):
    """/api/verify"""

    @operation(id="document.verify", query=VerifyQuery, answer=VerifiedDocument, errors=(NotFound,))
    async def get(self) -> VerifiedDocument:
        """What is stored of the document with this verification code; for everybody, and without personal data."""
        return await verifications.verify(self.deps, limit_key(self.client_address), self.query.code)


ROUTES: tuple[Route, ...] = (
    Route("/api/submissions/{submission_id}/application-form", ApplicationForm),
    Route("/api/submissions/{submission_id}/self-assessment-form", SelfAssessmentForm),
    Route("/api/verify", Verify),
)
