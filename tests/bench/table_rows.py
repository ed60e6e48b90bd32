"""Rows for the console's largest tables, as a province has them after some years.

The services make a few of each kind; all others are copies of those, with other ids, names and times. So their shape is
that of life, whatever becomes of it.
"""

import random
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from pymongo import WriteConcern

from backend.deps import Deps
from backend.models.people import Actor, Holding, Role
from backend.models.people_requests import AddedPerson, PersonChange
from backend.services import people as people_service
from backend.services.notices import notify
from backend.services.sessions import new_token, open_session
from backend.store import deliveries, invitations, people
from backend.store.indexes import ensure_indexes
from backend.store.invitations import Invitation
from backend.store.mongo import Collection, Document, Session, transact
from inspection.rules.notices import EVENTS as MESSAGE_EVENTS

PEOPLE, MESSAGES, INVITATIONS, EVENTS = 20_000, 50_000, 20_000, 1_000_000
_BATCH = 5_000
_TOLD = ("visit.planned", "submission.received", "result.published", "deadline.near")
# How often a message is in a state, of a thousand.
_STATES = {"sent": 600, "no_quota": 120, "refused": 80, "dead": 40, "inbox_only": 120, "pending": 30}
_HELD = {"claimed": 5, "sending": 5}
_FAMILIES, _GIVEN = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚"
# Of a hundred events so many are of a kind; the officer is the one who did most of those about people.
_KINDS = {
    "session.opened": 40,
    "submission.decide": 30,
    "person.changed": 15,
    "decision.made": 10,
    "person.added": 5,
}
_YEARS = timedelta(days=5 * 365)
_MONTH = timedelta(days=25)


async def fill_tables(deps: Deps, officer: Actor) -> None:
    """Adds the rows to a database that `pages.fill` has filled. Indexes are made behind them, which takes a quarter of
    the time."""
    db, chance = deps.db, random.Random(20_000)
    made = await _people(deps, officer, chance)
    messages = await _messages(deps, [each["_id"] for each in made[:100]])
    codes = await _invitations(deps, officer, made)
    events = {event: await db.audit_events.find({"event": event}).limit(2000).to_list(None) for event in _KINDS}
    for name in ("outbox", "inbox", "audit_events"):
        await db[name].drop_indexes()
    rows = list(_copied_messages(chance, deps.clock(), messages, made))
    await _insert(db.outbox, (row for row, _ in rows))
    await _insert(db.inbox, (row for _, row in rows))
    await _insert(db.invitations, _copied_invitations(chance, deps.clock(), codes, made))
    await _insert(db.audit_events, _copied_events(chance, deps.clock(), events, made, officer))
    await ensure_indexes(db)


async def _people(deps: Deps, officer: Actor, chance: random.Random) -> Sequence[Document]:
    """Officers of districts, contacts of schools and inspectors; a half of them is bound to a WeChat user."""
    db = deps.db
    schools = await db.schools.find({}, {"district": 1}).to_list(None)
    roles = (
        Holding(role=Role.SCHOOL, school_id=schools[0]["_id"]),
        Holding(role=Role.DISTRICT, district=deps.districts[0].id),
        Holding(role=Role.INSPECTOR),
    )
    made = [await _person(deps, officer, order, holding) for order, holding in enumerate(roles)]
    copies = [
        _copied_person(deps, chance, number, chance.choices(made, (80, 10, 10))[0], chance.choice(schools))
        for number in range(PEOPLE - await db.people.count_documents({}))
    ]
    await _insert(db.people, copies)
    return [*made, *copies]


async def _person(deps: Deps, officer: Actor, order: int, holding: Holding) -> Document:
    """Somebody who was added and changed, bound to a WeChat user, and signed in."""
    db = deps.db
    new = AddedPerson(name="王伟", phone=f"1570000000{order}", holding=holding)
    added = await people_service.add(deps, officer, new)
    changed = PersonChange.model_validate({"version": added.version, "name": "王小伟", "phone": f"1570000001{order}"})
    await people_service.change(deps, officer, added.id, changed)
    user = people.WeChatUser(f"openid-{order}", None, deps.clock())
    await transact(db, lambda session: people.bind(db, session, added.id, user))
    person = await people.find(db, added.id)
    assert person
    token = new_token()
    await transact(db, lambda session: open_session(deps, person, holding, token, session, how="link", agent=None))
    return await _one(db.people, person.id)


def _copied_person(
    deps: Deps, chance: random.Random, number: int, model: Document, school: Mapping[str, Any]
) -> Document:
    (holding,) = model["holdings"]
    changes: Document = {"holdings": [holding], "wechat": None}
    if holding["role"] == Role.SCHOOL:
        changes |= {"holdings": [holding | {"school_id": school["_id"]}], "school_districts": [school["district"]]}
    elif holding["role"] == Role.DISTRICT:
        changes["holdings"] = [holding | {"district": chance.choice(deps.districts).id}]
    if chance.random() < 0.5:
        changes["wechat"] = model["wechat"] | {"openid": f"openid-of-{number}"}
    name = chance.choice(_FAMILIES) + "".join(chance.choices(_GIVEN, k=chance.choice((1, 2))))
    return model | {"_id": _id(), "name": name, "phone": f"150{number:08}"} | changes


# A message as row of the outbox and of the inbox.
_Message = tuple[Document, Document]


async def _messages(deps: Deps, person_ids: Sequence[str]) -> Mapping[str, Sequence[_Message]]:
    """A message of each event in each state, by the state; each is another person's."""
    free = iter(person_ids)
    made: dict[str, list[_Message]] = {state: [] for state in (*_STATES, *_HELD)}
    for event in _TOLD:
        for state in made:
            made[state].append(await _message(deps, event, next(free), state))
    return made


