"""Who WeChat says has come, while nobody knows who that is: the client gets a ticket, the openid stays here.

{_id: SHA-256 of the ticket, schema, openid, unionid, made_at, expires_at, used_at}.
"""

from dataclasses import dataclass, field
from datetime import datetime

from backend.store.mongo import Database, Session

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class BindingTicket:
    """A WeChat user who may bind: once, until `expires_at`."""

    token_hash: str
    openid: str = field(repr=False)
    unionid: str | None = field(repr=False)
    expires_at: datetime


async def insert(db: Database, ticket: BindingTicket, now: datetime) -> None:
    """Adds a ticket."""
    await db.binding_tickets.insert_one(
        {
            "_id": ticket.token_hash,
            "schema": SCHEMA,
            "openid": ticket.openid,
            "unionid": ticket.unionid,
            "made_at": now,
            "expires_at": ticket.expires_at,
            "used_at": None,
        }
    )


async def find(db: Database, token_hash: str, now: datetime) -> BindingTicket | None:
    """The ticket, if it is still good."""
    document = await db.binding_tickets.find_one(_usable(token_hash, now))
    if document is None:
        return None
    return BindingTicket(document["_id"], document["openid"], document["unionid"], document["expires_at"])


async def use(db: Database, session: Session, token_hash: str, now: datetime) -> bool:
    """Uses the ticket up; whether it was still good. Of many at once, one gets it."""
    change = {"$set": {"used_at": now}}
    result = await db.binding_tickets.update_one(_usable(token_hash, now), change, session=session)
    return bool(result.matched_count)


def _usable(token_hash: str, now: datetime) -> dict[str, object]:
    return {"_id": token_hash, "used_at": None, "expires_at": {"$gt": now}}
