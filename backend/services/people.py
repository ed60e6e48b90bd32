"""People and their roles: added by officers and the command line, changed, listed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.errors import Conflict, Detail, Forbidden, Invalid, NotFound
from backend.models.paging import Page
from backend.models.people import Actor, Holding, NewPerson, Role, holding_view
from backend.models.people_requests import AddedPerson, PeopleFilters, PeopleQuery, PersonChange, PersonView, Ties
from backend.names import name_key, tidy
from backend.services.audit import Change, audit, audit_many
from backend.services.overtaken import overtaken
from backend.services.people_access import check_power, end_outdated, end_promoted, find_visible, forget
from backend.services.workflow import faster
from backend.store import people, schools, sessions
from backend.store.mongo import Session, transact
from backend.store.people import Person, Wanted
from inspection.rules.problems import pointer


async def find_or_add(deps: Deps, phone: str, name: str | None, holding: Holding | None) -> Person:
    """The person with the phone number, who gets the role if they lack it and a name was given; else a new one.

    Raises `NotFound` for an unknown number without a name, `Invalid` for a new person without a role, and pydantic's
    `ValidationError` for a name or number that can't be one.
    """

    async def work(transaction: Session) -> Person:
        person = await people.find_by_phone(deps.db, phone, transaction)
        if person is None:
            return await _add(deps, transaction, phone, name, holding)
        if name is not None and holding is not None and holding not in person.holdings:
            await _give(deps, transaction, None, person, holding)
        return person

    return await transact(deps.db, work)


async def _add(deps: Deps, transaction: Session, phone: str, name: str | None, holding: Holding | None) -> Person:
    if name is None:
        raise NotFound("没有登记这个手机号。要新建用户，请加上 --name 和 --role")
    if holding is None:
        raise Invalid("新建用户要指明身份，请加上 --role", details=[Detail("/holding", "missing", "请指明身份")])
    checked = NewPerson(name=name, phone=phone)
    return await _insert(deps, transaction, None, checked.name, checked.phone, holding)


async def _insert(
    deps: Deps, transaction: Session, actor: Actor | None, name: str, phone: str, holding: Holding
) -> Person:
    districts = await districts_of(deps, transaction, [holding])
    person = Person(deps.new_id(), name, phone, (holding,), school_districts=tuple(districts.values()))
    await store(deps, transaction, actor, [person], [])
    return person


async def _give(
    deps: Deps, transaction: Session, actor: Actor | None, person: Person, holding: Holding
) -> Sequence[str]:
    districts = await districts_of(deps, transaction, [holding])
    return await store(deps, transaction, actor, [], [(person, [holding], list(districts.values()))])


async def store(
    deps: Deps, transaction: Session, actor: Actor | None, new: Sequence[Person], given: people.Given
) -> Sequence[str]:
    """Adds new people and gives others further roles, with an audit event each.

    Gives the sessions that end by it, to be passed to `forget` after the commit. Raises `Conflict` where somebody else
    was faster with a phone number.
    """
    if not await people.insert_many(deps.db, transaction, new):
        raise faster()
    added = [Change(person.id, after={"holdings": as_json(person.holdings)}) for person in new]
    await audit_many(deps, transaction, actor, "person.added", "person", added)
    await people.add_holdings(deps.db, transaction, given)
    roles = [Change(person.id, after={"holdings": as_json(holdings)}) for person, holdings, _ in given]
    await audit_many(deps, transaction, actor, "person.role_added", "person", roles)
    return await end_promoted(deps, transaction, {person.id: holdings for person, holdings, _ in given})


async def districts_of(deps: Deps, transaction: Session, holdings: Iterable[Holding]) -> dict[str, str]:
    """The districts of the schools in the roles, by the school's id; one that is not registered is left out."""
    found = await schools.find_many(deps.db, [each.school_id for each in holdings if each.school_id], transaction)
    return {school_id: school["district"] for school_id, school in found.items()}


