"""An inspector's work on a visit: the pack, the sheet, the photos; and how far the team is."""

from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.closing import PhotoBody, PhotoView
from backend.models.paging import Page, PageQuery, page_of
from backend.models.score_sheets import Pack, Progress, ReopenBody, SheetQuery, SheetSigned, SheetView, SignBody
from backend.services import score_sheets, visit_pack, visit_photos


class VisitPack(Handler):
    """/api/visits/{visit_id}/pack"""

    @operation("visit.read_pack", answer=Pack)
    async def get(self, visit_id: str) -> Pack:
        """What a phone needs to work offline; nothing of the school's self-assessment."""
        return await visit_pack.read(self.deps, self.actor, visit_id)


class VisitProgress(Handler):
    """/api/visits/{visit_id}/progress"""

    @operation("visit.read_progress", answer=Progress)
    async def get(self, visit_id: str) -> Progress:
        """How many items each of the team has scored; never what."""
        return await score_sheets.progress(self.deps, self.actor, visit_id)


class Sheet(Handler):
    """/api/visits/{visit_id}/sheet"""

    @operation("score_sheet.read", query=SheetQuery, answer=SheetView)
    async def get(self, visit_id: str) -> SheetView:
        """One's own sheet, with what waits for a choice between two devices."""
        return await score_sheets.read(self.deps, self.actor, visit_id, self.query)


class SheetSignature(Handler):
    """/api/visits/{visit_id}/sheet/sign"""

    @operation("score_sheet.sign", body=SignBody, answer=SheetSigned, errors=(Conflict,))
    async def post(self, visit_id: str) -> SheetSigned:
        """Sign one's sheet; it takes no changes from then on."""
        return await score_sheets.sign(self.deps, self.actor, visit_id, self.body)


class SheetReopening(Handler):
    """/api/visits/{visit_id}/sheets/{person_id}/reopen"""

    @operation("score_sheet.reopen", body=ReopenBody, errors=(Conflict,))
    async def post(self, visit_id: str, person_id: str) -> None:
        """Open an inspector's signed sheet again."""
        await score_sheets.reopen(self.deps, self.actor, visit_id, person_id, self.body)


class VisitPhotos(Handler):
    """/api/visits/{visit_id}/evidence"""

    @operation("photo.list", query=PageQuery, answer=page_of(PhotoView))
    async def get(self, visit_id: str) -> Page[PhotoView]:
        """The photos taken on a visit."""
        return await visit_photos.read_page(self.deps, self.actor, visit_id, self.query)

    @operation("photo.add", body=PhotoBody, answer=PhotoView, errors=(Conflict,))
    async def post(self, visit_id: str) -> PhotoView:
        """Record a photo that was taken, or with its hash, that is stored."""
        return await visit_photos.add(self.deps, self.actor, visit_id, self.body)


ROUTES: tuple[Route, ...] = (
    Route("/api/visits/{visit_id}/pack", VisitPack),
    Route("/api/visits/{visit_id}/progress", VisitProgress),
    Route("/api/visits/{visit_id}/sheet", Sheet),
    Route("/api/visits/{visit_id}/sheet/sign", SheetSignature),
    Route("/api/visits/{visit_id}/sheets/{person_id}/reopen", SheetReopening),
    Route("/api/visits/{visit_id}/evidence", VisitPhotos),
)
