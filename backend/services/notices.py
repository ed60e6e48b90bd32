"""Tells people what happened: a row in their inbox and one for WeChat's delivery, in the use case's transaction."""

from collections.abc import Iterable, Mapping, Sequence

from backend.deps import Deps
from backend.store import notices, outbox, recommendation_lists
from backend.store.mongo import Session
from backend.store.outbox import Message
from inspection.rules.notices import EVENTS


async def notify(
    deps: Deps,
    transaction: Session,
    people_ids: Sequence[str],
    event: str,
    object_id: str,
    *,
    title: str,
    text: str,
    values: Mapping[str, object],
    link: str | None = None,
    once: str | int | None = None,
) -> None:
    """Tells each of the people once of `event` ("submission.returned", which names the template) about the object.

    `title` and `text` are the Chinese words of the inbox, `values` fill the template, `link` is a page of the app
    ("/submissions/…"). Nobody to tell is no error. Call it in the transaction of what it tells of: as that happens
    once, so does the message. Where the same might be told by two transactions (a publication that is resumed), `once`
    names the occasion (a round, a version): what was told of it already is not told again.
    """
    if values.keys() != EVENTS[event].keys():
        raise LookupError(f"{event} carries {sorted(EVENTS[event])}, not {sorted(values)}")
    occasion = deps.new_id() if once is None else str(once)
    now = deps.clock()
    messages = [
        Message(
            id=deps.new_id(),
            dedupe_key=f"{event}:{object_id}:{person_id}:{occasion}",
            person_id=person_id,
            event=event,
            at=now,
            title=title,
            text=text,
            values=values,
            link=link,
            occasion=None if once is None else str(once),
        )
        for person_id in dict.fromkeys(people_ids)
    ]
    if once is not None:
        told = await outbox.known_keys(deps.db, transaction, [message.dedupe_key for message in messages])
        messages = [message for message in messages if message.dedupe_key not in told]
    await outbox.enqueue(deps.db, transaction, messages)


async def contacts_of(deps: Deps, transaction: Session | None, school_id: str) -> list[str]:
    """The ids of the school's contacts (学校联系人)."""
    return await notices.school_contacts(deps.db, transaction, school_id)


async def contacts_of_schools(
    deps: Deps, transaction: Session | None, school_ids: Iterable[str]
) -> Mapping[str, list[str]]:
    """The ids of the contacts by school, for many schools at once."""
    return await notices.contacts_of_schools(deps.db, transaction, school_ids)


async def officers_of(deps: Deps, transaction: Session | None, district: str) -> list[str]:
    """The ids of the officers of a district (市（区）教育局); of a municipal one (市直), of its named reviewer too."""
    officers = await notices.district_officers(deps.db, transaction, district)
    if not any(each.id == district and each.municipal for each in deps.districts):
        return officers
    named = await recommendation_lists.find_reviewer(deps.db, deps.settings.cycle, district, transaction)
    return sorted({*officers, named["person_id"]}) if named else officers
