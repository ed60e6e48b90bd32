"""Imports from xlsx files, and the templates for them."""

from backend.documents.tables import XLSX
from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.imports import ImportKind, ImportQuery, ImportReport
from backend.services import imports

# A file of 10,000 rows is below 1 MB; some carry pictures along.
_MOST_BYTES = 8 * 1024 * 1024


class Imports(Handler):
    """/api/imports/{import_kind}"""

    @operation(
        "import.run",
        body=Media((XLSX,), limit=_MOST_BYTES),
        query=ImportQuery,
        answer=ImportReport,
        errors=(Conflict,),
    )
    async def post(self, import_kind: str) -> ImportReport:
        """Import schools, people or past awards from a workbook, all or nothing; or see first what it would do."""
        return await imports.run(self.deps, self.actor, ImportKind(import_kind), self.body, dry_run=self.query.dry_run)


class ImportTemplates(Handler):
    """/api/imports/{import_kind}/template"""

    @operation("import.template", answer=Media((XLSX,)))
    async def get(self, import_kind: str) -> bytes:
        """An empty workbook to fill in for the import."""
        name, content = await imports.template(self.deps, ImportKind(import_kind))
        self.save_as(name)
        return content


ROUTES: tuple[Route, ...] = (
    Route("/api/imports/{import_kind}", Imports),
    Route("/api/imports/{import_kind}/template", ImportTemplates),
)
