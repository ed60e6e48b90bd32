"""Refusing a request while its body still arrives, in the one shape of an error.

A request is refused as early as can be, and yet its body is read to its end (within bounds) before the connection is
let go: a server that closes on a client that still sends makes it see a broken connection instead of the reason.

A body is collected, or poured into a sink as it arrives.
"""

import json
import random
from collections.abc import Awaitable
from types import TracebackType
from typing import cast

from tornado.http1connection import HTTP1Connection
from tornado.web import RequestHandler, stream_request_body

from backend.errors import AppError
from backend.handlers.requests import has_body, too_large
from backend.handlers.sink import Sink

# So much of a body that is refused anyway is read and thrown away; then the connection is closed.
DRAIN_LIMIT = 16 * 1024 * 1024

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


@stream_request_body
class RefusingHandler(RequestHandler):
    """Collects the body up to `body_limit` bytes, or pours it into the `sink`.

    `refuse` may be called at any time before the method runs.
    """

    request_id = ""
    error_code: str | None = None
    body_limit: int
    sink: Sink | None = None
    refusal: Exception | None = None
    refusal_sent = False
    _drained = 0

    def set_default_headers(self) -> None:
        """Tornado calls it before `initialize`, and again whenever an error clears the headers."""
        self.request_id = self.request_id or f"{random.getrandbits(64):016x}"
        self.clear_header("Server")
        self.set_header("X-Request-Id", self.request_id)
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)

    def app_error(self, error: BaseException | None) -> AppError:
        """The error to show for any exception."""
        raise NotImplementedError

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Tornado's hook for every exception that a request ends with."""
        raise NotImplementedError

    def refuse(self, error: Exception) -> None:
        """Notes the refusal; the answer follows the body. Where the body's end is far, it is sent at once."""
        self.refusal = error
        self.received.clear()
        far = self.body_limit > DRAIN_LIMIT and has_body(self.request.headers)
        if far or (isinstance(error, AppError) and error.status == 413):
            self._send_refusal()

    def initialize(self) -> None:
        """Tornado's constructor."""
        self.received = bytearray()

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """A piece of the body: kept while the request may succeed, else counted and thrown away."""
        if self.refusal is None and self.sink is not None:
            return self._pour(self.sink, chunk)
        if self.refusal is None and len(self.received) + len(chunk) <= self.body_limit:
            self.received += chunk
            return None
        self._drained += len(chunk)
        if self.refusal is None:
            self.refuse(too_large(self.body_limit))
        elif self._drained > self.body_limit and not self.refusal_sent:
            self._send_refusal()
        if self._drained > DRAIN_LIMIT:
            cast(HTTP1Connection, self.request.connection).stream.close()
        return None

    async def _pour(self, sink: Sink, chunk: bytes) -> None:
        try:
            await sink.write(chunk)
        except Exception as error:
            # Whoever reads the refusal may rely on what it leaves behind.
            await sink.abort()
            self.refuse(error)

    def _send_refusal(self) -> None:
        """Sends the whole answer while the body arrives; when all of it is there, the request ends."""
        self.refusal_sent = True
        if self.refusal is not None:
            self.log_exception(type(self.refusal), self.refusal, self.refusal.__traceback__)
        self.write_app_error(self.app_error(self.refusal))
        self.set_header("Connection", "close")
        self.flush()

    def write_app_error(self, error: AppError) -> None:
        """Writes status, headers and body of an error."""
        self.error_code = error.code
        body = json.dumps(error.to_json(), ensure_ascii=False).encode()
        self.set_status(error.status)
        for name, value in error.headers.items():
            self.set_header(name, value)
        self.set_header("Content-Type", "application/json")
        self.set_header("Content-Length", str(len(body)))
        self.write(body)
