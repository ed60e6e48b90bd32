"""The tables of the console, each as a page of rows and as a workbook of what is seen: `services/tables.py` has what
one is made of."""

from typing import Any

from backend.documents.tables import XLSX
from backend.errors import Conflict, NotFound
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.attachments import Attachment
from backend.models.base import Model
from backend.models.submission_table import SubmissionCounts
from backend.models.tables import EventNames, TablePage, export_query, page_query, table_of
from backend.services import (
    audit_trail,
    decision_table,
    invitation_table,
    outbox_table,
    people_table,
    submission_table,
    tables,
)
from backend.services.tables import Table

TABLES: tuple[Table[Any], ...] = (
    submission_table.TABLE,
    decision_table.TABLE,
    people_table.TABLE,
    outbox_table.TABLE,
    invitation_table.TABLE,
    audit_trail.TABLE,
)


def table_routes(table: Table[Any]) -> tuple[Route, ...]:
    """The operations of a table: /api/tables/NAME, and below it /export and, where it tells of events, /events."""

    async def rows(self: Handler) -> TablePage[Any]:
        return await tables.page(self.deps, self.actor, table, self.query)

    async def workbook(self: Handler) -> Attachment:
        return await tables.export(self.deps, self.actor, table, self.query)

    rows.__doc__, workbook.__doc__ = table.summary, f"The rows of {table.may} as a workbook, filtered and sorted alike."
    row: type[Model] = table.row
    read = operation(table.may, query=page_query(table.filters), answer=table_of(row), errors=(Conflict, NotFound))
    save = operation(
        table.may,
        id=f"{table.may}_export",
        query=export_query(table.filters, tuple(table.columns)),
        answer=Media((XLSX,)),
        errors=(Conflict, NotFound),
    )
    path = f"/api/tables/{table.name}"
    methods = {"": read(rows), "/export": save(workbook)}
    if table.events is not None:
        methods["/events"] = _events(table.may, table.events)
    return tuple(
        Route(path + part, type(f"{row.__name__}{part.title()}", (Handler,), {"__doc__": path + part, "get": method}))
        for part, method in methods.items()
    )


def _events(may: str, names: EventNames) -> Any:
    async def events(self: Handler) -> EventNames:
        return names

    events.__doc__ = f"What the events of {may} are called, to search for them."
    return operation(may, id=f"{may}_events", answer=EventNames)(events)


class Counts(Handler):
    """/api/submission-counts"""

    @operation("submission.count", answer=SubmissionCounts, errors=(Conflict,))
    async def get(self) -> SubmissionCounts:
        """How many schools of each district stand in each state, and how many of them are late."""
        return await submission_table.counts(self.deps, self.actor)


ROUTES: tuple[Route, ...] = (
    *(route for table in TABLES for route in table_routes(table)),
    Route("/api/submission-counts", Counts),
)
