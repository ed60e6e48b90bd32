"""What the stub is told to do otherwise: an errcode, an HTTP status, HTML, a delay, silence."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# The endpoints, by the names that rules and the log of calls use.
ENDPOINTS = {
    "/sns/jscode2session": "login",
    "/cgi-bin/stable_token": "token",
    "/wxa/business/getuserphonenumber": "phone",
    "/cgi-bin/message/subscribe/send": "send",
    "/wxa/msg_sec_check": "text",
    "/wxa/media_check_async": "media",
    "/wxa/getwxacodeunlimit": "code",
}

MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40163: "code been used",
    40226: "code blocked",
    41030: "invalid page",
    42001: "access_token expired",
    43101: "user refuse to accept the msg",
    43108: "concurrent send to one openid",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    47003: "argument invalid! data.{field}.value invalid",
    61010: "code is expired",
}


@dataclass(slots=True)
class Rule:
    """What becomes of the next `times` calls of an endpoint (all of them, where it is None).

    One of `errcode`, `status` (HTTP), `html`, `hang` (no answer until the stub stops), `cut` (the connection breaks).
    `delay` seconds pass before. `after`: it is done nevertheless, and only the answer differs.
    """

    endpoint: str
    errcode: int | None = None
    status: int | None = None
    html: bool = False
    hang: bool = False
    cut: bool = False
    drip: bool = False
    delay: float = 0
    after: bool = False
    times: int | None = 1
    field: str = "thing1"
    only: Callable[[dict[str, Any]], bool] | None = None

    @property
    def fails(self) -> bool:
        """Whether the answer is another than it would be."""
        return self.errcode is not None or self.status is not None or self.html or self.hang or self.cut or self.drip


@dataclass(slots=True)
class Gate:
    """Holds calls at a place until it is opened: `arrived` tells that one has come."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def pass_through(self) -> None:
        """Waits until the gate is open."""
        self.arrived.set()
        await self.opened.wait()


def body_of(errcode: int, field: str = "thing1") -> dict[str, Any]:
    """WeChat's body of an error."""
    return {"errcode": errcode, "errmsg": MESSAGES.get(errcode, "error").format(field=field) + " rid: 6263-stub"}
