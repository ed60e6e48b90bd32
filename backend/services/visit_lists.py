"""How answers show visits, to whom as much as concerns them; and lists of them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.deps import Deps
from backend.models.paging import Page
from backend.models.people import Actor, Role
from backend.models.visits import (
    VISIT_STATE_NAMES,
    Half,
    MemberView,
    SchoolOfVisit,
    VisitsQuery,
    VisitState,
    VisitView,
)
from backend.services.cycles import current
from backend.services.visit_access import visible
from backend.store import visits


async def read(deps: Deps, actor: Actor, visit_id: str) -> VisitView:
    """One visit; `NotFound` where the actor may not know of it."""
    return view(actor, await visible(deps, actor, visit_id))


async def read_page(deps: Deps, actor: Actor, query: VisitsQuery) -> Page[VisitView]:
    """The cycle's visits that the actor may know of, by date: an inspector's own, a school's, a district's, all."""
    cycle = await current(deps)
    filters: dict[str, str | None] = {
        "date": query.date.isoformat() if query.date else None,
        "district": query.district,
        "state": query.state.value if query.state else None,
    }
    if query.state is VisitState.CANCELLED or query.district not in (None, actor.district or query.district):
        return Page[VisitView](items=[], next_cursor=None)
    match actor.role:
        case Role.DISTRICT:
            filters["district"] = actor.district
        case Role.SCHOOL:
            filters["school_id"] = actor.school_id
        case Role.INSPECTOR:
            filters["team.inspector_id"] = actor.person_id
    known = {name: value for name, value in filters.items() if value is not None}
    documents, cursor = await visits.list_page(deps.db, cycle.id, known, query.limit, query.cursor)
    return Page[VisitView](items=[view(actor, document) for document in documents], next_cursor=cursor)


def view(actor: Actor, visit: Mapping[str, Any]) -> VisitView:
    """The visit, as much of it as the actor's role may see."""
    inside = actor.role in (Role.CITY, Role.INSPECTOR)
    team = None if actor.role is Role.DISTRICT else [_member(each, inside) for each in visit["team"]]
    state = VisitState(visit["state"])
    return VisitView(
        id=visit["_id"],
        cycle=visit["cycle"],
        submission_id=visit["submission_id"],
        school=SchoolOfVisit(id=visit["school_id"], name=visit["school_name"]),
        district=visit["district"],
        date=date.fromisoformat(visit["date"]),
        half=Half(visit["half"]),
        state=state,
        state_name=VISIT_STATE_NAMES[state],
        version=visit["version"] if inside else None,
        team=team,
        assignments=visit["assignments"] if inside else None,
        opened_at=visit["opened_at"],
        closed_at=visit["closed_at"],
    )


def _member(member: Mapping[str, Any], inside: bool) -> MemberView:
    return MemberView(inspector_id=member["inspector_id"] if inside else None, name=member["name"], lead=member["lead"])
