"""The WeChat gateway for the use cases, and what its answers mean for the person who waits for theirs."""

from base64 import b64encode
from typing import TypeVar

import structlog

from backend.deps import Deps
from backend.errors import AppError, Forbidden, TooManyRequests, Unauthorised, Unavailable
from backend.gateways.wechat import WeChat
from backend.gateways.wechat_answers import Answer, Done, Failed, Fault, Misconfigured, Refusal, Refused

log = structlog.get_logger("wechat")

# The page of the mini-program where an invitation is redeemed.
BINDING_PAGE = "pages/bind/index"
_MINUTE = 60

_T = TypeVar("_T")


def gateway(deps: Deps) -> WeChat:
    """The gateway; raises `Unavailable` where no mini-program is configured."""
    if deps.wechat is None:
        raise not_configured()
    return deps.wechat


def not_configured() -> Unavailable:
    """The answer of everything that is WeChat's where no mini-program is configured: all else works."""
    message = "没有配置微信小程序，请用登录链接登录；如需使用微信，请联系系统管理员配置"
    return Unavailable(message, code="wechat_not_configured", retry_after=3600)


def done(answer: Answer[_T]) -> _T:
    """What came of a call that a person waits for; raises what to tell them where nothing did."""
    if isinstance(answer, Done):
        return answer.value
    raise _error(answer)


def _error(failed: Failed) -> AppError:
    match failed:
        case Refused(reason=Refusal.BAD_CODE):
            return Unauthorised("微信的凭证已经用过或已过期，请返回后重新进入", code="wechat_code_spent")
        case Refused(reason=Refusal.BLOCKED):
            return Forbidden(
                "微信认为这个账号有风险，不能用它登录，请换一个微信，或联系市教育局", code="wechat_blocked"
            )
        case Misconfigured():
            log.error("misconfigured", reason=failed.reason.value, errcode=failed.errcode)
            return Unavailable(
                "微信小程序的配置有误，请联系系统管理员", code="wechat_misconfigured", retry_after=_MINUTE
            )
        case _ if failed.reason is Fault.TOO_OFTEN:
            return TooManyRequests("操作太频繁，请一分钟后再试", code="wechat_too_often", retry_after=_MINUTE)
        case _:
            log.warning("failed", reason=failed.reason.value)
            return Unavailable("微信暂时没有应答，请稍后再试", code="wechat_unavailable", retry_after=5)


async def image_of_scene(deps: Deps, scene: str) -> str | None:
    """The mini-program code (小程序码) that opens the binding page with the scene, in a data: address; None where
    WeChat makes none now."""
    answer = await gateway(deps).mini_program_code(scene, BINDING_PAGE)
    if not isinstance(answer, Done):
        log.warning("no mini-program code", reason=answer.reason.value)
        return None
    kind = "png" if answer.value.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{b64encode(answer.value).decode()}"
