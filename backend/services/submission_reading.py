"""Reading submissions: one whole, or a page of those that one may see."""

from backend.deps import Deps
from backend.models.paging import Page
from backend.models.people import Actor, Role
from backend.models.submissions import SubmissionsQuery, SubmissionSummary, SubmissionView
from backend.services import cycles
from backend.services.submission_view import summary, whole
from backend.services.submissions import cycle_of, visible
from backend.store import submissions


async def read(deps: Deps, actor: Actor, submission_id: str) -> SubmissionView:
    """A submission whole; `NotFound` where the actor may not know of it."""
    submission = await visible(deps, actor, submission_id)
    return await whole(deps, actor, await cycle_of(deps, submission), submission)


async def read_page(deps: Deps, actor: Actor, query: SubmissionsQuery) -> Page[SubmissionSummary]:
    """The school's own, the district's own, all for the city, by the schools' names. Raises `Conflict` without a
    cycle."""
    cycle = await cycles.current(deps)
    if actor.role is Role.SCHOOL:
        own = await submissions.of_school(deps.db, cycle.id, actor.school_id or "")
        wanted = own is not None and query.state in (None, own["state"]) and query.district in (None, own["district"])
        return Page[SubmissionSummary](items=[summary(own)] if own is not None and wanted else [], next_cursor=None)
    district = actor.district if actor.role is Role.DISTRICT else query.district
    if query.district not in (None, district):
        return Page[SubmissionSummary](items=[], next_cursor=None)
    filters = {"district": district, "state": query.state and query.state.value}
    known = {name: value for name, value in filters.items() if value is not None}
    documents, cursor = await submissions.page_of(deps.db, cycle.id, known, query.limit, query.cursor)
    return Page[SubmissionSummary](items=[summary(document) for document in documents], next_cursor=cursor)
