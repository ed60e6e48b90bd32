"""The handler that all others are: who asks, what they send, what they get, one log line a request."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Any, ClassVar, cast
from urllib.parse import quote

import structlog
from pydantic import TypeAdapter
from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError

from backend.deps import Deps
from backend.errors import AppError, Detail, Internal, Invalid, Malformed, MethodNotAllowed, NotFound
from backend.handlers.address import client_address, limit_key
from backend.handlers.context import Context
from backend.handlers.operation import Media, Operation
from backend.handlers.refusals import RefusingHandler
from backend.handlers.requests import check_headers, has_body, read_body, read_headers, read_query, token_of
from backend.handlers.sink import Sink
from backend.models.attachments import Attachment, Stream
from backend.models.people import Actor
from backend.services.permissions import require
from backend.services.sessions import authenticate

log = structlog.get_logger("request")

# A streamed body may take long on a bad network: what has come of it is not lost.
STREAM_SECONDS = 1800.0

_VERBS = ("get", "post", "put", "patch", "delete")


class Handler(RefusingHandler):
    """One path. Its methods carry `@operation`; within them stand `deps`, `actor`, `body`, `query` and `headers`.

    For a streamed body `open_sink` makes the `sink`, once nothing in the headers refuses the request.
    """

    operations: ClassVar[Mapping[str, Operation]] = {}

    route: str
    context: Context
    deps: Deps
    actor: Actor
    body: Any = None
    query: Any = None
    headers: Any = None
    content_type: str | None = None  # Of a `Media` answer, where it is not the first of those declared.

    def __init_subclass__(cls) -> None:
        """Collects the operations that the methods declare."""
        declared = {verb.upper(): getattr(getattr(cls, verb), "operation", None) for verb in _VERBS}
        cls.operations = {verb: operation for verb, operation in declared.items() if operation is not None}

    def initialize(self, route: str = "") -> None:
        """Tornado's constructor: `route` is the template of the URL table's line."""
        super().initialize()
        self.route = route
        self.context = self.settings["context"]
        self.deps = self.context.deps
        self.operation = self.operations.get("GET" if self.request.method == "HEAD" else self.request.method or "")
        body = self.operation.body if self.operation else None
        self.body_limit = body.limit if isinstance(body, Media) else self.deps.settings.max_body
        self._counted = True
        self.context.traffic.in_flight += 1
        self.context.metrics.in_flight.inc()

    async def prepare(self) -> None:
        """Runs when the headers are there and the body is not: admits the request, or notes why not."""
        structlog.contextvars.bind_contextvars(request_id=self.request_id)
        if self.context.traffic.draining:
            self.set_header("Connection", "close")
        try:
            await self.admit()
        except Exception as error:
            self.refuse(error)

    async def admit(self) -> None:
        """Raises what keeps a request out: too many, no session, a role that may not, a body that isn't accepted."""
        self.context.limits.address.take(limit_key(self.client_address))
        if self.operation is None:
            return
        if self.operation.may is not None:
            self.actor = await authenticate(self.deps, token_of(self.request.headers))
            self.context.limits.person.take(self.actor.person_id)
            require(self.actor, self.operation.may)
        check_headers(self.request.headers, self.operation, self.body_limit)
        self.headers = read_headers(self.request.headers, self.operation)
        if self.operation.streamed and has_body(self.request.headers):
            # What is wrong with the query is said before a byte of the body is taken.
            _, wrong_query = read_query(self.operation, self.request.query)
            _refuse_invalid(wrong_query)
            cast(HTTP1Connection, self.request.connection).set_body_timeout(STREAM_SECONDS)
            self.sink = await self.open_sink()

    async def open_sink(self) -> Sink:
        """Where the streamed body goes; raises what keeps the request out. `path_kwargs` and `headers` are there."""
        raise NotImplementedError

    @property
    def client_address(self) -> str:
        """The address of the client, as far as it can be believed."""
        forwarded_for = self.request.headers.get_list("X-Forwarded-For")
        return client_address(self.request.remote_ip or "", forwarded_for, self.deps.settings.trusted_proxies)

    @property
    def agent(self) -> str | None:
        """What the client says that it is."""
        return self.request.headers.get("User-Agent")

    def admitted(self) -> bool:
        """Raises the refusal, if there is one; False where it has been sent already."""
        if self.refusal_sent:
            return False
        if self.refusal is not None:
            raise self.refusal
        return True

    def read(self) -> Any:
        """Reads query and body into `query` and `body`; gives the body.

        Raises `Malformed`; `Invalid` with everything that is wrong.
        """
        operation = cast(Operation, self.operation)
        self.query, wrong_query = read_query(operation, self.request.query)
        self.body, wrong_body = read_body(operation, bytes(self.received))
        _refuse_invalid(wrong_query + wrong_body)
        return self.body

    def dump(self, answer: Any) -> bytes:
        """An answer of the model that the operation declares, as JSON."""
        return cast(TypeAdapter[Any], cast(Operation, self.operation).answer_adapter).dump_json(answer)

    async def write_answer(self, operation: Operation, answer: Any) -> None:
        """Writes what the method returned, in the form that the operation declares."""
        self.set_status(operation.status)
        if operation.answer_adapter is not None:
            self.set_header("Content-Type", "application/json")
            self.write(answer if operation.in_thread else self.dump(answer))
        elif isinstance(operation.answer, Media):
            self.set_header("Content-Type", self.content_type or operation.answer.types[0])
            if isinstance(answer, Attachment):
                self.save_as(answer.name)
                answer = answer.content
            if isinstance(answer, Stream):
                await self._stream(answer)
            else:
                self.write(answer)

    async def _stream(self, answer: Stream) -> None:
        """Sends the pieces as the client takes them. One that fails ends the connection: it must not look whole."""
        self.save_as(answer.name)
        if self.request.method == "HEAD":
            return
        try:
            async with aclosing(answer.pieces) as pieces:
                async for piece in pieces:
                    self.write(piece)
                    await self.flush()
        except StreamClosedError:
            # Whoever went away misses nothing.
            return
        except Exception:
            cast(HTTP1Connection, self.request.connection).stream.close()
            raise

    def save_as(self, name: str) -> None:
        """Makes the answer a file to save, under a name that may be Chinese."""
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name, safe='')}")

    async def head(self, *args: str, **kwargs: str) -> None:
        """Like GET; Tornado leaves the body out."""
        await self.get(*args, **kwargs)

    async def options(self, *args: str, **kwargs: str) -> None:
        """Says which methods the path takes. There is no CORS: pages of other origins have no business here."""
        if self.refusal is not None and not self.refusal_sent:
            raise self.refusal
        self.set_header("Allow", ", ".join(self.allowed))
        self.set_status(204)

    async def _no_operation(self, *args: str, **kwargs: str) -> None:
        if not self.refusal_sent:
            raise self.refusal or self._method_not_allowed()

    # What isn't declared with `@operation` ends there.
    get: Callable[..., Awaitable[None]] = _no_operation
    post: Callable[..., Awaitable[None]] = _no_operation
    put: Callable[..., Awaitable[None]] = _no_operation
    patch: Callable[..., Awaitable[None]] = _no_operation
    delete: Callable[..., Awaitable[None]] = _no_operation

    @property
    def allowed(self) -> tuple[str, ...]:
        """The methods that the path takes."""
        return (*self.operations, *(("HEAD",) if "GET" in self.operations else ()), "OPTIONS")

    def _method_not_allowed(self) -> AppError:
        return MethodNotAllowed(f"这个地址不支持 {self.request.method} 方法", allowed=self.allowed)

    def compute_etag(self) -> str | None:
        """No ETag: answers are not stored anywhere, so hashing each of them is for nothing."""
        return None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Tornado's hook for every failed request: the one shape."""
        exc_info = kwargs.get("exc_info")
        self.write_app_error(self.app_error(exc_info[1] if exc_info else None))
        self.finish()

    def app_error(self, error: BaseException | None) -> AppError:
        """The error to show: our own, Tornado's few in our shape, 503 for a database that is away, else 500."""
        if isinstance(error, AppError):
            return error
        if isinstance(error, HTTPError) and error.status_code == 405:
            return self._method_not_allowed()
        if isinstance(error, HTTPError) and error.status_code < 500:
            return Malformed("请求无法识别，请检查")
        translated = self.deps.translate_error(error) if isinstance(error, Exception) else None
        advice = f"请稍后再试；若反复出现，请把请求编号 {self.request_id} 告诉系统管理员"
        return translated or Internal(f"服务器出错了，{advice}")

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """What the answer keeps quiet goes into the log: a traceback where the fault is ours."""
        error = self.app_error(value)
        if isinstance(error, Internal):
            log.error("failed", route=self.route, exc_info=value)
        elif error is not value and error.status >= 500:
            log.warning("unavailable", route=self.route, cause=f"{type(value).__name__}: {value}")

    def on_finish(self) -> None:
        """Tornado's hook after every answer: the log line and the metrics, by template, for paths may be personal."""
        self._uncount()
        if self.sink is not None:
            # After an answer that it gave itself there is nothing to do for it.
            self.context.keep(asyncio.create_task(self.sink.abort()))
        method = self.request.method if self.request.method in self.SUPPORTED_METHODS else "OTHER"
        status, seconds = self.get_status(), self.request.request_time()
        self.context.metrics.observe(self.route, method or "", status, seconds)
        log.info(
            "request",
            request_id=self.request_id,
            method=method,
            route=self.route,
            status=status,
            ms=round(seconds * 1000, 1),
            **({"code": self.error_code} if self.error_code else {}),
        )

    def on_connection_close(self) -> None:
        """Tornado's hook for a client that went away before its request was whole or answered."""
        super().on_connection_close()
        if self.sink is None:
            self._uncount()
        else:
            self.context.keep(asyncio.create_task(self._cut(self.sink)))

    async def _cut(self, sink: Sink) -> None:
        """Lets the sink end; until then the request counts as under way, and the service doesn't stop."""
        try:
            await sink.abort()
        finally:
            self._uncount()

    def _uncount(self) -> None:
        if self._counted:
            self._counted = False
            self.context.traffic.in_flight -= 1
            self.context.metrics.in_flight.dec()


def _refuse_invalid(details: list[Detail]) -> None:
    """Raises `Invalid` where there are any."""
    if details:
        raise Invalid("提交的内容有误，请逐条改正", details=details)


class UnknownPath(Handler):
    """Answers where the URL table has no line."""

    async def admit(self) -> None:
        """Counts against the address, and refuses."""
        await super().admit()
        raise NotFound("没有这个地址，请检查网址")
