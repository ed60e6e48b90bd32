"""Workbooks of what a page shows."""

from backend.documents.tables import XLSX
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.attachments import Attachment
from backend.models.workbooks import WorkbookBody
from backend.services import workbooks


class Workbooks(Handler):
    """/api/workbooks"""

    @operation("workbook.make", body=WorkbookBody, answer=Media((XLSX,)))
    async def post(self) -> Attachment:
        """Make a workbook of a table that a page shows; nothing is kept."""
        return await workbooks.make(self.deps, self.body)


ROUTES: tuple[Route, ...] = (Route("/api/workbooks", Workbooks),)
