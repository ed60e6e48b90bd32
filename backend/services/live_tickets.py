"""Tickets for the WebSocket, which can carry no Authorization header: single use, good for half a minute."""

from datetime import timedelta

from backend.deps import Deps
from backend.errors import Forbidden, Unauthorised
from backend.models.live import LiveTicket
from backend.models.people import Actor
from backend.services.permissions import require
from backend.services.sessions import actor_of, has_ended, new_token
from backend.store import live_tickets, sessions
from backend.store.sessions import hash_token

LIFE = timedelta(seconds=30)


async def make(deps: Deps, actor: Actor) -> LiveTicket:
    """A ticket of the actor's session."""
    token, expires_at = new_token(), deps.clock() + LIFE
    await live_tickets.insert(deps.db, hash_token(token), actor.session_id, expires_at)
    return LiveTicket(ticket=token, expires_at=expires_at)


async def redeem(deps: Deps, ticket: str) -> Actor | None:
    """Who holds the ticket, which is used up; None where it was used, has expired, never was, or its session ended."""
    now = deps.clock()
    session_id = await live_tickets.use(deps.db, hash_token(ticket), now)
    session = await sessions.find_by_id(deps.db, session_id) if session_id else None
    if session is None or has_ended(deps, session, now):
        return None
    actor = actor_of(session)
    try:
        require(actor, "live.connect")
    except (Forbidden, Unauthorised):
        return None
    return actor
