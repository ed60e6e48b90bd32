"""Single-use sign-in links, which replace the WeChat login and let a new officer in."""

import io
from datetime import timedelta

import segno

from backend.deps import Deps
from backend.errors import Conflict
from backend.models.people import Actor, Holding, holding_view
from backend.models.sessions import LinkMade
from backend.models.wechat import WebViewTicket
from backend.services.audit import audit
from backend.services.me import session_ended
from backend.services.people_access import check_power, find_visible
from backend.services.sessions import new_token
from backend.store import people, sessions
from backend.store.mongo import Session as Transaction
from backend.store.mongo import transact
from backend.store.people import Person
from backend.store.sessions import Link, hash_token

WEB_VIEW_TICKET = timedelta(seconds=60)


async def make(deps: Deps, actor: Actor | None, person_id: str, wanted: Holding | None) -> LinkMade:
    """A link that signs the person in, in the wanted role; `actor` is None for the command line.

    Raises `NotFound` for a person whom the actor may not see, `Conflict` where the role is not theirs or must be
    chosen, and `Forbidden` where the actor may not act for the person: the link would make them more than they are.
    """
    token, now = new_token(), deps.clock()
    expires_at = now + timedelta(hours=deps.settings.link_hours)

    async def work(transaction: Transaction) -> Holding:
        person = await find_visible(deps, actor, person_id, transaction)
        check_power(actor, person)
        holding = choose_holding(person, wanted)
        await sessions.insert_link(deps.db, Link(hash_token(token), person.id, holding, now, expires_at), transaction)
        after = {"holding": holding.model_dump(mode="json"), "expires_at": expires_at}
        await audit(deps, transaction, actor, "link.made", "person", person.id, after=after)
        return holding

    holding = await transact(deps.db, work)
    url = address_of(deps, token)
    return LinkMade(
        url=url,
        qr=segno.make(url).png_data_uri(scale=6),
        holding=holding_view(holding),
        expires_at=expires_at,
    )


async def make_for_web_view(deps: Deps, actor: Actor) -> WebViewTicket:
    """An address that carries the actor into a web-view: for one use within a minute, in the role of their session.

    The web-view gets a session of its own, which ends with the actor's at the latest.
    """
    token, now = new_token(), deps.clock()
    expires_at = now + WEB_VIEW_TICKET

    async def work(transaction: Transaction) -> None:
        person = await people.find(deps.db, actor.person_id, transaction)
        session = await sessions.find_by_id(deps.db, actor.session_id, transaction)
        if person is None or session is None or session.holding not in person.holdings:
            raise session_ended()
        link = Link(hash_token(token), person.id, session.holding, now, expires_at, session.expires_at)
        await sessions.insert_link(deps.db, link, transaction)

    await transact(deps.db, work)
    return WebViewTicket(url=address_of(deps, token), expires_at=expires_at)


def address_of(deps: Deps, token: str) -> str:
    """The page that redeems the token. It stands behind the #, which no browser sends: in no log, in no Referer."""
    return f"{deps.settings.base_url}/sign-in#{token}"


def terminal_qr(url: str) -> str:
    """The address as a QR code of text, for a terminal."""
    text = io.StringIO()
    segno.make(url).terminal(text, compact=True)
    return text.getvalue()


def choose_holding(person: Person, wanted: Holding | None) -> Holding:
    """The wanted role, or else the only one; raises `Conflict` where it must be chosen or is not theirs."""
    if wanted is None and len(person.holdings) != 1:
        raise Conflict("此人有多个身份，请选择其中一个", code="role_needed")
    holding = wanted or person.holdings[0]
    if holding not in person.holdings:
        raise Conflict("此人没有这个身份，请另选一个", code="not_held")
    return holding
