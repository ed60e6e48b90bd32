"""`python -m backend serve`: starts the service, on the embedded MongoDB where no other is set."""

import argparse
import asyncio
import gc
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from tornado.netutil import bind_sockets

from backend.config_files import ConfigError
from backend.logs import configure_logs
from backend.processes import in_child, supervise
from backend.settings import Settings, SettingsError, load_settings
from backend.store import embedded
from backend.store.errors import StoreError

SUMMARY = "启动服务；没有设置 ZHIPING_MONGODB_URI 时启动内置的 MongoDB"


class StartError(Exception):
    """Why the service can't start, in Chinese."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line; what is left out comes from the environment."""
    parser.add_argument("--host", help="监听的地址（ZHIPING_HOST）")
    parser.add_argument("--port", type=int, help="监听的端口（ZHIPING_PORT）")
    parser.add_argument("--processes", type=int, help="进程数（ZHIPING_PROCESSES）")
    parser.add_argument("--demo", action="store_true", help="启动后填入演示数据（仅第一次），并给出各身份的登录链接")


def run(args: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT; gives 0 after an orderly end, 2 where it can't start."""
    # As `python -m backend` does; `server.serve` looks for garbage again.
    gc.disable()
    try:
        settings = load_settings(**_chosen(args))
        configure_logs(settings.log_level, settings.log_format)
        sockets = listen(settings)
        if settings.processes == 1:
            # The service's code is read while MongoDB starts.
            threading.Thread(target=import_module, args=("backend.server",)).start()
        settings = settings.model_copy(update={"port": sockets[0].getsockname()[1]})
        with database(settings) as mongodb_uri:
            return _serve(settings, mongodb_uri, sockets, demo=args.demo)
    except (SettingsError, ConfigError, StartError, StoreError) as error:
        sys.stderr.write(f"智评没有启动。{error}\n")
        return 2


def _chosen(args: argparse.Namespace) -> dict[str, Any]:
    return {name: value for name in ("host", "port", "processes") if (value := getattr(args, name)) is not None}


def listen(settings: Settings) -> list[socket.socket]:
    """The listening sockets, before anything slow is started; raises `StartError` where the port can't be had."""
    try:
        return bind_sockets(settings.port, settings.host)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise StartError(
            f"不能监听 {where}（{error.strerror or error}）。请停止占用这个端口的程序，或用 ZHIPING_PORT 换一个端口。"
        ) from error


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The address of the database: the one that is set, or else of our own, which runs as long as this lasts."""
    if settings.mongodb_uri is not None:
        yield settings.mongodb_uri.get_secret_value()
        return
    own = embedded.start(settings.mongodb_folder)
    try:
        yield own.uri
    finally:
        own.stop()


@contextmanager
def shared_database(settings: Settings) -> Iterator[str]:
    """The same for a command beside the service: our own, where it runs already, is used as it is."""
    running = None if settings.mongodb_uri else embedded.running(settings.mongodb_folder)
    if running is not None:
        yield running
        return
    with database(settings) as mongodb_uri:
        yield mongodb_uri


def _serve(settings: Settings, mongodb_uri: str, sockets: list[socket.socket], *, demo: bool) -> int:
    if settings.processes == 1:
        return _one(settings, mongodb_uri, sockets, prepare=True, started=lambda: _announce(settings, demo))
    with tempfile.TemporaryDirectory(prefix="zhiping-metrics-") as folder:
        # Prometheus's client looks for it when it is imported, so nothing of the application is imported before.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        if status := in_child(lambda: _prepare(settings, mongodb_uri)):
            return status
        _announce(settings, demo)
        work = lambda: _one(settings, mongodb_uri, sockets, prepare=False)  # noqa: E731
        return supervise(settings.processes, work, _forget_metrics)


def _one(
    settings: Settings,
    mongodb_uri: str,
    sockets: list[socket.socket],
    *,
    prepare: bool,
    started: Callable[[], None] = lambda: None,
) -> int:
    from backend.server import serve

    asyncio.run(serve(settings, mongodb_uri, sockets, prepare=prepare, started=started))
    return 0


def _prepare(settings: Settings, mongodb_uri: str) -> int:
    from backend.deps import build
    from backend.services.preparation import keep_assets, prepare_database

    async def prepare() -> None:
        deps = build(settings, mongodb_uri)
        try:
            await prepare_database(deps, own=settings.mongodb_uri is None)
            await keep_assets(deps)
        finally:
            deps.close()

    try:
        asyncio.run(prepare())
    except (ConfigError, SettingsError, StoreError) as error:
        sys.stderr.write(f"智评没有启动。{error}\n")
        return 2
    return 0


def _announce(settings: Settings, demo: bool) -> None:
    where = "内置 MongoDB" if settings.mongodb_uri is None else "外部 MongoDB"
    sys.stdout.write(f"智评已启动：{settings.base_url}（{where}）。按 Ctrl-C 停止。\n")
    sys.stdout.flush()
    if demo:
        # It talks to the service from outside, like anybody else, while the service goes on.
        environment = os.environ | {"ZHIPING_PORT": str(settings.port), "ZHIPING_HOST": settings.host}
        subprocess.Popen([sys.executable, "-m", "backend", "demo", "--fill"], env=environment)


def _forget_metrics(pid: int) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid)  # type: ignore[no-untyped-call]
