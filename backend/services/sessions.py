"""Signing in and out: by a single-use link or by a password, for an opaque random token.

A session ends when it goes unused for `session_idle_hours`, and after `session_absolute_hours` in any case.
"""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from backend.deps import Deps
from backend.errors import Forbidden, Unauthorised
from backend.models.people import Actor, Holding
from backend.models.sessions import PasswordSignIn, RedeemLink, SessionOpened
from backend.services import throttle
from backend.services.audit import audit
from backend.services.me import me_view, session_ended
from backend.store import people, sessions
from backend.store.mongo import Session as Transaction
from backend.store.mongo import transact
from backend.store.people import Person
from backend.store.sessions import Session, hash_token

# Browsers say what they are in some 150 characters; whoever says more is cut short.
_LONGEST_AGENT = 400
TOUCH_EVERY = timedelta(minutes=1)


async def authenticate(deps: Deps, token: str) -> Actor:
    """Who the bearer of the token is; raises `Unauthorised` where it is unknown, or its session has ended."""
    now, token_hash = deps.clock(), hash_token(token)
    session = deps.session_cache.get(token_hash, now)
    if session is None:
        session = await sessions.find(deps.db, token_hash)
    if session is None or has_ended(deps, session, now):
        raise session_ended()
    if now - session.seen_at >= TOUCH_EVERY:
        await sessions.touch(deps.db, session.id, now)
        session = replace(session, seen_at=now)
    deps.session_cache.put(session, now)
    return actor_of(session)


def has_ended(deps: Deps, session: Session, now: datetime) -> bool:
    """Whether the session is over at `now`: unused for too long, or at its absolute end."""
    idle = timedelta(hours=deps.settings.session_idle_hours)
    return now >= session.expires_at or now >= session.seen_at + idle


def actor_of(session: Session) -> Actor:
    """Who acts in a session."""
    holding = session.holding
    return Actor(session.person_id, session.name, holding.role, holding.school_id, holding.district, session.id)


def actor_in(opened: SessionOpened) -> Actor:
    """Who acts in a session that was just opened."""
    me, holding = opened.me, opened.me.holding
    return Actor(me.person_id, me.name, holding.role, holding.school_id, holding.district, me.session.id)


async def redeem(deps: Deps, body: RedeemLink, agent: str | None) -> SessionOpened:
    """Signs in by a link and uses it up; raises `Unauthorised` where it was used, has expired, or never was."""
    token = new_token()

    async def work(transaction: Transaction) -> SessionOpened:
        link = await sessions.redeem_link(deps.db, hash_token(body.link), deps.clock(), transaction)
        person = await people.find(deps.db, link.person_id, transaction) if link else None
        if link is None or person is None or link.holding not in person.holdings:
            raise Unauthorised("这个登录链接已经用过或已过期，请向管理员要一个新的", code="link_spent")
        return await open_session(
            deps, person, link.holding, token, transaction, how="link", agent=agent, expires_at=link.session_ends_at
        )

    return await transact(deps.db, work)


async def sign_in(deps: Deps, body: PasswordSignIn, address: str, agent: str | None) -> SessionOpened:
    """Signs in by account and password, in the chosen role or else the first.

    Raises `Unauthorised` alike for an unknown account and a wrong password, and `TooManyRequests` for many of them;
    `Forbidden` for a role that the person doesn't hold.
    """
    await throttle.count_address(deps, address)
    await throttle.count_account(deps, body.account)
    person = await people.find_by_phone(deps.db, body.account)
    right = await deps.passwords.verify(body.password, person.password_hash if person else None)
    if person is None or not right:
        raise Unauthorised("账号或密码不对，请检查后重试", code="wrong_password")
    await throttle.forget_account(deps, body.account)
    await throttle.forgive_address(deps, address)
    holding, token = choose(person, body.holding), new_token()
    return await transact(
        deps.db,
        lambda transaction: open_session(deps, person, holding, token, transaction, how="password", agent=agent),
    )


async def switch(deps: Deps, actor: Actor, holding: Holding) -> SessionOpened:
    """Goes on in another role of the same person: a new session takes the place of the current one, with its end."""
    token = new_token()

    async def work(transaction: Transaction) -> SessionOpened:
        person = await people.find(deps.db, actor.person_id, transaction)
        current = await sessions.find_by_id(deps.db, actor.session_id, transaction)
        if person is None or current is None:
            raise session_ended()
        await _delete(deps, actor, transaction, reason="switched")
        chosen = choose(person, holding)
        return await open_session(
            deps, person, chosen, token, transaction, how="switch", agent=current.agent, expires_at=current.expires_at
        )

    opened = await transact(deps.db, work)
    deps.session_cache.drop(actor.session_id)
    return opened


async def close(deps: Deps, actor: Actor) -> None:
    """Signs out: the token is good for nothing from now on. Raises `Unauthorised` where it was already."""
    await transact(deps.db, lambda transaction: _delete(deps, actor, transaction, reason="signed_out"))
    deps.session_cache.drop(actor.session_id)


def new_token() -> str:
    """256 random bits, as 43 characters that may stand in an address."""
    return secrets.token_urlsafe(32)


def choose(person: Person, wanted: Holding | None) -> Holding:
    """The wanted role, or else the first; raises `Forbidden` for one that the person doesn't hold."""
    if not person.holdings:
        raise Forbidden("您的身份已被取消，请联系市教育局", code="no_role")
    if wanted is None:
        return person.holdings[0]
    if wanted not in person.holdings:
        raise Forbidden("您没有这个身份，请另选一个", code="not_held")
    return wanted


async def open_session(
    deps: Deps,
    person: Person,
    holding: Holding,
    token: str,
    transaction: Transaction,
    *,
    how: str,
    agent: str | None,
    expires_at: datetime | None = None,
) -> SessionOpened:
    """A new session of the person in the role, and its audit event; `how` they came in, by which `agent` (what a
    browser says that it is). `token` is made before the transaction, which may run twice."""
    now = deps.clock()
    session = Session(
        id=deps.new_id(),
        token_hash=hash_token(token),
        person_id=person.id,
        name=person.name,
        holding=holding,
        opened_at=now,
        seen_at=now,
        expires_at=expires_at or now + timedelta(hours=deps.settings.session_absolute_hours),
        agent=agent and agent[:_LONGEST_AGENT],
    )
    await sessions.insert(deps.db, session, transaction)
    after = {"how": how, "person_id": person.id, "holding": holding.model_dump(mode="json")}
    await audit(deps, transaction, actor_of(session), "session.opened", "session", session.id, after=after)
    return SessionOpened(token=token, me=me_view(person, session, deps.settings))


async def _delete(deps: Deps, actor: Actor, transaction: Transaction, *, reason: str) -> None:
    if not await sessions.delete(deps.db, actor.session_id, transaction):
        raise session_ended()
    await audit(deps, transaction, actor, "session.closed", "session", actor.session_id, reason=reason)
