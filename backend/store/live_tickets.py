"""Tickets for WebSockets: {_id: SHA-256 of the ticket, schema, session_id, expires_at}. Using one deletes it."""

from datetime import datetime

from backend.store.mongo import Database

SCHEMA = 1


async def insert(db: Database, token_hash: str, session_id: str, expires_at: datetime) -> None:
    """Adds a ticket of a session."""
    ticket = {"_id": token_hash, "schema": SCHEMA, "session_id": session_id, "expires_at": expires_at}
    await db.live_tickets.insert_one(ticket)


async def use(db: Database, token_hash: str, now: datetime) -> str | None:
    """Uses the ticket up and gives the session that it is of; None where it isn't good. Of many, one gets it."""
    found = await db.live_tickets.find_one_and_delete({"_id": token_hash, "expires_at": {"$gt": now}})
    return found["session_id"] if found else None
