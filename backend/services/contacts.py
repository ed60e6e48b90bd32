"""Replaces a school's contact: work, history and messages stay with the school, and go on with the new contact."""

from collections.abc import Sequence

from backend.deps import Deps
from backend.errors import Conflict, NotFound
from backend.models.people import Actor, Holding, Role
from backend.models.people_requests import AddedPerson, NewContact, PersonView
from backend.services.audit import audit
from backend.services.cycles import find_current
from backend.services.people import as_json, districts_of, ensure, person_view
from backend.services.people_access import check_power, end_outdated, find_visible, forget
from backend.services.workflow import faster
from backend.store import inbox, outbox, people, submissions
from backend.store.mongo import Session, transact
from backend.store.people import Person


async def replace(deps: Deps, actor: Actor, school_id: str, person_id: str, new: NewContact) -> PersonView:
    """Puts a new contact in the place of a school's contact; who has the phone number already gets the role.

    The submission is the school's and stays as it is. The old contact's messages about it go over to the new one, those
    that wait for WeChat too; the old contact's sessions in this role end, other roles stay. Raises `NotFound` for a
    person who is no contact of the school, `Conflict` for a phone number under another name and for one and the same
    person, `Forbidden` where the actor may not act for the old contact.
    """
    holding = Holding(role=Role.SCHOOL, school_id=school_id)

    async def work(transaction: Session) -> tuple[Person, Sequence[str]]:
        old = await find_visible(deps, actor, person_id, transaction)
        if holding not in old.holdings:
            raise NotFound("此人不是这所学校的联系人，请刷新后重试")
        check_power(actor, old)
        wanted = AddedPerson(name=new.name, phone=new.phone, holding=holding)
        successor, promoted = await ensure(deps, transaction, actor, wanted)
        if successor.id == old.id:
            raise Conflict("新联系人就是现在的联系人，请检查手机号", code="same_person")
        ended = await _take_from(deps, transaction, old, holding)
        await _hand_over(deps, transaction, old, successor, school_id)
        before, after = {"person_id": old.id}, {"person_id": successor.id}
        await audit(deps, transaction, actor, "contact.replaced", "school", school_id, before=before, after=after)
        return successor, [*ended, *promoted]

    person, ended = await transact(deps.db, work)
    forget(deps, ended)
    return person_view(person)


async def _take_from(deps: Deps, transaction: Session, person: Person, holding: Holding) -> Sequence[str]:
    """Takes the role from the person; gives the sessions that end."""
    kept = [each for each in person.holdings if each != holding]
    districts = sorted(set((await districts_of(deps, transaction, kept)).values()))
    fields = {"holdings": as_json(kept), "school_districts": districts}
    if not await people.change(deps.db, transaction, person, fields):
        raise faster()
    return await end_outdated(deps, transaction, person, kept)


async def _hand_over(deps: Deps, transaction: Session, old: Person, new: Person, school_id: str) -> None:
    """Makes the old contact's messages the new one's: all of them, or those about this school's submission where the
    old contact has other roles to be told in."""
    ids = await inbox.ids_of_person(deps.db, transaction, old.id)
    if len(old.holdings) > 1:
        cycle = await find_current(deps, transaction)
        submission = await submissions.of_school(deps.db, cycle.id, school_id, transaction) if cycle else None
        ids = await outbox.about(deps.db, transaction, ids, submission["_id"]) if submission else []
    await inbox.hand_over(deps.db, transaction, ids, new.id)
    await outbox.hand_over(deps.db, transaction, ids, new.id)
