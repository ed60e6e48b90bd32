"""Binds a WeChat user to a person, by an invitation code or by the phone number that WeChat verified; and unbinds."""

from collections.abc import Awaitable, Callable, Sequence

from backend.deps import Deps
from backend.errors import Conflict, NotFound, Unauthorised
from backend.gateways.wechat_answers import Phone
from backend.models.people import Actor, Holding
from backend.models.sessions import SessionOpened
from backend.models.wechat import BindByInvitation, BindByPhone
from backend.services import throttle
from backend.services.audit import audit
from backend.services.invitations import as_made
from backend.services.people_access import check_power, find_visible, forget
from backend.services.sessions import actor_in, choose, new_token, open_session
from backend.services.wechat import done, gateway
from backend.store import binding_tickets, invitations, people, sessions
from backend.store.binding_tickets import BindingTicket
from backend.store.mongo import Session, transact
from backend.store.people import Person, WeChatUser
from backend.store.sessions import hash_token

_CHINA = "86"

# Finds who is meant, and in which role they go on (None: the first).
Find = Callable[[Session], Awaitable[tuple[Person, Holding | None]]]


async def bind(deps: Deps, body: BindByInvitation | BindByPhone, address: str, agent: str | None) -> SessionOpened:
    """Binds the WeChat user of the ticket to the person whom the code is for, and signs them in.

    Raises `Unauthorised` for a ticket or code that is wrong, used or over; `NotFound` for a phone number that no
    invited person has; `Conflict` where person or user is bound already; `TooManyRequests` for many attempts.
    """
    wechat = gateway(deps)
    ticket = await binding_tickets.find(deps.db, hash_token(body.ticket), deps.clock())
    if ticket is None:
        raise _ticket_spent()
    await throttle.count_address(deps, address)
    await throttle.count_openid(deps, ticket.openid)
    if isinstance(body, BindByInvitation):
        find, how = _invited(deps, await deps.passwords.lookup_hash(as_made(body.invitation))), "invitation"
    else:
        find, how = _with_phone(deps, done(await wechat.phone_number(body.phone_code))), "phone"
    opened = await _bind(deps, ticket, find, how, agent)
    await throttle.forget_openid(deps, ticket.openid)
    await throttle.forgive_address(deps, address)
    return opened


def _invited(deps: Deps, code_hash: str) -> Find:
    async def find(transaction: Session) -> tuple[Person, Holding | None]:
        invitation = await invitations.use(deps.db, transaction, code_hash, deps.clock())
        person = await people.find(deps.db, invitation.person_id, transaction) if invitation else None
        if invitation is None or person is None or invitation.holding not in person.holdings:
            message = "邀请码不对、已用过或已过期，请核对后重试，或向邀请您的管理员要一个新的"
            raise Unauthorised(message, code="invitation_refused")
        return person, invitation.holding

    return find


def _with_phone(deps: Deps, phone: Phone) -> Find:
    async def find(transaction: Session) -> tuple[Person, Holding | None]:
        known = phone.country_code == _CHINA
        person = await people.find_by_phone(deps.db, phone.number, transaction) if known else None
        if person is None or not person.holdings:
            message = "这个手机号没有登记，请改用邀请码绑定，或联系市（区）教育局核对登记的手机号"
            raise NotFound(message, code="phone_not_invited")
        return person, None

    return find


async def _bind(deps: Deps, ticket: BindingTicket, find: Find, how: str, agent: str | None) -> SessionOpened:
    token = new_token()

    async def work(transaction: Session) -> SessionOpened:
        now = deps.clock()
        if not await binding_tickets.use(deps.db, transaction, ticket.token_hash, now):
            raise _ticket_spent()
        person, wanted = await find(transaction)
        bound = await people.bind(deps.db, transaction, person.id, WeChatUser(ticket.openid, ticket.unionid, now))
        if bound is None:
            raise Conflict("您的微信已绑定另一人，请返回后重新进入；如需换绑，请联系管理员", code="user_bound")
        if not bound:
            raise Conflict("此人已绑定另一个微信，请联系管理员解除后重试", code="already_bound")
        holding = choose(person, wanted)
        opened = await open_session(deps, person, holding, token, transaction, how="wechat", agent=agent)
        await audit(deps, transaction, actor_in(opened), "wechat.bound", "person", person.id, after={"how": how})
        return opened

    return await transact(deps.db, work)


async def unbind(deps: Deps, actor: Actor, person_id: str) -> None:
    """Takes the WeChat user from a person, and ends all their sessions: the phone was lost, or is another's now.

    Quotas stay: they are the WeChat user's. Raises `NotFound`, `Forbidden` where the actor may not act for the person
    and is not them, `Conflict` where nothing is bound.
    """

    async def work(transaction: Session) -> Sequence[str]:
        person = await find_visible(deps, actor, person_id, transaction)
        if actor.person_id != person.id:
            check_power(actor, person)
        if not await people.unbind(deps.db, transaction, person.id):
            raise Conflict("此人没有绑定微信，不用解除", code="not_bound")
        await sessions.delete_links(deps.db, transaction, [person.id])
        ended = await sessions.delete_of_people(deps.db, transaction, [person.id])
        await audit(deps, transaction, actor, "wechat.unbound", "person", person.id, after={"sessions": len(ended)})
        return ended

    forget(deps, await transact(deps.db, work))


def _ticket_spent() -> Unauthorised:
    return Unauthorised("绑定已超时，请返回后重新进入小程序", code="ticket_spent")
