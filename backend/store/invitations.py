"""Invitation codes, with which a WeChat user is bound to a person in one of their roles. Only a slow hash is stored.

{_id, schema, code_hash, person_id, holding, made_by, made_at, expires_at, used_at, revoked_at}.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.models.people import Holding, Role
from backend.models.wechat import InvitationState
from backend.store.mongo import Database, Document, Session
from backend.store.numbered import Order, numbered
from backend.store.paging import page

SCHEMA = 1
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A single-use code for one person in one role."""

    id: str
    person_id: str
    holding: Holding
    made_by: str | None
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None


async def insert(db: Database, session: Session, invitation: Invitation, code_hash: str) -> None:
    """Adds an invitation; pymongo's DuplicateKeyError if the code is another's."""
    document = {
        "_id": invitation.id,
        "schema": SCHEMA,
        "code_hash": code_hash,
        "person_id": invitation.person_id,
        "holding": invitation.holding.model_dump(mode="json"),
        "made_by": invitation.made_by,
        "made_at": invitation.made_at,
        "expires_at": invitation.expires_at,
        "used_at": invitation.used_at,
        "revoked_at": invitation.revoked_at,
    }
    await db.invitations.insert_one(document, session=session)


async def use(db: Database, session: Session, code_hash: str, now: datetime) -> Invitation | None:
    """Uses the code up; None if there is none, or it expired, was used or revoked. Of many at once, one gets it."""
    usable = {"code_hash": code_hash, "used_at": None, "revoked_at": None, "expires_at": {"$gt": now}}
    document = await db.invitations.find_one_and_update(usable, {"$set": {"used_at": now}}, session=session)
    return invitation_of(document) if document else None


async def revoke(db: Database, session: Session, invitation_id: str, now: datetime) -> bool:
    """Makes an invitation useless; whether it was still good for something."""
    wanted = {"_id": invitation_id, "used_at": None, "revoked_at": None, "expires_at": {"$gt": now}}
    result = await db.invitations.update_one(wanted, {"$set": {"revoked_at": now}}, session=session)
    return bool(result.matched_count)


async def revoke_of_person(db: Database, session: Session, person_id: str, holding: Holding, now: datetime) -> int:
    """Makes useless what invitations there still are for the person in this role; how many."""
    wanted = {
        "person_id": person_id,
        "holding": holding.model_dump(mode="json"),
        "used_at": None,
        "revoked_at": None,
        "expires_at": {"$gt": now},
    }
    return int((await db.invitations.update_many(wanted, {"$set": {"revoked_at": now}}, session=session)).matched_count)


async def find(db: Database, invitation_id: str, session: Session | None = None) -> Invitation | None:
    """The invitation with this id."""
    document = await db.invitations.find_one({"_id": invitation_id}, session=session)
    return invitation_of(document) if document else None


async def page_of_person(
    db: Database, person_id: str, limit: int, cursor: str | None
) -> tuple[list[Invitation], str | None]:
    """The invitations of a person, newest first."""
    documents, following = await page(
        db.invitations, {"person_id": person_id}, ("made_at", "_id"), limit, cursor, descending=True
    )
    return [invitation_of(document) for document in documents], following


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which invitations: in a state, for a role, for a person."""

    state: InvitationState | None = None
    role: Role | None = None
    person_id: str | None = None

    def filter(self, now: datetime) -> dict[str, Any]:
        """The filter at `now`, as bounds of an index: whether a field is null, only the document says."""
        said = {"$gt": _BEFORE_ALL}
        never = {"used_at": {"$not": said}, "revoked_at": {"$not": said}}
        states: dict[InvitationState | None, dict[str, Any]] = {
            None: {},
            "used": {"used_at": said},
            "revoked": {**never, "revoked_at": said},
            "open": {**never, "expires_at": {"$gt": now}},
            "expired": {**never, "expires_at": {"$lte": now}},
        }
        person = {} if self.person_id is None else {"person_id": self.person_id}
        role = {} if self.role is None else {"holding.role": self.role.value}
        return {**person, "made_at": {"$gt": _BEFORE_ALL}, **states[self.state], **role}


async def table(
    db: Database, wanted: Wanted, now: datetime, *, descending: bool, skip: int, limit: int
) -> tuple[list[Document], int]:
    """Invitations by when they were made, as stored, and how many there are in all.

    State and role are read off the index, of all invitations in it: they are gone a month after they end, and the keys
    of 20,000 are walked within the time that a page has.
    """
    index = "made" if wanted.person_id is None else "person"
    order = Order(("made_at", "_id"), index, descending)
    return await numbered(db.invitations, wanted.filter(now), order, skip, limit)


def invitation_of(document: Mapping[str, Any]) -> Invitation:
    """The invitation as stored."""
    return Invitation(
        id=document["_id"],
        person_id=document["person_id"],
        holding=Holding(**document["holding"]),
        made_by=document["made_by"],
        made_at=document["made_at"],
        expires_at=document["expires_at"],
        used_at=document["used_at"],
        revoked_at=document["revoked_at"],
    )
