"""Visits: planned by the city, one or many, and seen by those whom they concern."""

from backend.documents.tables import XLSX
from backend.errors import Conflict
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.imports import ImportQuery
from backend.models.paging import Page, page_of
from backend.models.visits import (
    CancelBody,
    NewVisit,
    Suggestion,
    SuggestionBody,
    VisitChange,
    VisitImportReport,
    VisitPlanIn,
    VisitsPlanned,
    VisitsQuery,
    VisitView,
)
from backend.services import visit_imports, visit_lists, visit_suggestions, visits

_MOST_BYTES = 8 * 1024 * 1024


class Visits(Handler):
    """/api/visits"""

    @operation("visit.list", query=VisitsQuery, answer=page_of(VisitView), errors=(Conflict,))
    async def get(self) -> Page[VisitView]:
        """The visits that one may know of, by date."""
        return await visit_lists.read_page(self.deps, self.actor, self.query)

    @operation("visit.plan", body=NewVisit, answer=VisitView, status=201, errors=(Conflict,))
    async def post(self) -> VisitView:
        """Plan a visit to an endorsed school."""
        return await visits.plan(self.deps, self.actor, self.body)


class VisitPlan(Handler):
    """/api/visits/plan"""

    @operation(
        "visit.plan", id="visit.plan_all", body=VisitPlanIn, answer=VisitsPlanned, status=201, errors=(Conflict,)
    )
    async def post(self) -> VisitsPlanned:
        """Plan many visits together: all of them, or none."""
        return await visits.plan_all(self.deps, self.actor, self.body)


class VisitSuggestion(Handler):
    """/api/visits/suggestion"""

    @operation("visit.suggest", body=SuggestionBody, answer=Suggestion, errors=(Conflict,))
    async def post(self) -> Suggestion:
        """Suggest visits to the schools that wait for one; nothing is saved."""
        return await visit_suggestions.make(self.deps, self.actor, self.body)


class Visit(Handler):
    """/api/visits/{visit_id}"""

    @operation("visit.read", answer=VisitView)
    async def get(self, visit_id: str) -> VisitView:
        """One visit, as much of it as concerns the reader."""
        return await visit_lists.read(self.deps, self.actor, visit_id)

    @operation("visit.change", body=VisitChange, answer=VisitView, errors=(Conflict,))
    async def patch(self, visit_id: str) -> VisitView:
        """Change date, team or assignments; a sheet that was signed stays."""
        return await visits.change(self.deps, self.actor, visit_id, self.body)


class VisitCancellation(Handler):
    """/api/visits/{visit_id}/cancel"""

    @operation("visit.cancel", body=CancelBody, errors=(Conflict,))
    async def post(self, visit_id: str) -> None:
        """Cancel a visit that has not begun."""
        await visits.cancel(self.deps, self.actor, visit_id, self.body)


class VisitImport(Handler):
    """/api/imports/visits"""

    @operation(
        "visit.import",
        body=Media((XLSX,), limit=_MOST_BYTES),
        query=ImportQuery,
        answer=VisitImportReport,
        errors=(Conflict,),
    )
    async def post(self) -> VisitImportReport:
        """Plan visits from a workbook, all or nothing; or see first what it would do."""
        return await visit_imports.run(self.deps, self.actor, self.body, dry_run=self.query.dry_run)


class VisitImportTemplate(Handler):
    """/api/imports/visits/template"""

    @operation("visit.import", id="visit.import_template", answer=Media((XLSX,)))
    async def get(self) -> bytes:
        """An empty workbook to fill in for the import."""
        self.save_as(visit_imports.TEMPLATE_NAME)
        return await visit_imports.template(self.deps)


ROUTES: tuple[Route, ...] = (
    Route("/api/imports/visits", VisitImport),
    Route("/api/imports/visits/template", VisitImportTemplate),
    Route("/api/visits", Visits),
    Route("/api/visits/plan", VisitPlan),
    Route("/api/visits/suggestion", VisitSuggestion),
    Route("/api/visits/{visit_id}", Visit),
    Route("/api/visits/{visit_id}/cancel", VisitCancellation),
)
