"""People, by id or phone number."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from backend.models.people import Holding, Role
from backend.store.mongo import Database, Document, Session
from backend.store.numbered import Order, numbered
from backend.store.paging import page

SCHEMA = 2
_BATCH = 500
_DUPLICATE_KEY = 11000
# Sorts behind every name.
_LAST = "\U0010ffff"
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WeChatUser:
    """The WeChat user that a person signs in as: ids of WeChat's, which never leave the server."""

    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)
    bound_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A person, the roles they hold, and the hash of their password if they have one.

    `ties` are the schools that an inspector must not be sent to; `school_districts` the districts of the schools that
    the person is a contact of, kept here so that a district's people can be listed.
    """

    id: str
    name: str
    phone: str
    holdings: tuple[Holding, ...]
    password_hash: str | None = None
    version: int = 1
    ties: tuple[str, ...] = ()
    school_districts: tuple[str, ...] = ()
    wechat: WeChatUser | None = None


async def find(db: Database, person_id: str, session: Session | None = None) -> Person | None:
    """The person with this id."""
    return _person(await db.people.find_one({"_id": person_id}, session=session))


async def find_each(db: Database, person_ids: Iterable[str]) -> dict[str, Person]:
    """Those of the people that there are, by id."""
    found = db.people.find({"_id": {"$in": list(person_ids)}})
    return {document["_id"]: person_of(document) async for document in found}


async def find_by_phone(db: Database, phone: str, session: Session | None = None) -> Person | None:
    """The person with this phone number."""
    return _person(await db.people.find_one({"phone": phone}, session=session))


async def find_by_openid(db: Database, openid: str, session: Session | None = None) -> Person | None:
    """The person whom this WeChat user is bound to."""
    return _person(await db.people.find_one({"wechat.openid": openid}, session=session))


async def insert(db: Database, person: Person, session: Session | None = None) -> None:
    """Adds a person; pymongo's DuplicateKeyError if the phone number is another's."""
    await db.people.insert_one(_document(person), session=session)


async def insert_many(db: Database, session: Session, people: Sequence[Person]) -> bool:
    """Adds many people; False where a phone number is another's (abort the transaction)."""
    try:
        for start in range(0, len(people), _BATCH):
            batch = [_document(person) for person in people[start : start + _BATCH]]
            await db.people.insert_many(batch, session=session)
    except BulkWriteError as error:
        if any(each["code"] != _DUPLICATE_KEY for each in (error.details or {}).get("writeErrors", [])):
            raise
        return False
    return True


# People with the roles to give them, and the districts of the schools among these.
Given = Sequence[tuple[Person, Sequence[Holding], Sequence[str]]]


async def add_holdings(db: Database, session: Session, given: Given) -> None:
    """Gives people further roles; none is no error."""
    updates = [
        UpdateOne(
            {"_id": person.id},
            {
                "$addToSet": {
                    "holdings": {"$each": [holding.model_dump(mode="json") for holding in holdings]},
                    "school_districts": {"$each": list(districts)},
                },
                "$inc": {"version": 1},
            },
        )
        for person, holdings, districts in given
    ]
    for start in range(0, len(updates), _BATCH):
        await db.people.bulk_write(updates[start : start + _BATCH], ordered=False, session=session)


async def change(db: Database, session: Session, person: Person, fields: Mapping[str, Any]) -> bool | None:
    """Sets fields as stored, if the person is still as read; whether so. None: the phone number is another's."""
    update = {"$set": dict(fields), "$inc": {"version": 1}}
    try:
        result = await db.people.update_one({"_id": person.id, "version": person.version}, update, session=session)
    except DuplicateKeyError:
        return None
    return bool(result.matched_count)


