"""Refusing a request while its body still arrives, in the one shape of an error.

A request is refused as early as can be, and yet its body is read to its end (within bounds) before the connection is
let go: a server that closes on a client that still sends makes it see a broken connection instead of the reason.
"""

import json
import secrets
from typing import cast

from tornado.http1connection import HTTP1Connection
from tornado.web import RequestHandler, stream_request_body

from backend.errors import AppError
from backend.handlers.requests import too_large

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
    """Collects the body up to `body_limit` bytes. `refuse` may be called at any time before the method runs."""

    request_id = ""
    error_code: str | None = None
    body_limit: int
    refusal: Exception | None = None
    refusal_sent = False
    _drained = 0

    def set_default_headers(self) -> None:
        """Tornado calls it before `initialize`, and again whenever an error clears the headers."""
        self.request_id = self.request_id or secrets.token_hex(8)
        self.clear_header("Server")
        self.set_header("X-Request-Id", self.request_id)
        for name, value in SECURITY_HEADERS.items():
            self.set_header(name, value)

    def app_error(self, error: BaseException | None) -> AppError:
        """The error to show for any exception."""
        raise NotImplementedError

    def refuse(self, error: Exception) -> None:
        """Notes the refusal; the answer follows the body. One for the body's size is sent at once: its end is far."""
        self.refusal = error
        self.received.clear()
        if isinstance(error, AppError) and error.status == 413:
            self._send_refusal()

    def initialize(self) -> None:
        """Tornado's constructor."""
        self.received = bytearray()

    def data_received(self, chunk: bytes) -> None:
        """A piece of the body: kept while the request may succeed, else counted and thrown away."""
        if self.refusal is None and len(self.received) + len(chunk) <= self.body_limit:
            self.received += chunk
            return
        self._drained += len(chunk)
        if self.refusal is None:
            self.refuse(too_large(self.body_limit))
        elif self._drained > self.body_limit and not self.refusal_sent:
            self._send_refusal()
        if self._drained > DRAIN_LIMIT:
            cast(HTTP1Connection, self.request.connection).stream.close()

    def _send_refusal(self) -> None:
        """Sends the whole answer while the body arrives; when all of it is there, the request ends."""
        self.refusal_sent = True
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
