"""How answers show visits, to whom as much as concerns them; and lists of them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from backend.deps import Deps
from backend.models.paging import Page
from backend.models.people import Actor, Role
from backend.models.visits import (
    VISIT_STATE_NAMES,
    Half,
    MemberView,
    OwnSheet,
    SchoolOfVisit,
    VisitsQuery,
    VisitState,
    VisitView,
)
from backend.services.cycles import current
from backend.services.visit_access import visible
from backend.store import score_sheets, visits


async def read(deps: Deps, actor: Actor, visit_id: str) -> VisitView:
    """One visit; `NotFound` where the actor may not know of it."""
    visit = await visible(deps, actor, visit_id)
    return view(actor, visit, (await _own_sheets(deps, actor, [visit])).get(visit_id))


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
    own = await _own_sheets(deps, actor, documents)
    items = [view(actor, document, own.get(document["_id"])) for document in documents]
    return Page[VisitView](items=items, next_cursor=cursor)


async def _own_sheets(
    deps: Deps, actor: Actor, documents: Sequence[Mapping[str, Any]]
) -> Mapping[str, Mapping[str, Any]]:
    """An inspector's own sheets of these visits, by visit; nobody else has any."""
    if actor.role is not Role.INSPECTOR:
        return {}
    return await score_sheets.own_by_visit(deps.db, [each["_id"] for each in documents], actor.person_id)


def view(actor: Actor, visit: Mapping[str, Any], own_sheet: Mapping[str, Any] | None = None) -> VisitView:
    """The visit, as much of it as the actor's role may see, with the actor's own sheet."""
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
        own_sheet=_own_sheet(own_sheet) if own_sheet else None,
    )


def _own_sheet(sheet: Mapping[str, Any]) -> OwnSheet:
    return OwnSheet(state=sheet["state"], version=sheet["version"], signed_at=sheet["signed_at"])


def _member(member: Mapping[str, Any], inside: bool) -> MemberView:
    return MemberView(inspector_id=member["inspector_id"] if inside else None, name=member["name"], lead=member["lead"])
