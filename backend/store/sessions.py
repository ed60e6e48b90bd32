"""Sessions and sign-in links. Only the SHA-256 of their tokens is stored: who reads the database can't sign in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from backend.models.people import Holding
from backend.store.mongo import Database
from backend.store.mongo import Session as Transaction
from backend.store.paging import page

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Session:
    """Someone signed in, in one role. It ends when not seen for a while, and at `expires_at` in any case."""

    id: str
    token_hash: str
    person_id: str
    name: str
    holding: Holding
    opened_at: datetime
    seen_at: datetime
    expires_at: datetime
    # What the browser or app said that it is when it signed in; sessions of before this was kept have none.
    agent: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A single-use way to sign in as a person in one role; `session_ends_at` bounds the session that it opens."""

    token_hash: str
    person_id: str
    holding: Holding
    made_at: datetime
    expires_at: datetime
    session_ends_at: datetime | None = None


def hash_token(token: str) -> str:
    """How a token is stored; 256 random bits need neither salt nor a slow hash."""
    return sha256(token.encode()).hexdigest()


async def insert(db: Database, session: Session, transaction: Transaction | None = None) -> None:
    """Adds a session."""
    document = {
        "_id": session.id,
        "schema": SCHEMA,
        "token_hash": session.token_hash,
        "person_id": session.person_id,
        "name": session.name,
        "holding": session.holding.model_dump(mode="json"),
        "opened_at": session.opened_at,
        "seen_at": session.seen_at,
        "expires_at": session.expires_at,
        "agent": session.agent,
    }
    await db.sessions.insert_one(document, session=transaction)


async def find(db: Database, token_hash: str) -> Session | None:
    """The session of a token, ended or not."""
    document = await db.sessions.find_one({"token_hash": token_hash})
    return _session(document) if document else None


async def find_by_id(db: Database, session_id: str, transaction: Transaction | None = None) -> Session | None:
    """The session with this id, ended or not."""
    document = await db.sessions.find_one({"_id": session_id}, session=transaction)
    return _session(document) if document else None


async def find_many(db: Database, session_ids: Iterable[str]) -> list[Session]:
    """Those of the sessions that are there, ended or not."""
    documents = await db.sessions.find({"_id": {"$in": list(session_ids)}}).to_list(None)
    return [_session(document) for document in documents]


async def touch(db: Database, session_id: str, seen_at: datetime) -> None:
    """Notes that it was used; of several at once, the latest stands."""
    await db.sessions.update_one({"_id": session_id}, {"$max": {"seen_at": seen_at}})


async def delete(db: Database, session_id: str, transaction: Transaction | None = None) -> bool:
    """Ends a session at once; whether it was there."""
    return bool((await db.sessions.delete_one({"_id": session_id}, session=transaction)).deleted_count)


async def delete_others(db: Database, person_id: str, kept_id: str, transaction: Transaction | None = None) -> int:
    """Ends all sessions of a person but one; how many there were."""
    others = {"person_id": person_id, "_id": {"$ne": kept_id}}
    return int((await db.sessions.delete_many(others, session=transaction)).deleted_count)


async def page_of_person(
    db: Database, person_id: str, limit: int, cursor: str | None
) -> tuple[list[Session], str | None]:
    """The sessions of a person, those that went unused for too long among them."""
    documents, following = await page(db.sessions, {"person_id": person_id}, ("_id",), limit, cursor)
    return [_session(document) for document in documents], following


async def delete_of_people(
    db: Database, transaction: Transaction, person_ids: Sequence[str], *, but: Iterable[Holding] = ()
) -> list[str]:
    """Ends the sessions of people, but those in these roles; gives their ids."""
    found = await db.sessions.find({"person_id": {"$in": list(person_ids)}}, session=transaction).to_list(None)
    kept = tuple(but)
    ended = [session.id for session in map(_session, found) if session.holding not in kept]
    await db.sessions.delete_many({"_id": {"$in": ended}}, session=transaction)
    return ended


async def delete_links(db: Database, transaction: Transaction, person_ids: Sequence[str]) -> None:
    """Makes all sign-in links of people useless."""
    await db.sign_in_links.delete_many({"person_id": {"$in": list(person_ids)}}, session=transaction)


async def rename(db: Database, transaction: Transaction, person_id: str, name: str) -> None:
    """Lets the sessions of a person bear another name."""
    await db.sessions.update_many({"person_id": person_id}, {"$set": {"name": name}}, session=transaction)


async def insert_link(db: Database, link: Link, transaction: Transaction | None = None) -> None:
    """Adds a link."""
    document = {
        "_id": link.token_hash,
        "schema": SCHEMA,
        "person_id": link.person_id,
        "holding": link.holding.model_dump(mode="json"),
        "made_at": link.made_at,
        "expires_at": link.expires_at,
        "session_ends_at": link.session_ends_at,
        "redeemed_at": None,
    }
    await db.sign_in_links.insert_one(document, session=transaction)


async def redeem_link(db: Database, token_hash: str, now: datetime, transaction: Transaction) -> Link | None:
    """Uses the link up; None if there is none, it has expired, or it has been used. Of many at once, one gets it."""
    usable = {"_id": token_hash, "redeemed_at": None, "expires_at": {"$gt": now}}
    change = {"$set": {"redeemed_at": now}}
    document = await db.sign_in_links.find_one_and_update(usable, change, session=transaction)
    return _link(document) if document else None


def _session(document: dict[str, Any]) -> Session:
    return Session(
        id=document["_id"],
        token_hash=document["token_hash"],
        person_id=document["person_id"],
        name=document["name"],
        holding=Holding(**document["holding"]),
        opened_at=document["opened_at"],
        seen_at=document["seen_at"],
        expires_at=document["expires_at"],
        agent=document.get("agent"),
    )


def _link(document: dict[str, Any]) -> Link:
    return Link(
        token_hash=document["_id"],
        person_id=document["person_id"],
        holding=Holding(**document["holding"]),
        made_at=document["made_at"],
        expires_at=document["expires_at"],
        # Links made before there were web-views have none.
        session_ends_at=document.get("session_ends_at"),
    )