async def add(deps: Deps, actor: Actor, new: AddedPerson) -> PersonView:
    """Adds a person; whoever has the phone number already gets the role beside what they hold.

    Raises `Invalid` for an unknown school or district, `Conflict` where the number is somebody else's, `Forbidden` for
    an administrator made by anyone else.
    """

    async def work(transaction: Session) -> tuple[Person, Sequence[str]]:
        await check_holdings(deps, transaction, actor, {"/holding": new.holding})
        return await ensure(deps, transaction, actor, new)

    person, ended = await transact(deps.db, work)
    forget(deps, ended)
    return person_view(person)


async def ensure(deps: Deps, transaction: Session, actor: Actor, wanted: AddedPerson) -> tuple[Person, Sequence[str]]:
    """The person with this phone number, who holds the role from now on; and the sessions that end by it.

    Raises `Conflict` where the number is somebody else's.
    """
    person = await people.find_by_phone(deps.db, wanted.phone, transaction)
    if person is None:
        return await _insert(deps, transaction, actor, wanted.name, wanted.phone, wanted.holding), ()
    if name_key(person.name) != name_key(wanted.name):
        raise _phone_taken(person.name)
    if wanted.holding in person.holdings:
        return person, ()
    ended = await _give(deps, transaction, actor, person, wanted.holding)
    given = await people.find(deps.db, person.id, transaction)
    if given is None:
        raise faster()
    return given, ended


async def change(deps: Deps, actor: Actor, person_id: str, wanted: PersonChange) -> PersonView:
    """Changes name, phone or roles. Sessions in roles that are gone end; the work stays with school and district.

    Raises `NotFound`; `Invalid` for an unknown school or district; `Conflict` for a stale version and somebody else's
    phone number; `Forbidden` for an administrator changed or made by anyone else.
    """

    async def work(transaction: Session) -> tuple[Person | None, Sequence[str]]:
        person = await find_visible(deps, actor, person_id, transaction)
        check_power(actor, person)
        if person.version != wanted.version:
            raise await overtaken(deps, transaction, person.id)
        new = {f"/holdings/{index}": each for index, each in enumerate(wanted.holdings) if each not in person.holdings}
        await check_holdings(deps, transaction, actor, new)
        ended = await _store_change(deps, transaction, actor, person, wanted)
        return await people.find(deps.db, person.id, transaction), ended

    person, ended = await transact(deps.db, work)
    forget(deps, ended)
    return person_view(person)


async def _store_change(
    deps: Deps, transaction: Session, actor: Actor, person: Person, wanted: PersonChange
) -> Sequence[str]:
    fields = wanted.model_dump(mode="json", exclude_unset=True, exclude={"version"})
    before = {"name": person.name, "phone": person.phone, "holdings": as_json(person.holdings)}
    derived: dict[str, Any] = {}
    if "holdings" in fields:
        derived["school_districts"] = sorted(set((await districts_of(deps, transaction, wanted.holdings)).values()))
    done = await people.change(deps.db, transaction, person, {**fields, **derived})
    if done is None:
        raise _phone_taken()
    if not done:
        raise faster()
    await audit(
        deps,
        transaction,
        actor,
        "person.changed",
        "person",
        person.id,
        before={name: before[name] for name in fields},
        after=fields,
    )
    if "name" in fields:
        await sessions.rename(deps.db, transaction, person.id, wanted.name)
    return await end_outdated(deps, transaction, person, wanted.holdings) if "holdings" in fields else ()


