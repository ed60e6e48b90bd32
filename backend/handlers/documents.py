"""Documents to print, and their verification."""

from backend.documents.tables import DOCX, XLSX, ZIP
from backend.errors import Conflict, NotFound
from backend.handlers.address import limit_key
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.attachments import Attachment, Stream
from backend.models.documents import BundleQuery, ListFormat, VerifiedDocument, VerifyQuery
from backend.services import archives, inspection_reports, official_lists, report_bundles, school_forms, verifications


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


class InspectionReport(Handler):
    """/api/submissions/{submission_id}/inspection-report"""

    @operation("document.inspection_report", answer=Media((DOCX,)))
    async def get(self, submission_id: str) -> Attachment:
        """The report of the visit as docx: to the city once it is closed, to others once the result is published."""
        return await inspection_reports.inspection_report(self.deps, self.actor, submission_id)


class InspectionReports(Handler):
    """/api/inspection-reports"""

    @operation("document.inspection_reports", query=BundleQuery, answer=Media((ZIP,)), errors=(Conflict, NotFound))
    async def get(self) -> Stream:
        """The reports of all schools whose visit is closed, as one zip file that is sent while it is made."""
        return await report_bundles.inspection_reports_of(self.deps, self.actor, self.query.district)


class Rubric(Handler):
    """/api/rubric/document"""

    @operation("document.rubric", answer=Media((DOCX,)), errors=(Conflict,))
    async def get(self) -> Attachment:
        """附件1, the rubric of the cycle, as docx."""
        return await official_lists.rubric(self.deps, self.actor)


class Publication(Handler):
    """/api/publications/{publication_id}/document"""

    @operation("document.publication", query=ListFormat, answer=Media((DOCX, XLSX)))
    async def get(self, publication_id: str) -> Attachment:
        """The awarded schools of a publication as docx or xlsx."""
        self.content_type = DOCX if self.query.format == "docx" else XLSX
        return await official_lists.publication(self.deps, self.actor, publication_id, self.query.format)


class Archive(Handler):
    """/api/archive"""

    @operation("document.archive", answer=Media((ZIP,)), errors=(Conflict,))
    async def get(self) -> Stream:
        """Everything of the cycle as one zip file, sent while it is made; `verify-archive` checks it."""
        return await archives.archive(self.deps, self.actor)


class Verify(Handler):
    """/api/verify"""

    @operation(id="document.verify", query=VerifyQuery, answer=VerifiedDocument, errors=(NotFound,))
    async def get(self) -> VerifiedDocument:
        """What is stored of the document with this verification code; for everybody, and without personal data."""
        return await verifications.verify(self.deps, limit_key(self.client_address), self.query.code)


ROUTES: tuple[Route, ...] = (
    Route("/api/submissions/{submission_id}/application-form", ApplicationForm),
    Route("/api/submissions/{submission_id}/self-assessment-form", SelfAssessmentForm),
    Route("/api/submissions/{submission_id}/inspection-report", InspectionReport),
    Route("/api/inspection-reports", InspectionReports),
    Route("/api/rubric/document", Rubric),
    Route("/api/publications/{publication_id}/document", Publication),
    Route("/api/archive", Archive),
    Route("/api/verify", Verify),
)