async def find_by_phones(db: Database, phones: Iterable[str], session: Session | None = None) -> dict[str, Person]:
    """Those of the phone numbers that are somebody's, with the people."""
    found = db.people.find({"phone": {"$in": list(phones)}}, session=session)
    return {document["phone"]: person_of(document) async for document in found}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which people: in the role, of the school, of the district (its officers, its schools' contacts), whose name
    begins so, bound to a WeChat user or not."""

    role: Role | None = None
    district: str | None = None
    school_id: str | None = None
    name: str | None = None
    bound: bool | None = None

    def filter(self) -> tuple[dict[str, Any], str | None] | None:
        """The filter, and the index that gives the people by name (None: several do); None where nobody can fit."""
        among = self._among()
        if among is None:
            return None
        filter_, index = among
        filter_["name"] = {"$gte": self.name, "$lt": self.name + _LAST} if self.name else {"$gte": ""}
        if self.bound is not None:
            # Bounds of an index: whether a field is null, only the document says.
            when = {"$gt": _BEFORE_ALL}
            filter_["wechat.bound_at"] = when if self.bound else {"$not": when}
        return filter_, index

    def _among(self) -> tuple[dict[str, Any], str | None] | None:
        contacts, officers = {"school_districts": self.district}, {"holdings.district": self.district}
        if self.school_id is not None:
            of_school: dict[str, Any] = {"holdings.school_id": self.school_id}
            fits = self.role in (None, Role.SCHOOL)
            return (of_school if self.district is None else of_school | contacts, "school") if fits else None
        if self.district is not None:
            by_role: dict[Role | None, tuple[dict[str, Any], str | None]] = {
                None: ({"$or": [contacts, officers]}, None),
                Role.SCHOOL: (contacts, "school_district"),
                Role.DISTRICT: (officers, "district"),
            }
            return by_role.get(self.role)
        return ({"holdings.role": self.role.value}, "role") if self.role is not None else ({}, "name")


async def list_page(db: Database, wanted: Wanted, limit: int, cursor: str | None) -> tuple[list[Person], str | None]:
    """A page of the people by name."""
    found = wanted.filter()
    if found is None:
        return [], None
    documents, following = await page(db.people, found[0], ("name", "_id"), limit, cursor)
    return [person_of(document) for document in documents], following


async def table(db: Database, wanted: Wanted, sort: str, skip: int, limit: int) -> tuple[list[Document], int]:
    """People by name (`name`, or `-name` for the other way round) as stored, and how many there are in all."""
    found = wanted.filter()
    if found is None:
        return [], 0
    filter_, index = found
    order = Order(("name", "_id"), index, descending=sort.startswith("-"))
    return await numbered(db.people, filter_, order, skip, limit)


async def set_password_hash(
    db: Database, person_id: str, before: str | None, after: str, session: Session | None = None
) -> bool:
    """Replaces the hash if it is still `before`; whether it was."""
    change = {"$set": {"password_hash": after}, "$inc": {"version": 1}}
    result = await db.people.update_one({"_id": person_id, "password_hash": before}, change, session=session)
    return bool(result.matched_count)


async def bind(db: Database, session: Session, person_id: str, user: WeChatUser) -> bool | None:
    """Binds a WeChat user to a person who has none; whether they had none. None: the user is bound to another (abort
    the transaction)."""
    change = {"$set": {"wechat": asdict(user)}, "$inc": {"version": 1}}
    try:
        result = await db.people.update_one({"_id": person_id, "wechat": None}, change, session=session)
    except DuplicateKeyError:
        return None
    return bool(result.matched_count)


async def unbind(db: Database, session: Session, person_id: str) -> bool:
    """Takes the WeChat user from a person; whether they had one."""
    change = {"$set": {"wechat": None}, "$inc": {"version": 1}}
    wanted = {"_id": person_id, "wechat": {"$ne": None}}
    return bool((await db.people.update_one(wanted, change, session=session)).matched_count)


def _person(document: dict[str, Any] | None) -> Person | None:
    return person_of(document) if document is not None else None


def person_of(document: Mapping[str, Any]) -> Person:
    """The person as stored."""
    return Person(
        id=document["_id"],
        name=document["name"],
        phone=document["phone"],
        holdings=tuple(Holding(**holding) for holding in document["holdings"]),
        password_hash=document["password_hash"],
        version=document["version"],
        ties=tuple(document["ties"]),
        school_districts=tuple(document["school_districts"]),
        wechat=WeChatUser(**document["wechat"]) if document["wechat"] else None,
    )


def _document(person: Person) -> Document:
    return {
        "_id": person.id,
        "schema": SCHEMA,
        "version": person.version,
        "name": person.name,
        "phone": person.phone,
        "holdings": [holding.model_dump(mode="json") for holding in person.holdings],
        "password_hash": person.password_hash,
        "ties": list(person.ties),
        "school_districts": list(person.school_districts),
        "wechat": asdict(person.wechat) if person.wechat else None,
    }
