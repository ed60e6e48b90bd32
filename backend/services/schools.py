"""Schools: registered by the city, seen by themselves, their district and the city."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid, NotFound
from backend.models.paging import Page
from backend.models.people import Actor, Role
from backend.models.schools import Award, NewSchool, SchoolChange, SchoolQuery, SchoolView
from backend.names import name_key
from backend.services.audit import Change, audit_many
from backend.services.cycles import OpenCycle, find_current
from backend.services.overtaken import overtaken
from backend.services.submissions import create_missing
from backend.services.workflow import faster
from backend.store import cycles, schools
from backend.store.mongo import Document, Session, transact
from inspection.rules.problems import pointer
from inspection.rules.workflow import SHANGHAI, State

# Whose submission is still being written follows the school's record in everything.
_WRITTEN = (State.DRAFT, State.RETURNED)
STAGES_IN_USE = "学校的申报已经提交，学段不能再改；请先退回申报再修改"


async def register(deps: Deps, actor: Actor, new: NewSchool) -> SchoolView:
    """Registers a school; where a cycle is open, it gets the draft of its submission.

    Raises `Invalid` for an unknown district or grade, `Conflict` where the district has a school of this name.
    """
    school = schools.new_school(
        deps.new_id(),
        new.district,
        new.name,
        [stage.value for stage in new.stages],
        deps.clock(),
        phone=new.phone,
        location=new.location.model_dump() if new.location else None,
        past_awards=[award.model_dump() for award in new.past_awards],
    )

    async def work(transaction: Session) -> None:
        cycle = await find_current(deps, transaction)
        details = [*_wrong_district(deps, new.district), *wrong_awards(deps, cycle, new.past_awards)]
        if details:
            raise Invalid("学校信息有误，请逐条改正", details=details)
        await add(deps, transaction, actor, cycle, [school])

    await transact(deps.db, work)
    return school_view(school)


async def add(deps: Deps, transaction: Session, actor: Actor, cycle: OpenCycle | None, new: Sequence[Document]) -> None:
    """Stores new schools (see `store.schools.new_school`), with an audit event and a draft each.

    Raises `Conflict` where a district has a school of the name.
    """
    if cycle is None:
        await cycles.hold_shut(deps.db, transaction)
    if not await schools.insert_many(deps.db, transaction, new):
        raise _name_taken()
    registered = [Change(school["_id"], after=_shown(school, ("district", *_FIELDS))) for school in new]
    await audit_many(deps, transaction, actor, "school.registered", "school", registered)
    if cycle is not None:
        await create_missing(deps, transaction, cycle, new)


async def change(deps: Deps, actor: Actor, school_id: str, wanted: SchoolChange) -> SchoolView:
    """Changes what is given of a school; a submission that is still being written follows.

    Raises `NotFound`; `Invalid` for an unknown grade; `Conflict` for a stale version, a name that another school of the
    district has, and stages of a school whose submission has been handed in.
    """
    fields = wanted.model_dump(mode="json", exclude_unset=True, exclude={"version"})

    async def work(transaction: Session) -> Document:
        school = await schools.find(deps.db, school_id, transaction)
        if school is None:
            raise _not_found()
        if school["version"] != wanted.version:
            raise await overtaken(deps, transaction, school_id)
        cycle = await find_current(deps, transaction)
        if details := wrong_awards(deps, cycle, wanted.past_awards):
            raise Invalid("学校信息有误，请逐条改正", details=details)
        await apply(deps, transaction, actor, cycle, [(school, fields)])
        return {**school, **fields, "version": wanted.version + 1}

    return school_view(await transact(deps.db, work))


async def apply(
    deps: Deps, transaction: Session, actor: Actor, cycle: OpenCycle | None, changes: schools.Changes
) -> None:
    """Sets fields of schools as read in this transaction, audits it, and has their submissions follow.

    Raises `Conflict` as `change` does.
    """
    if await stages_in_use(deps, transaction, cycle, changes):
        raise Conflict(STAGES_IN_USE, code="stages_in_use", details=[Detail("/stages", "stages_in_use", STAGES_IN_USE)])
    done = await schools.change_many(deps.db, transaction, changes)
    if done is None:
        raise _name_taken()
    if not done:
        raise faster()
    audited = [Change(school["_id"], _shown(school, fields), _shown(fields, fields)) for school, fields in changes]
    await audit_many(deps, transaction, actor, "school.changed", "school", audited)
    if cycle is not None:
        unpublished = [state for state in State if state is not State.PUBLISHED]
        await schools.follow(deps.db, transaction, cycle.id, unpublished, _copied(changes))


async def stages_in_use(
    deps: Deps, transaction: Session | None, cycle: OpenCycle | None, changes: schools.Changes
) -> set[str]:
    """The ids of schools whose stages may not change any more: by them it shows which clauses apply."""
    restaged = [school["_id"] for school, fields in _copied(changes) if "stages" in fields]
    if cycle is None or not restaged:
        return set()
    states = await schools.submission_states(deps.db, transaction, cycle.id, restaged)
    return {school_id for school_id, state in states.items() if state not in _WRITTEN}


def _copied(changes: schools.Changes) -> list[tuple[Document, dict[str, Any]]]:
    """What of the changes a submission repeats of its school."""
    copied = [
        (school, {name: fields[name] for name in ("name", "stages") if name in fields and fields[name] != school[name]})
        for school, fields in changes
    ]
    return [(school, fields) for school, fields in copied if fields]


async def read(deps: Deps, actor: Actor, school_id: str) -> SchoolView:
    """A school that the actor may see; raises `NotFound` for any other."""
    school = await schools.find(deps.db, school_id)
    if school is None or not may_see(actor, school):
        raise _not_found()
    return school_view(school)


async def list_page(deps: Deps, actor: Actor, query: SchoolQuery) -> Page[SchoolView]:
    """The schools that the actor may see, by district and name, or by name alone where a name is asked for."""
    if actor.role is Role.SCHOOL:
        return Page[SchoolView](items=await _own(deps, actor, query), next_cursor=None)
    district = query.district
    if actor.role is Role.DISTRICT:
        district = actor.district
        if query.district not in (None, actor.district):
            return Page[SchoolView](items=[], next_cursor=None)
    found, cursor = await schools.list_page(deps.db, district, query.name, query.limit, query.cursor)
    return Page[SchoolView](items=[school_view(school) for school in found], next_cursor=cursor)


async def _own(deps: Deps, actor: Actor, query: SchoolQuery) -> list[SchoolView]:
    school = await schools.find(deps.db, actor.school_id or "")
    if school is None or query.district not in (None, school["district"]):
        return []
    return [school_view(school)] if school["name_key"].startswith(name_key(query.name or "")) else []


def may_see(actor: Actor, school: Mapping[str, Any]) -> bool:
    """Whether the actor may know of the school."""
    match actor.role:
        case Role.SCHOOL:
            return bool(school["_id"] == actor.school_id)
        case Role.DISTRICT:
            return bool(school["district"] == actor.district)
        case _:
            return actor.role in (Role.CITY, Role.ADMIN)


def grades(deps: Deps, cycle: OpenCycle | None) -> dict[str, str]:
    """The names of the grades with their titles, from the highest to the lowest."""
    rules = cycle.cycle.rules if cycle else deps.cycle.rules
    return {grade.name: grade.title for grade in rules.grades}


def this_year(deps: Deps) -> int:
    """The year that it is in Taizhou."""
    return deps.clock().astimezone(SHANGHAI).year


def wrong_awards(deps: Deps, cycle: OpenCycle | None, awards: Iterable[Award]) -> list[Detail]:
    """What is wrong with past awards: a grade that the cycle doesn't know, a year that is yet to come."""
    known, details = grades(deps, cycle), []
    for index, award in enumerate(awards):
        if award.grade not in known:
            message = f"没有这个等级，请写 {'、'.join(known)} 之一"
            details.append(Detail(pointer("past_awards", index, "grade"), "unknown_grade", message))
        if award.year > this_year(deps):
            message = f"应为 {this_year(deps)} 年或以前"
            details.append(Detail(pointer("past_awards", index, "year"), "too_large", message))
    return details


def _wrong_district(deps: Deps, district: str) -> list[Detail]:
    known = [each.id for each in deps.districts]
    if district in known:
        return []
    return [Detail("/district", "unknown_district", f"没有这个市（区），请写 {'、'.join(known)} 之一")]


def school_view(school: Mapping[str, Any]) -> SchoolView:
    """How an answer shows a school as stored."""
    return SchoolView.model_validate(
        {
            "id": school["_id"],
            **{name: school[name] for name in ("version", "district", *_FIELDS, "registered_at")},
        },
        strict=False,
    )


_FIELDS = ("name", "stages", "phone", "location", "past_awards")


def _shown(school: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    return {name: school[name] for name in fields}


def _not_found() -> NotFound:
    return NotFound("没有这所学校，请检查后重试")


def _name_taken() -> Conflict:
    message = "这个市（区）已经有同名的学校，请检查名称"
    return Conflict(message, code="school_exists", details=[Detail("/name", "school_exists", message)])
