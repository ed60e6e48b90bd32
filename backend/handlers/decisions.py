"""Decisions on grades."""

from backend.errors import Conflict, NotFound
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.decisions import Decide, DecisionRow, DecisionsConfirmed, DecisionsQuery, DecisionView, ExportQuery
from backend.models.paging import Page, page_of
from backend.models.submissions import ReasonBody
from backend.services import decision_lists, decisions


class Decisions(Handler):
    """/api/decisions"""

    @operation("decision.list", query=DecisionsQuery, answer=page_of(DecisionRow), errors=(Conflict,))
    async def get(self) -> Page[DecisionRow]:
        """The grades that are proposed, confirmed, published."""
        return await decision_lists.page_of(self.deps, self.actor, self.query)

    @operation("decision.confirm", body=Decide, answer=DecisionsConfirmed, errors=(Conflict, NotFound))
    async def post(self) -> DecisionsConfirmed:
        """Confirm proposed grades, one or many together."""
        return await decisions.confirm(self.deps, self.actor, self.body)


class DecisionExport(Handler):
    """/api/decisions/export"""

    @operation("decision.export", query=ExportQuery, answer=Media(("application/jsonl",)), errors=(Conflict,))
    async def get(self) -> bytes:
        """All decisions as cases for `python -m backend decide`, or the outcomes that it should print; one a line."""
        return await decision_lists.export(self.deps, self.actor, self.query)


class SubmissionDecision(Handler):
    """/api/submissions/{submission_id}/decision"""

    @operation("decision.read", answer=DecisionView, errors=(Conflict,))
    async def get(self, submission_id: str) -> DecisionView:
        """A submission's grade with its explanation, and all decisions on it."""
        return await decision_lists.read(self.deps, self.actor, submission_id)


class DecisionReopened(Handler):
    """/api/submissions/{submission_id}/reopen-decision"""

    @operation("decision.reopen", body=ReasonBody, errors=(Conflict,))
    async def post(self, submission_id: str) -> None:
        """Take a decision back before it is published."""
        await decisions.reopen(self.deps, self.actor, submission_id, self.body.reason)


ROUTES: tuple[Route, ...] = (
    Route("/api/decisions", Decisions),
    Route("/api/decisions/export", DecisionExport),
    Route("/api/submissions/{submission_id}/decision", SubmissionDecision),
    Route("/api/submissions/{submission_id}/reopen-decision", DecisionReopened),
)
