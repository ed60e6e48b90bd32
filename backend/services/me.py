"""The person who is signed in: who they are, and their password."""

from datetime import timedelta

from backend.deps import Deps
from backend.errors import Conflict, Forbidden, Unauthorised
from backend.models.people import Actor, holding_view
from backend.models.sessions import Me, PasswordChange, SessionView
from backend.services import throttle
from backend.services.audit import audit
from backend.settings import Settings
from backend.store import people, sessions
from backend.store.mongo import Session as Transaction
from backend.store.mongo import transact
from backend.store.people import Person
from backend.store.sessions import Session


def me_view(person: Person, session: Session, settings: Settings) -> Me:
    """How an answer tells a person who they are."""
    return Me(
        person_id=person.id,
        name=person.name,
        holding=holding_view(session.holding),
        holdings=[holding_view(holding) for holding in person.holdings],
        has_password=person.password_hash is not None,
        session=SessionView(
            id=session.id,
            opened_at=session.opened_at,
            idle_until=min(session.seen_at + timedelta(hours=settings.session_idle_hours), session.expires_at),
            expires_at=session.expires_at,
        ),
    )


async def read(deps: Deps, actor: Actor) -> Me:
    """Who is signed in. Raises `Unauthorised` where the session has just ended."""
    person = await people.find(deps.db, actor.person_id)
    session = await sessions.find_by_id(deps.db, actor.session_id)
    if person is None or session is None:
        raise session_ended()
    return me_view(person, session, deps.settings)


async def set_password(deps: Deps, actor: Actor, change: PasswordChange) -> None:
    """Sets the password, and ends all other sessions of the person.

    Raises `Forbidden` where the current password is wrong, `TooManyRequests` where that happens often.
    """
    person = await people.find(deps.db, actor.person_id)
    if person is None:
        raise session_ended()
    if person.password_hash is not None:
        await throttle.count_account(deps, person.phone)
        if change.current is None or not await deps.passwords.verify(change.current, person.password_hash):
            raise Forbidden("当前密码不对，请重新输入", code="wrong_password")
        await throttle.forget_account(deps, person.phone)
    before, after = person.password_hash, await deps.passwords.hash(change.new)

    async def work(transaction: Transaction) -> None:
        if not await people.set_password_hash(deps.db, actor.person_id, before, after, transaction):
            raise Conflict("密码刚在别处改过，请用新密码重新登录")
        await sessions.delete_others(deps.db, actor.person_id, actor.session_id, transaction)
        await audit(deps, transaction, actor, "password.set", "person", actor.person_id)

    await transact(deps.db, work)


def session_ended() -> Unauthorised:
    """The refusal of a token that is not, or no longer, good."""
    return Unauthorised("登录已失效，请重新登录", code="session_ended")
