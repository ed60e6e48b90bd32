"""Invitation codes, with which a WeChat user is bound to a person in one of their roles. Only a slow hash is stored.

{_id, schema, code_hash, person_id, holding, made_by, made_at, expires_at, used_at, revoked_at}.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.models.people import Holding
from backend.store.mongo import Database, Session
from backend.store.paging import page

SCHEMA = 1


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
    return _invitation(document) if document else None


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
    return _invitation(document) if document else None


async def page_of_person(
    db: Database, person_id: str, limit: int, cursor: str | None
) -> tuple[list[Invitation], str | None]:
    """The invitations of a person, newest first."""
    documents, following = await page(
        db.invitations, {"person_id": person_id}, ("made_at", "_id"), limit, cursor, descending=True
    )
    return [_invitation(document) for document in documents], following


async def page_of_all(db: Database, limit: int, cursor: str | None) -> tuple[list[Invitation], str | None]:
    """All invitations, newest first."""
    documents, following = await page(db.invitations, {}, ("made_at", "_id"), limit, cursor, descending=True)
    return [_invitation(document) for document in documents], following


def _invitation(document: Mapping[str, Any]) -> Invitation:
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