async def _message(deps: Deps, event: str, person_id: str, state: str) -> _Message:
    """A message that the service wrote and a worker brought so far."""
    db, now, holder = deps.db, deps.clock(), "bench"
    title, text = "现场评估安排", "贵校的现场评估已经安排，请做好准备。"
    values = dict.fromkeys(MESSAGE_EVENTS[event], "第0001小学")
    await transact(
        db, lambda session: notify(deps, session, [person_id], event, _id(), title=title, text=text, values=values)
    )
    row = await db.outbox.find_one({"event": event, "person_id": person_id})
    assert row
    until = now + timedelta(minutes=1)
    if state != "pending":
        await deliveries.claim(db, [row], holder, until)
    if state in ("sent", "refused", "dead", "sending"):
        target = {"openid": "o" * 28, "template_id": "T" * 43, "page": "pages/index", "data": {}, "spent": True}
        await deliveries.apply(db, [deliveries.begun(row["_id"], holder, target, now, until)])
    if state not in ("pending", *_HELD):
        fields = {"last_error": None if state == "sent" else "bad_field:47003:thing1"}
        known = deliveries.settled(now, row["_id"] if state == "sent" else None)
        await deliveries.apply(db, [deliveries.finished(row["_id"], holder, state, now, fields, known)])
    stored = await _one(db.outbox, row["_id"])
    assert stored["state"] == state
    return stored, await _one(db.inbox, row["_id"])


def _copied_messages(
    chance: random.Random,
    now: datetime,
    messages: Mapping[str, Sequence[_Message]],
    made: Sequence[Document],
) -> Iterator[_Message]:
    # One message at a time is held for a person: those are other people's than the models'.
    free = iter(made[100:])
    states = chance.choices([*_STATES, *_HELD], [*_STATES.values(), *_HELD.values()], k=MESSAGES)
    for order, state in enumerate(states):
        row, told = chance.choice(messages[state])
        person = next(free) if state in _HELD else chance.choice(made)
        at = now - _YEARS * chance.random()
        same = {"_id": _id(), "person_id": person["_id"]}
        key = f"{row['event']}:{_id()}:{person['_id']}:{_id()}"
        times = {"created_at": at, "due_at": at, "finished_at": row["finished_at"] and at}
        ids, unread = [_id() for _ in row["message_ids"]], chance.random() < 0.5
        yield (
            row | same | times | {"dedupe_key": key, "order": order, "message_ids": ids},
            told | same | {"at": at, "read_at": None if unread else at, "unread": unread},
        )


async def _invitations(deps: Deps, officer: Actor, made: Sequence[Document]) -> Sequence[Document]:
    """An invitation in each state; of the four the last is open."""
    db, now = deps.db, deps.clock()
    ids = []
    for state, person in zip(("used", "revoked", "expired", "open"), made, strict=False):
        until = now + timedelta(days=-1 if state == "expired" else 2)
        holding = Holding(**person["holdings"][0])
        one = Invitation(_id(), person["_id"], holding, officer.person_id, now - timedelta(days=1), until)

        async def make(session: Session, one: Invitation = one, state: str = state) -> None:
            await invitations.insert(db, session, one, one.id)
            if state == "revoked":
                await invitations.revoke(db, session, one.id, now)
            elif state == "used":
                await invitations.use(db, session, one.id, now)

        await transact(db, make)
        ids.append(one.id)
    return [await _one(db.invitations, each) for each in ids]


def _copied_invitations(
    chance: random.Random, now: datetime, codes: Sequence[Document], made: Sequence[Document]
) -> Iterator[Document]:
    for _ in range(INVITATIONS):
        model, person = chance.choice(codes), chance.choice(made)
        # Longer than a month ago they would be gone.
        back = timedelta() if model is codes[-1] else _MONTH * chance.random()
        moved = {field: model[field] and model[field] - back for field in ("made_at", "expires_at", "used_at")}
        revoked = model["revoked_at"] and model["revoked_at"] - back
        whom = {"person_id": person["_id"], "holding": person["holdings"][0], "code_hash": _id()}
        yield model | moved | whom | {"_id": _id(), "revoked_at": revoked}


def _copied_events(
    chance: random.Random,
    now: datetime,
    events: Mapping[str, Sequence[Document]],
    made: Sequence[Document],
    officer: Actor,
) -> Iterator[Document]:
    by_officer = officer.to_audit()
    actors = [
        {"person_id": person["_id"], "role": person["holdings"][0]["role"], "session_id": _id()} for person in made
    ]
    for event in chance.choices([*_KINDS], [*_KINDS.values()], k=EVENTS):
        model = chance.choice(events[event])
        kind, object_id = model["object"]["kind"], model["object"]["id"]
        if kind in ("person", "session"):
            object_id = chance.choice(made)["_id"] if kind == "person" else _id()
        mine = kind == "person" or chance.random() < 0.0001
        yield model | {
            "_id": _id(),
            "at": now - _YEARS * chance.random(),
            "actor": by_officer if mine else chance.choice(actors),
            "object": {"kind": kind, "id": object_id},
        }


async def _insert(collection: Collection, documents: Iterable[Document]) -> None:
    """Without waiting for the disk."""
    quick, left = collection.with_options(write_concern=WriteConcern(1)), iter(documents)
    while batch := list(islice(left, _BATCH)):
        await quick.insert_many(batch, ordered=False)


async def _one(collection: Collection, id_: str) -> Document:
    found: Document | None = await collection.find_one({"_id": id_})
    assert found
    return found


def _id() -> str:
    return str(uuid.uuid4())
