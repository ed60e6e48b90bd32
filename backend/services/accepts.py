"""Messages that people accept: what the mini-program reports of `wx.requestSubscribeMessage`, counted once each.

WeChat's push reports the same accepts (`wechat_pushes`); `store.quotas` states the rule that tells them apart.
"""

from collections.abc import Mapping

from backend.deps import Deps
from backend.errors import Conflict
from backend.models.people import Actor
from backend.models.wechat import Accepts, Quota, Quotas
from backend.services.wechat import gateway
from backend.store import people, quotas
from backend.store.quotas import APP

# What `wx.requestSubscribeMessage` calls a yes; the longer ones (acceptWithAudio …) say how the message is to sound.
ACCEPT = "accept"


async def report(deps: Deps, actor: Actor, body: Accepts) -> Quotas:
    """Counts the accepts, each once however often it comes; what was refused, and templates that are not in use (any
    more), change nothing. Gives all quotas.

    Raises `Conflict` where the person is bound to no WeChat user, `Unavailable` where no WeChat is configured.
    """
    gateway(deps)
    openid, now, known = await _openid(deps, actor), deps.clock(), templates(deps)
    for accept in body.accepts:
        if accept.result.startswith(ACCEPT) and accept.template_id in known:
            # By the server's clock, and never later than now, whatever the phone's says.
            at = min(now, now - (body.device_now - accept.at))
            await quotas.add(deps.db, openid, accept.template_id, report_id=f"{APP}:{accept.id}", source=APP, at=at)
    return await _quotas(deps, openid)


async def read(deps: Deps, actor: Actor) -> Quotas:
    """The quotas of the person's WeChat user: what the mini-program need not ask for again."""
    return await _quotas(deps, await _openid(deps, actor))


def templates(deps: Deps) -> Mapping[str, list[str]]:
    """The templates whose messages need an accept each, with the events that they tell of."""
    events: dict[str, list[str]] = {}
    for event, notice in deps.notices.items():
        if notice.template is not None and not notice.long_term:
            events.setdefault(notice.template, []).append(event)
    return events


async def _quotas(deps: Deps, openid: str) -> Quotas:
    counts = await quotas.counts(deps.db, openid)
    known = templates(deps).items()
    return Quotas(quotas=[Quota(template_id=id_, events=events, left=counts.get(id_, 0)) for id_, events in known])


async def _openid(deps: Deps, actor: Actor) -> str:
    person = await people.find(deps.db, actor.person_id)
    if person is None or person.wechat is None:
        raise Conflict("您还没有绑定微信，请先在小程序里绑定", code="not_bound")
    return person.wechat.openid
