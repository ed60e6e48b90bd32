"""The recommendation list of a district (附件4)."""

from backend.documents.tables import DOCX, XLSX
from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.attachments import Attachment
from backend.models.documents import WorkbookFirst
from backend.models.recommendation_lists import HandInBody, ListBody, ListView
from backend.models.submissions import ReasonBody
from backend.services import official_lists, recommendation_lists


class RecommendationList(Handler):
    """/api/recommendation-lists/{district}"""

    @operation("recommendation_list.read", answer=ListView, errors=(Conflict,))
    async def get(self, district: str) -> ListView:
        """The list: the frozen one once handed in, else as it would be now."""
        return await recommendation_lists.read(self.deps, self.actor, district)

    @operation("recommendation_list.save", body=ListBody, answer=ListView, errors=(Conflict,))
    async def put(self, district: str) -> ListView:
        """Save contact, phone, and the order of exactly the endorsed schools."""
        return await recommendation_lists.save(self.deps, self.actor, district, self.body)


class HandIn(Handler):
    """/api/recommendation-lists/{district}/hand-in"""

    @operation("recommendation_list.hand_in", body=HandInBody, answer=ListView, errors=(Conflict,))
    async def post(self, district: str) -> ListView:
        """Hand the list in, and so freeze it; 409 says all that is missing."""
        return await recommendation_lists.hand_in(self.deps, self.actor, district, self.body)


class Reopen(Handler):
    """/api/recommendation-lists/{district}/reopen"""

    @operation("recommendation_list.reopen", body=ReasonBody, answer=ListView, errors=(Conflict,))
    async def post(self, district: str) -> ListView:
        """Open a handed-in list again, with the reason; after its date an extension comes first."""
        return await recommendation_lists.reopen(self.deps, self.actor, district, self.body)


class Export(Handler):
    """/api/recommendation-lists/{district}/export"""

    @operation("recommendation_list.export", query=WorkbookFirst, answer=Media((XLSX, DOCX)), errors=(Conflict,))
    async def get(self, district: str) -> Attachment:
        """附件4 as a workbook, or as docx to print and stamp."""
        self.content_type = DOCX if self.query.format == "docx" else XLSX
        return await official_lists.recommendation_list(self.deps, self.actor, district, self.query.format)


ROUTES: tuple[Route, ...] = (
    Route("/api/recommendation-lists/{district}", RecommendationList),
    Route("/api/recommendation-lists/{district}/hand-in", HandIn),
    Route("/api/recommendation-lists/{district}/reopen", Reopen),
    Route("/api/recommendation-lists/{district}/export", Export),
)
