"""The WebSocket on which phones hear of their team, and the tickets that open it.

The client sends one message, `{"ticket": …}`; from then on it only listens (`backend.models.live`). Close codes: 1012
the service restarts; 4400 no such message; 4401 the ticket or the session is not good, or no longer; 4408 no ticket
came in time; 4429 too many sockets of one person; 1013 the client reads too slowly. After all of them but 4400 the
client may come again with a new ticket.
"""

import asyncio
from typing import Any

import structlog
from pydantic import ValidationError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from backend.errors import AppError, Forbidden, Malformed, Unavailable
from backend.handlers.base import Handler
from backend.handlers.operation import Operation, operation
from backend.handlers.routing import Route
from backend.models.live import LiveHello, LiveMessage, LiveTicket
from backend.services import live_tickets
from backend.services.live import SIGN_IN_AGAIN, Listener
from backend.strict_json import parse_json

log = structlog.get_logger("live")

TOO_SLOW, MALFORMED, TOO_LATE, TOO_MANY = 1013, 4400, 4408, 4429
PING_SECONDS = 20

_TICKET_SECONDS = 10
_MOST_BYTES_IN = 4096
# What may wait for a client that does not read; more than the largest snapshot.
_MOST_BYTES_WAITING = 512 * 1024
_MOST_OF_A_PERSON = 10


class LiveTickets(Handler):
    """/api/live-tickets"""

    @operation("live.connect", id="live_ticket.make", answer=LiveTicket, status=201)
    async def post(self) -> LiveTicket:
        """Get a ticket for the WebSocket /api/live: good once, for half a minute."""
        return await live_tickets.make(self.deps, self.actor)


class Live(Handler, WebSocketHandler):
    """/api/live"""

    listener: Listener | None = None
    deadline: asyncio.TimerHandle | None = None
    greeted = False
    _waiting = 0
    _code: int | None = None

    @operation(id="live.connect", answer=LiveMessage, status=101, errors=(Forbidden,))
    async def get(self, /, *args: str, **kwargs: str) -> None:  # type: ignore[override] # all of ours are Awaitable
        """Hear how far the team is and where visits stand, over a WebSocket."""
        await WebSocketHandler.get(self)

    async def admit(self) -> None:
        """Raises what is no WebSocket, and what comes from another site's page."""
        await super().admit()
        headers = self.request.headers
        connection = [each.strip().lower() for each in headers.get("Connection", "").split(",")]
        version = headers.get("Sec-WebSocket-Version", "")
        if headers.get("Upgrade", "").lower() != "websocket" or "upgrade" not in connection or version != "13":
            raise Malformed("这个地址只接受 WebSocket 连接", code="websocket_expected")
        if self._check_cross_origin(self.check_origin) is not None:
            raise Forbidden("只接受来自本站页面的连接", code="wrong_origin")
        if self.context.traffic.draining:
            raise Unavailable("服务正在重启，请稍后重试", code="stopping", retry_after=5)

    def check_origin(self, origin: str) -> bool:
        """Tornado's hook for a page whose host is not the one in the request: behind a proxy, ours may be such."""
        return origin.rstrip("/") == self.deps.settings.base_url

    @property
    def max_message_size(self) -> int:
        """A client has next to nothing to say."""
        return _MOST_BYTES_IN

    async def write_answer(self, operation: Operation, answer: Any) -> None:
        """Nothing: the connection has become a WebSocket."""

    def open(self, *args: str, **kwargs: str) -> None:
        """The socket is open; a ticket has to come soon."""
        self.context.live.sockets.add(self)
        self.context.metrics.sockets.inc()
        self.set_nodelay(True)
        loop = asyncio.get_running_loop()
        self.deadline = loop.call_later(_TICKET_SECONDS, lambda: self.close(TOO_LATE, "没有收到凭据"))

    async def on_message(self, message: str | bytes) -> None:
        """The ticket; whatever else comes ends the connection."""
        if self.greeted or self.deadline is None:
            self.close(MALFORMED, "不接受其他消息")
            return
        self.greeted = True
        self.deadline.cancel()
        try:
            hello = LiveHello.model_validate(parse_json(message.encode() if isinstance(message, str) else message))
        except (ValidationError, AppError):
            self.close(MALFORMED, "凭据的格式不对")
            return
        await self._greet(hello.ticket)

    async def _greet(self, ticket: str) -> None:
        hub = self.context.live
        try:
            actor = await live_tickets.redeem(self.deps, ticket)
            if actor is None:
                self.close(SIGN_IN_AGAIN, "凭据无效或已过期")
            elif sum(each.actor.person_id == actor.person_id for each in hub.listeners) >= _MOST_OF_A_PERSON:
                self.close(TOO_MANY, "同时打开的页面太多")
            else:
                self.listener = await hub.join(self, actor)
        except Exception as error:
            self.log_exception(type(error), error, error.__traceback__)
            self.close(1011, "服务暂时不可用，请稍后重新连接")
        if self.ws_connection is None and self.listener is not None:
            # It closed while it was told everything.
            hub.leave(self.listener)

    def send(self, message: bytes) -> None:
        """Sends a text message; a client that leaves too much of them unread is dropped."""
        if self.ws_connection is None or self.ws_connection.is_closing():
            return
        if self._waiting + len(message) > _MOST_BYTES_WAITING:
            log.info("live_too_slow", request_id=self.request_id)
            self.close(TOO_SLOW, "网络太慢，请稍后重新连接")
            return
        self._waiting += len(message)
        try:
            sent = asyncio.ensure_future(self.write_message(message))
        except WebSocketClosedError:
            return
        sent.add_done_callback(lambda done: self._sent(done, len(message)))

    def _sent(self, done: "asyncio.Future[None]", size: int) -> None:
        self._waiting -= size
        if not done.cancelled():
            # That the client has gone meanwhile, `on_close` hears too.
            done.exception()

    def close(self, code: int | None = None, reason: str | None = None) -> None:
        """Closes the socket; what still waits for a slow client is let go after five seconds."""
        self._code = code
        super().close(code, reason)

    def on_close(self) -> None:
        """The socket is closed, by whichever side."""
        if self.deadline is not None:
            self.deadline.cancel()
        if self.listener is not None:
            self.context.live.leave(self.listener)
        if self in self.context.live.sockets:
            self.context.live.sockets.discard(self)
            self.context.metrics.sockets.dec()
            log.info("live_closed", request_id=self.request_id, code=self._code or self.close_code)


ROUTES: tuple[Route, ...] = (Route("/api/live-tickets", LiveTickets), Route("/api/live", Live))
