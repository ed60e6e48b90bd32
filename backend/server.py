"""One process of the service, from an open socket to the last answer."""

import asyncio
import gc
import os
import socket
import ssl
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog
from tornado.httpserver import HTTPServer

from backend import worker
from backend.app import context_of, make_app, make_server
from backend.deps import Deps, build
from backend.handlers.context import Context
from backend.processes import stop_on_signals, until_stopped
from backend.services import photo_checks, upload_sweep
from backend.services.preparation import keep_assets, prepare_database
from backend.settings import Settings, SettingsError

GRACE_SECONDS = 30.0
# How long a thread may keep the interpreter's lock when the event loop, which gives it away with every read and write
# of a socket, wants it back. Python's own 5 ms add up where several answers go out at once.
SWITCH_SECONDS = 0.0005

# What each process does beside answering. A loop ends by itself, and what it began, once the event is set.
Loop = Callable[[Deps, asyncio.Event], Coroutine[Any, Any, None]]
LOOPS: tuple[Loop, ...] = (photo_checks.run, upload_sweep.run, worker.run)

log = structlog.get_logger("server")


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """What HTTPS is spoken with; None for plain HTTP. Raises `SettingsError` for files that can't be used."""
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError([f"  ZHIPING_TLS_CERTIFICATE、ZHIPING_TLS_KEY 不能使用（{error}），请检查文件"]) from None
    return context


async def serve(
    settings: Settings,
    mongodb_uri: str,
    sockets: Sequence[socket.socket],
    *,
    prepare: bool,
    started: Callable[[], None] = lambda: None,
) -> None:
    """Answers on the sockets until SIGTERM, SIGINT, or the end of the parent process; then finishes what it began."""
    sys.setswitchinterval(SWITCH_SECONDS)
    deps = build(settings, mongodb_uri)
    stop = stop_on_signals()
    try:
        if prepare:
            await prepare_database(deps, own=settings.mongodb_uri is None)
            await keep_assets(deps)
        app = make_app(deps)
        server = make_server(app, tls_of(settings))
        server.add_sockets(sockets)
        # What is there now stays. Looking at it in every full collection would stop the loop for a tenth of a second.
        gc.freeze()
        gc.enable()
        log.info("started", port=settings.port, pid=os.getpid())
        started()
        chosen = [loop for loop in LOOPS if loop is not worker.run or settings.worker]
        loops = [asyncio.create_task(loop(deps, stop)) for loop in chosen]
        await until_stopped(stop)
        await drain(server, context_of(app))
        await end(loops)
        log.info("stopped", pid=os.getpid())
    finally:
        deps.close()


async def end(loops: Sequence[asyncio.Task[None]], grace: float = GRACE_SECONDS) -> None:
    """Gives the loops `grace` seconds to end, and cuts them off then. One that failed is logged."""
    _, going_on = await asyncio.wait(loops, timeout=grace)
    for loop in going_on:
        loop.cancel()
    for result in await asyncio.gather(*loops, return_exceptions=True):
        if isinstance(result, Exception):
            log.error("loop_failed", exc_info=result)


async def drain(server: HTTPServer, context: Context, grace: float = GRACE_SECONDS) -> None:
    """Stops accepting, tells WebSockets at once to come again, gives the requests under way `grace` seconds to end, and
    closes all connections."""
    server.stop()
    traffic = context.traffic
    traffic.draining = True
    goodbye = asyncio.create_task(context.live.close())
    now = asyncio.get_running_loop().time
    deadline = now() + grace
    while traffic.in_flight and now() < deadline:  # noqa: ASYNC110 - a counter costs a request less than an event
        await asyncio.sleep(0.02)
    if traffic.in_flight:
        log.warning("cut_off", requests=traffic.in_flight)
    await goodbye
    await server.close_all_connections()
