"""Pictures and documents by signed address; originals; the school's evidence on an item that an inspector scored."""

from backend.errors import Conflict, Forbidden, NotFound, RangeNotSatisfiable
from backend.handlers.base import Handler
from backend.handlers.downloads import DownloadHandler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.files import FileQuery, ItemEvidence
from backend.services import files, item_evidence, originals
from backend.services.files import Download

PICTURES = ("image/jpeg", "image/webp", "application/pdf")
ORIGINALS = ("image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf")


class File(DownloadHandler):
    """/api/files/{record_kind}/{record_id}/{part}"""

    @operation(
        id="file.read",
        query=FileQuery,
        answer=Media(PICTURES, ranges=True),
        errors=(Forbidden, NotFound, RangeNotSatisfiable),
    )
    async def get(self, record_kind: str, record_id: str, part: str) -> Download:
        """A picture (320 or 2048 px; WebP where it is taken) or a PDF, by an address that another answer gave."""
        takes_webp = "image/webp" in self.request.headers.get("Accept", "")
        return await files.open_signed(self.deps, record_kind, record_id, part, self.query, takes_webp=takes_webp)


class EvidenceOriginal(DownloadHandler):
    """/api/submissions/{submission_id}/evidence/{evidence_id}/original"""

    @operation("evidence.read_original", answer=Media(ORIGINALS, ranges=True), errors=(RangeNotSatisfiable,))
    async def get(self, submission_id: str, evidence_id: str) -> Download:
        """A piece of evidence as it came; each download is in the audit trail."""
        return await originals.of_evidence(self.deps, self.actor, submission_id, evidence_id)


class PhotoOriginal(DownloadHandler):
    """/api/visits/{visit_id}/evidence/{photo_id}/original"""

    @operation("photo.read_original", answer=Media(ORIGINALS, ranges=True), errors=(RangeNotSatisfiable,))
    async def get(self, visit_id: str, photo_id: str) -> Download:
        """An inspector's photo as it came, without the mark; each download is in the audit trail."""
        return await originals.of_visit_photo(self.deps, self.actor, visit_id, photo_id)


class EvidenceOfItem(Handler):
    """/api/visits/{visit_id}/items/{item}/evidence"""

    @operation("item_evidence.read", answer=ItemEvidence, errors=(Conflict, NotFound))
    async def get(self, visit_id: str, item: str) -> ItemEvidence:
        """What the school attached to an item that the inspector has scored."""
        return await item_evidence.read(self.deps, self.actor, visit_id, item)


ROUTES: tuple[Route, ...] = (
    Route("/api/files/{record_kind}/{record_id}/{part}", File),
    Route("/api/submissions/{submission_id}/evidence/{evidence_id}/original", EvidenceOriginal),
    Route("/api/visits/{visit_id}/evidence/{photo_id}/original", PhotoOriginal),
    Route("/api/visits/{visit_id}/items/{item}/evidence", EvidenceOfItem),
)
