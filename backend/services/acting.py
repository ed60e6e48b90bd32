"""In which role of the workflow somebody acts on a district's submissions and list.

A municipal district (市直) has no office of its own: one named city officer reviews its schools.
"""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import Forbidden
from backend.models import people
from backend.models.people import Actor
from backend.store import recommendation_lists
from backend.store.mongo import Session
from inspection.rules.workflow import TRANSITIONS, Role, State, actions

_OF_CITY = {row.name for row in TRANSITIONS if Role.CITY in row.roles}


def is_municipal(deps: Deps, district: str) -> bool:
    """Whether the district is 市直."""
    return any(each.id == district and each.municipal for each in deps.districts)


async def is_reviewer(deps: Deps, actor: Actor, cycle_id: str, district: str, transaction: Session | None) -> bool:
    """Whether the actor reviews the district: one of its officers, or for a municipal one the named city officer."""
    if not is_municipal(deps, district):
        return actor.role is people.Role.DISTRICT and actor.district == district
    if actor.role is not people.Role.CITY:
        return False
    named = await recommendation_lists.find_reviewer(deps.db, cycle_id, district, transaction)
    return named is not None and bool(named["person_id"] == actor.person_id)


async def require_reviewer(deps: Deps, actor: Actor, cycle_id: str, district: str, transaction: Session | None) -> None:
    """Raises `Forbidden` for whoever does not review the district, though they may see it."""
    if await is_reviewer(deps, actor, cycle_id, district, transaction):
        return
    if is_municipal(deps, district):
        raise Forbidden("市直学校由市教育局指定的人员初评；您不是指定的初评人", code="not_the_reviewer")
    raise Forbidden("初评和推荐由学校所在市（区）教育局进行", code="not_the_reviewer")


async def role_for(
    deps: Deps, actor: Actor, submission: Mapping[str, Any], name: str, transaction: Session | None
) -> Role:
    """The role in which the actor makes the transition `name` of a submission that they may see.

    Raises `Forbidden` where it is the reviewer's, and they are not the one.
    """
    if actor.role is people.Role.SCHOOL:
        return Role.SCHOOL
    state = State(submission["state"])
    if actor.role is people.Role.CITY and (name in actions(state, Role.CITY) or not _is_reviewers(name, state)):
        return Role.CITY
    await require_reviewer(deps, actor, submission["cycle"], submission["district"], transaction)
    return Role.DISTRICT


def _is_reviewers(name: str, state: State) -> bool:
    """Whether a city officer who makes the transition can only do so as a reviewer."""
    return name not in _OF_CITY or name in actions(state, Role.DISTRICT)


async def roles_of(deps: Deps, actor: Actor, submission: Mapping[str, Any]) -> list[Role]:
    """All roles that the actor has to the submission: a city officer may be its reviewer too."""
    if actor.role is people.Role.SCHOOL:
        return [Role.SCHOOL]
    roles = [Role.CITY] if actor.role is people.Role.CITY else []
    if await is_reviewer(deps, actor, submission["cycle"], submission["district"], None):
        roles.append(Role.DISTRICT)
    return roles
