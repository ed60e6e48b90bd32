"""Messages that people accept: what the mini-program reports of `wx.requestSubscribeMessage`, counted once each.

WeChat's push reports the same accepts (`wechat_pushes`); `store.quotas` states the rule that tells them apart.
"""

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
    """Counts the accepts, each once however often it comes; what was refused changes nothing. Gives all quotas.

    Raises `Conflict` where the person is bound to no WeChat user, `Unavailable` where no WeChat is configured.
    """
    gateway(deps)
    openid, now = await _openid(deps, actor), deps.clock()
    for accept in body.accepts:
        if accept.result.startswith(ACCEPT):
            # By the server's clock, and never later than now, whatever the phone's says.
            at = min(now, now - (body.device_now - accept.at))
            await quotas.add(deps.db, openid, accept.template_id, report_id=f"{APP}:{accept.id}", source=APP, at=at)
    return await _quotas(deps, openid)


async def read(deps: Deps, actor: Actor) -> Quotas:
    """The quotas of the person's WeChat user: what the mini-program need not ask for again."""
    return await _quotas(deps, await _openid(deps, actor))


async def _quotas(deps: Deps, openid: str) -> Quotas:
    counts = await quotas.counts(deps.db, openid)
    return Quotas(quotas=[Quota(template_id=template, left=left) for template, left in sorted(counts.items())])


async def _openid(deps: Deps, actor: Actor) -> str:
    person = await people.find(deps.db, actor.person_id)
    if person is None or person.wechat is None:
        raise Conflict("您还没有绑定微信，请先在小程序里绑定", code="not_bound")
    return person.wechat.openid