async def check_holdings(deps: Deps, transaction: Session, actor: Actor, holdings: Mapping[str, Holding]) -> None:
    """Checks roles that are to be given, by their path: raises `Invalid` for schools and districts that are not there,
    and `Forbidden` where someone else than an administrator makes one."""
    if actor.role is not Role.ADMIN and any(each.role is Role.ADMIN for each in holdings.values()):
        raise Forbidden("只有系统管理员可以设置系统管理员")
    known, districts = await districts_of(deps, transaction, holdings.values()), {each.id for each in deps.districts}
    details = []
    for path, holding in holdings.items():
        if holding.school_id is not None and holding.school_id not in known:
            details.append(Detail(f"{path}/school_id", "unknown_school", "没有登记这所学校，请检查"))
        if holding.district is not None and holding.district not in districts:
            message = f"没有这个市（区），请写 {'、'.join(each.id for each in deps.districts)} 之一"
            details.append(Detail(f"{path}/district", "unknown_district", message))
    if details:
        raise Invalid("身份有误，请逐条改正", details=details)


async def read(deps: Deps, actor: Actor, person_id: str) -> PersonView:
    """A person that the actor may see; raises `NotFound` for any other."""
    return person_view(await find_visible(deps, actor, person_id))


async def list_page(deps: Deps, actor: Actor, query: PeopleQuery) -> Page[PersonView]:
    """People by name; a district sees its officers and its schools' contacts."""
    wanted = wanted_of(actor, query)
    if wanted is None:
        return Page[PersonView](items=[], next_cursor=None)
    found, cursor = await people.list_page(deps.db, wanted, query.limit, query.cursor)
    return Page[PersonView](items=[person_view(person) for person in found], next_cursor=cursor)


def wanted_of(actor: Actor, query: PeopleFilters, *, bound: bool | None = None) -> Wanted | None:
    """Whom the query asks for, of those that the actor may see; None where there can be nobody."""
    district = actor.district if actor.role is Role.DISTRICT else query.district
    if query.district not in (None, district):
        return None
    return Wanted(query.role, district, query.school_id, tidy(query.name) if query.name else None, bound)


async def set_ties(deps: Deps, actor: Actor, person_id: str, ties: Ties) -> PersonView:
    """Declares the schools that an inspector has a tie to (回避): no visit there may name them from now on.

    Raises `NotFound` where the actor is an inspector and not this one, `Invalid` for unknown schools, `Conflict` for a
    person who is no inspector.
    """
    wanted = list(dict.fromkeys(ties.school_ids))

    async def work(transaction: Session) -> Person | None:
        person = await find_visible(deps, actor, person_id, transaction)
        if all(holding.role is not Role.INSPECTOR for holding in person.holdings):
            raise Conflict("此人不是市级评估专家，不需要申报回避", code="not_an_inspector")
        known = await schools.find_many(deps.db, wanted, transaction)
        details = [
            Detail(pointer("school_ids", index), "unknown_school", "没有登记这所学校，请检查")
            for index, school_id in enumerate(ties.school_ids)
            if school_id not in known
        ]
        if details:
            raise Invalid("有的学校没有登记，请逐条改正", details=details)
        if not await people.change(deps.db, transaction, person, {"ties": wanted}):
            raise faster()
        before, after = {"ties": list(person.ties)}, {"ties": wanted}
        await audit(deps, transaction, actor, "person.ties_set", "person", person.id, before=before, after=after)
        return await people.find(deps.db, person.id, transaction)

    return person_view(await transact(deps.db, work))


def person_view(person: Person | None) -> PersonView:
    """How an answer shows a person, who was just read."""
    if person is None:
        raise faster()
    return PersonView(
        id=person.id,
        version=person.version,
        name=person.name,
        phone=person.phone,
        holdings=[holding_view(holding) for holding in person.holdings],
        has_password=person.password_hash is not None,
        wechat_bound_at=person.wechat.bound_at if person.wechat else None,
        ties=list(person.ties),
    )


def as_json(holdings: Iterable[Holding]) -> list[dict[str, Any]]:
    """Roles as they are stored."""
    return [holding.model_dump(mode="json") for holding in holdings]


def _phone_taken(name: str | None = None) -> Conflict:
    whose = f"登记为“{name}”" if name else "是别人的"
    message = f"这个手机号已经{whose}，请检查姓名和手机号"
    return Conflict(message, code="phone_taken", details=[Detail("/phone", "phone_taken", message)])
