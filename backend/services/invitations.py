"""Invitation codes: made by officers for a person in one of their roles, listed, revoked."""

import secrets
import unicodedata
from datetime import datetime, timedelta

from backend.deps import Deps
from backend.errors import Conflict, NotFound
from backend.models.paging import Page, PageQuery
from backend.models.people import Actor, Holding, holding_view
from backend.models.wechat import InvitationMade, InvitationState, InvitationView
from backend.services.audit import audit
from backend.services.people_access import check_power, find_visible
from backend.services.sign_in_links import choose_holding
from backend.services.wechat import gateway, image_of_scene
from backend.store import invitations
from backend.store.invitations import Invitation
from backend.store.mongo import Session, transact

# Without what is taken for one another: 0 O Q, 1 I L, 2 Z, 5 S, 6 G, 8 B, U V. 20 characters, 8 of them: 2.6e10 codes.
ALPHABET = "ACDEFHJKMNPRTUWXY347"
LENGTH = 8


async def make(deps: Deps, actor: Actor, person_id: str, wanted: Holding | None) -> InvitationMade:
    """A new code for the person in the wanted role; older codes for the same are good for nothing from now on.

    Raises `NotFound`, `Conflict` and `Forbidden` as for a sign-in link; `Unavailable` where no WeChat is configured.
    """
    gateway(deps)
    code, now = new_code(), deps.clock()
    code_hash = await deps.passwords.lookup_hash(code)
    expires_at = now + timedelta(hours=deps.settings.invitation_hours)

    async def work(transaction: Session) -> Invitation:
        person = await find_visible(deps, actor, person_id, transaction)
        check_power(actor, person)
        if person.wechat is not None:
            raise Conflict("此人已绑定微信；如需换绑，请先解除绑定", code="already_bound")
        holding = choose_holding(person, wanted)
        await invitations.revoke_of_person(deps.db, transaction, person.id, holding, now)
        made = Invitation(deps.new_id(), person.id, holding, actor.person_id, now, expires_at)
        await invitations.insert(deps.db, transaction, made, code_hash)
        after = {"person_id": person.id, "holding": holding.model_dump(mode="json"), "expires_at": expires_at}
        await audit(deps, transaction, actor, "invitation.made", "invitation", made.id, after=after)
        return made

    made = await transact(deps.db, work)
    scene = f"i={code}"
    # Outside the transaction, and no reason to fail: the code can be typed too.
    qr = await image_of_scene(deps, scene)
    return InvitationMade(
        **view_of(made, now).model_dump(exclude={"holding"}),
        holding=holding_view(made.holding),
        code=code,
        scene=scene,
        qr=qr,
    )


async def list_page(deps: Deps, actor: Actor, person_id: str, query: PageQuery) -> Page[InvitationView]:
    """The invitations of a person, newest first, up to a month after they ended. Raises `NotFound`."""
    await find_visible(deps, actor, person_id)
    found, cursor = await invitations.page_of_person(deps.db, person_id, query.limit, query.cursor)
    now = deps.clock()
    return Page[InvitationView](items=[view_of(each, now) for each in found], next_cursor=cursor)


async def revoke(deps: Deps, actor: Actor, person_id: str, invitation_id: str) -> None:
    """Makes an invitation good for nothing. Raises `NotFound`; `Conflict` where it was used or has ended already."""

    async def work(transaction: Session) -> None:
        person = await find_visible(deps, actor, person_id, transaction)
        check_power(actor, person)
        invitation = await invitations.find(deps.db, invitation_id, transaction)
        if invitation is None or invitation.person_id != person.id:
            raise NotFound("没有这个邀请码，请刷新后重试")
        if not await invitations.revoke(deps.db, transaction, invitation_id, deps.clock()):
            raise Conflict("这个邀请码已经用过、作废或过期，不用再作废", code="not_open")
        await audit(deps, transaction, actor, "invitation.revoked", "invitation", invitation_id)

    await transact(deps.db, work)


def new_code() -> str:
    """Eight random characters that can't be taken for one another."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def as_made(typed: str) -> str:
    """The code as it was made, from what a person typed: any case, full-width, with blanks and dashes."""
    return "".join(each for each in unicodedata.normalize("NFKC", typed).upper() if each.isalnum())


def view_of(invitation: Invitation, now: datetime) -> InvitationView:
    """How answers show an invitation."""
    return InvitationView(
        id=invitation.id,
        holding=holding_view(invitation.holding),
        state=_state(invitation, now),
        made_at=invitation.made_at,
        expires_at=invitation.expires_at,
        used_at=invitation.used_at,
    )


def _state(invitation: Invitation, now: datetime) -> InvitationState:
    if invitation.used_at is not None:
        return "used"
    if invitation.revoked_at is not None:
        return "revoked"
    return "open" if now < invitation.expires_at else "expired"
