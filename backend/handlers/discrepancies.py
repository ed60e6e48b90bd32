"""Discrepancies between self-assessment and agreed result."""

from backend.handlers.base import Handler
from backend.handlers.operation import operation
from backend.handlers.routing import Route
from backend.models.discrepancies import Discrepancies, DiscrepancyQuery, QueueRow
from backend.models.paging import Page, page_of
from backend.services import discrepancy_lists


class SubmissionDiscrepancies(Handler):
    """/api/submissions/{submission_id}/discrepancies"""

    @operation("discrepancy.read", answer=Discrepancies)
    async def get(self, submission_id: str) -> Discrepancies:
        """The discrepancies of a submission, with the school's answers."""
        return await discrepancy_lists.of_submission(self.deps, self.actor, submission_id)


class DiscrepancyQueue(Handler):
    """/api/discrepancies"""

    @operation("discrepancy.list", query=DiscrepancyQuery, answer=page_of(QueueRow))
    async def get(self) -> Page[QueueRow]:
        """The discrepancies of all schools that are scored or decided, what weighs most first."""
        return await discrepancy_lists.queue(self.deps, self.actor, self.query)


ROUTES: tuple[Route, ...] = (
    Route("/api/submissions/{submission_id}/discrepancies", SubmissionDiscrepancies),
    Route("/api/discrepancies", DiscrepancyQueue),
)
