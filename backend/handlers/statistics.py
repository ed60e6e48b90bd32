"""What the city wants to see of the schools that have been visited."""

from backend.documents.tables import XLSX
from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.attachments import Attachment
from backend.models.statistics import FigureQuery, Statistics
from backend.services import statistic_tables, statistics


class CityStatistics(Handler):
    """/api/statistics"""

    @operation("statistic.read", answer=Statistics, errors=(Conflict,))
    async def get(self) -> Statistics:
        """Grades and totals, gaps by indicator and district, inspectors against teammates, times to closing."""
        return await statistics.read(self.deps, self.actor)


class FigureTable(Handler):
    """/api/statistics/table"""

    @operation("statistic.export", query=FigureQuery, answer=Media((XLSX,)), errors=(Conflict,))
    async def get(self) -> Attachment:
        """The table behind a figure as xlsx: one of these, the targets, or the photos to look into."""
        return await statistic_tables.table(self.deps, self.actor, self.query.figure)


ROUTES: tuple[Route, ...] = (
    Route("/api/statistics", CityStatistics),
    Route("/api/statistics/table", FigureTable),
)
