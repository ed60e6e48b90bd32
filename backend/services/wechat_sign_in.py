"""Coming in by `wx.login`: who is known is signed in, who isn't may bind."""

from datetime import timedelta

from backend.deps import Deps
from backend.gateways.wechat_answers import Login
from backend.models.people import Holding
from backend.models.sessions import SessionOpened
from backend.models.wechat import KnownUser, UnboundUser, WeChatSignIn
from backend.services.sessions import choose, new_token, open_session
from backend.services.wechat import done, gateway
from backend.store import binding_tickets, people
from backend.store.binding_tickets import BindingTicket
from backend.store.mongo import Session, transact
from backend.store.sessions import hash_token

# Long enough to ask a colleague for the code.
BINDING_TICKET = timedelta(minutes=10)


async def sign_in(deps: Deps, body: WeChatSignIn, agent: str | None) -> KnownUser | UnboundUser:
    """Signs in the person whom the WeChat user is bound to, in the wanted role or else the first.

    An unknown user gets a ticket to bind with; the openid stays here. Raises `Unauthorised` for a code that is used or
    wrong, `Forbidden` for a user whom WeChat blocks and for a role not held, `TooManyRequests` and `Unavailable` where
    WeChat says so.
    """
    login = done(await gateway(deps).code_to_session(body.code))
    opened = await _open(deps, login, body.holding, agent)
    return await _unbound(deps, login) if opened is None else KnownUser(session=opened)


async def _open(deps: Deps, login: Login, wanted: Holding | None, agent: str | None) -> SessionOpened | None:
    token = new_token()

    async def work(transaction: Session) -> SessionOpened | None:
        person = await people.find_by_openid(deps.db, login.openid, transaction)
        if person is None:
            return None
        holding = choose(person, wanted)
        return await open_session(deps, person, holding, token, transaction, how="wechat", agent=agent)

    return await transact(deps.db, work)


async def _unbound(deps: Deps, login: Login) -> UnboundUser:
    ticket, now = new_token(), deps.clock()
    expires_at = now + BINDING_TICKET
    stored = BindingTicket(hash_token(ticket), login.openid, login.unionid, expires_at)
    await binding_tickets.insert(deps.db, stored, now)
    return UnboundUser(ticket=ticket, expires_at=expires_at)
