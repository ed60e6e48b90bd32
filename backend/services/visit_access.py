"""Who is what to a visit, and which visits one may know of."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import NotFound
from backend.models import people
from backend.models.people import Actor
from backend.store import visits
from backend.store.mongo import Session
from inspection.rules.workflow import Role


def not_found() -> NotFound:
    """The answer for a visit that is not there, or not for the actor's eyes."""
    return NotFound("没有这次现场评估，请检查网址")


def member_of(visit: Mapping[str, Any], actor: Actor) -> Mapping[str, Any] | None:
    """The actor's place in the team; None for everyone else."""
    if actor.role is not people.Role.INSPECTOR:
        return None
    return next((member for member in visit["team"] if member["inspector_id"] == actor.person_id), None)


def role_in(visit: Mapping[str, Any], actor: Actor) -> Role:
    """What the actor is in the workflow of a visit that they may see."""
    if actor.role is people.Role.CITY:
        return Role.CITY
    member = member_of(visit, actor)
    return Role.LEAD if member and member["lead"] else Role.INSPECTOR


def may_see(visit: Mapping[str, Any], actor: Actor) -> bool:
    """Whether the actor may know of the visit: its team, its school, its district's officers, the city."""
    match actor.role:
        case people.Role.CITY:
            return True
        case people.Role.INSPECTOR:
            return member_of(visit, actor) is not None and visit["live"]
        case people.Role.DISTRICT:
            return bool(visit["district"] == actor.district)
        case people.Role.SCHOOL:
            return bool(visit["school_id"] == actor.school_id)
        case _:
            return False


async def visible(deps: Deps, actor: Actor, visit_id: str, transaction: Session | None = None) -> dict[str, Any]:
    """The visit as stored. Raises `NotFound` where the actor may not know of it."""
    visit = await visits.find(deps.db, visit_id, transaction)
    if visit is None or not may_see(visit, actor):
        raise not_found()
    return visit
