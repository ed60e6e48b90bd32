"""What WeChat pushes: accepts and refusals of messages, what became of a message, what a picture was found to be.

Each event is dealt with at least once, and every effect is harmless when repeated; what was dealt with is noted, and a
push that comes again stops there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from backend.deps import Deps
from backend.errors import Forbidden
from backend.gateways import wechat_push
from backend.gateways.wechat_events import Event, event_of
from backend.gateways.wechat_push import PushKeys, PushRefusedError, Signed
from backend.models.wechat import PushQuery
from backend.services import media_checks, sent_events
from backend.services.accepts import ACCEPT, templates
from backend.services.wechat import not_configured
from backend.store import quotas, wechat_pushes
from backend.store.quotas import PUSH

log = structlog.get_logger("wechat")


async def verify(deps: Deps, query: PushQuery) -> str:
    """The answer to WeChat's question whether the address is ours; raises `Forbidden` where it isn't WeChat's."""
    try:
        wechat_push.check(_keys(deps), _signed(query), deps.clock())
    except PushRefusedError as error:
        raise refused(error) from None
    return query.echostr


async def take(deps: Deps, query: PushQuery, body: bytes) -> None:
    """Deals with a push. Raises `Forbidden` for what isn't WeChat's; what is WeChat's and of no use is let pass."""
    keys, signed, now = _keys(deps), _signed(query), deps.clock()
    try:
        # In a thread, for the first one imports wechatpy; the loop's own pool is bounded and otherwise idle.
        push = await asyncio.to_thread(wechat_push.read, keys, signed, body, now)
    except PushRefusedError as error:
        raise refused(error) from None
    event = event_of(push, now)
    if event is None or event.name not in _EVENTS or await wechat_pushes.is_known(deps.db, event.key):
        return
    await _EVENTS[event.name](deps, event)
    await wechat_pushes.note(deps.db, event.key, now)


def refused(error: PushRefusedError) -> Forbidden:
    """The refusal of a push; its code says why."""
    return Forbidden("不是微信服务器的推送，或签名不对、已过时", code=f"push_{error.reason}")


def _keys(deps: Deps) -> PushKeys:
    settings = deps.settings
    if settings.wechat_app_id is None or settings.wechat_push_token is None:
        raise not_configured()
    aes_key = settings.wechat_aes_key
    return PushKeys(
        settings.wechat_app_id,
        settings.wechat_push_token.get_secret_value(),
        aes_key.get_secret_value() if aes_key is not None else None,
    )


def _signed(query: PushQuery) -> Signed:
    return Signed(query.timestamp, query.nonce, query.signature, query.msg_signature, query.encrypt_type)


async def _popup(deps: Deps, event: Event) -> None:
    """The user chose in a pop-up: the same that the mini-program reports."""
    known = templates(deps)
    for number, row in enumerate(event.rows):
        if row.get("SubscribeStatusString") == ACCEPT and row.get("TemplateId") in known:
            report_id = f"{PUSH}:{event.key}:{number}"
            await quotas.add(deps.db, event.openid, row["TemplateId"], report_id=report_id, source=PUSH, at=event.at)


async def _changed(deps: Deps, event: Event) -> None:
    """The user switched templates off in the settings."""
    known = templates(deps)
    for row in event.rows:
        if row.get("SubscribeStatusString") == "reject" and row.get("TemplateId") in known:
            await quotas.reject(deps.db, event.openid, row["TemplateId"], event.at)


async def _sent(deps: Deps, event: Event) -> None:
    """What became of messages, by WeChat's own word."""
    for row in event.rows:
        await sent_events.note(
            deps,
            openid=event.openid,
            template_id=row.get("TemplateId", ""),
            msg_id=row.get("MsgID", ""),
            error_code=row.get("ErrorCode", ""),
            at=event.at,
        )


_EVENTS: Mapping[str, Callable[[Deps, Event], Awaitable[None]]] = {
    "subscribe_msg_popup_event": _popup,
    "subscribe_msg_change_event": _changed,
    "subscribe_msg_sent_event": _sent,
    "wxa_media_check": media_checks.note,
}
