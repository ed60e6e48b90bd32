"""Who may see a person, who may act for them, and what their sessions are."""

from collections.abc import Mapping, Sequence

from backend.deps import Deps
from backend.errors import Forbidden, NotFound
from backend.models.paging import Page, PageQuery
from backend.models.people import Actor, Holding, Role, holding_view
from backend.models.people_requests import PersonSession
from backend.services.audit import audit
from backend.services.devices import device_of
from backend.services.sessions import has_ended
from backend.store import people, sessions
from backend.store.mongo import Session as Transaction
from backend.store.mongo import transact
from backend.store.people import Person

_OFFICERS = (Role.DISTRICT, Role.CITY, Role.ADMIN)


async def find_visible(
    deps: Deps, actor: Actor | None, person_id: str, transaction: Transaction | None = None
) -> Person:
    """The person, if the actor (None: the command line) may see them; raises `NotFound` otherwise."""
    person = await people.find(deps.db, person_id, transaction)
    if person is None or not may_see(actor, person):
        raise NotFound("没有这个人，请检查后重试")
    return person


def may_see(actor: Actor | None, person: Person) -> bool:
    """City and administrators see all, a district its officers and its schools' contacts, everyone themself."""
    if actor is None or actor.role in (Role.CITY, Role.ADMIN) or actor.person_id == person.id:
        return True
    if actor.role is not Role.DISTRICT:
        return False
    return actor.district in person.school_districts or any(
        holding.district == actor.district for holding in person.holdings
    )


def check_power(actor: Actor | None, person: Person) -> None:
    """Raises `Forbidden` unless the actor may act for a person whom they see: sign in as them, change what they hold.

    Whoever signs in as somebody can go on in any of their roles, so all of them count: the city may not where one is an
    administrator's, a district only where the person is nothing but a contact of its own schools.
    """
    if actor is None or actor.role is Role.ADMIN:
        return
    roles = {holding.role for holding in person.holdings}
    if Role.ADMIN in roles:
        raise Forbidden("此人是系统管理员，只有系统管理员可以进行这项操作")
    if actor.role is not Role.CITY and (roles - {Role.SCHOOL} or set(person.school_districts) - {actor.district}):
        raise Forbidden("此人还有其他身份，请联系市教育局办理")


async def list_sessions(deps: Deps, actor: Actor, person_id: str, query: PageQuery) -> Page[PersonSession]:
    """The sessions of a person that go on; those that ended on the page are left out. Raises `NotFound`."""
    await find_visible(deps, actor, person_id)
    found, cursor = await sessions.page_of_person(deps.db, person_id, query.limit, query.cursor)
    now = deps.clock()
    shown = [
        PersonSession(
            id=session.id,
            device=device_of(session.agent),
            holding=holding_view(session.holding),
            opened_at=session.opened_at,
            seen_at=session.seen_at,
            expires_at=session.expires_at,
            current=session.id == actor.session_id,
        )
        for session in found
        if not has_ended(deps, session, now)
    ]
    return Page[PersonSession](items=shown, next_cursor=cursor)


async def end_sessions(deps: Deps, actor: Actor, person_id: str) -> None:
    """Ends all sessions of a person, and makes their sign-in links useless: a phone was lost, say.

    Raises `NotFound`; `Forbidden` where the actor may not act for the person and is not them.
    """

    async def work(transaction: Transaction) -> Sequence[str]:
        person = await find_visible(deps, actor, person_id, transaction)
        if actor.person_id != person.id:
            check_power(actor, person)
        await sessions.delete_links(deps.db, transaction, [person.id])
        ended = await sessions.delete_of_people(deps.db, transaction, [person.id])
        after = {"sessions": len(ended)}
        await audit(deps, transaction, actor, "person.sessions_ended", "person", person.id, after=after)
        return ended

    forget(deps, await transact(deps.db, work))


async def end_session(deps: Deps, actor: Actor, person_id: str, session_id: str) -> None:
    """Ends one session of a person: a device that is not theirs any more, say.

    Raises `NotFound`; `Forbidden` where the actor may not act for the person and is not them.
    """

    async def work(transaction: Transaction) -> None:
        person = await find_visible(deps, actor, person_id, transaction)
        if actor.person_id != person.id:
            check_power(actor, person)
        session = await sessions.find_by_id(deps.db, session_id, transaction)
        if session is None or session.person_id != person.id:
            raise NotFound("这个登录已经结束，请刷新后查看")
        await sessions.delete(deps.db, session_id, transaction)
        before = {
            "session_id": session_id,
            "device": device_of(session.agent),
            "holding": session.holding.model_dump(mode="json"),
        }
        await audit(deps, transaction, actor, "person.session_ended", "person", person.id, before=before)

    await transact(deps.db, work)
    forget(deps, [session_id])


async def end_outdated(
    deps: Deps, transaction: Transaction, person: Person, holdings: Sequence[Holding]
) -> Sequence[str]:
    """Ends what outdates when a person holds these roles instead, to be passed to `forget` after the commit.

    These are the sessions in roles that are gone, and what `end_promoted` ends.
    """
    added = [holding for holding in holdings if holding not in person.holdings]
    ended = await sessions.delete_of_people(deps.db, transaction, [person.id], but=holdings)
    return [*ended, *await end_promoted(deps, transaction, {person.id: added})]


async def end_promoted(deps: Deps, transaction: Transaction, added: Mapping[str, Sequence[Holding]]) -> Sequence[str]:
    """Ends all sessions where a role of an officer is new, to be passed to `forget` after the commit; `added` are the
    new roles by person. Sign-in links go with any change of roles.

    Whoever was let in as a school's contact by a district's link must not go on as an officer of the city.
    """
    if not added:
        return []
    await sessions.delete_links(deps.db, transaction, list(added))
    promoted = [who for who, holdings in added.items() if any(each.role in _OFFICERS for each in holdings)]
    return await sessions.delete_of_people(deps.db, transaction, promoted) if promoted else []


def forget(deps: Deps, ended: Sequence[str]) -> None:
    """Lets this process forget sessions that have ended at once; others do within seconds."""
    for session_id in ended:
        deps.session_cache.drop(session_id)
