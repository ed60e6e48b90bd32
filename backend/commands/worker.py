"""`python -m backend worker`: delivers messages, without answering requests. Any number may run."""

import argparse
import asyncio
import os
import sys

import structlog

from backend import worker
from backend.commands.serve import shared_database
from backend.config_files import ConfigError
from backend.deps import build
from backend.logs import configure_logs
from backend.processes import stop_on_signals, until_stopped
from backend.services.preparation import prepare_database
from backend.settings import Settings, SettingsError, load_settings
from backend.store.errors import StoreError

SUMMARY = "只投递微信消息，不回答请求；可以同时运行几个"

# Whoever waits for an answer comes before a message that may take a second longer.
_NICENESS = 10

log = structlog.get_logger("worker")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none: settings come from the environment."""


def run(args: argparse.Namespace) -> int:
    """Delivers until SIGTERM or SIGINT; gives 2 where it can't start."""
    try:
        settings = load_settings()
        configure_logs(settings.log_level, settings.log_format)
        os.nice(_NICENESS)
        with shared_database(settings) as mongodb_uri:
            asyncio.run(_deliver(settings, mongodb_uri))
    except (SettingsError, ConfigError, StoreError) as error:
        sys.stderr.write(f"投递没有启动。{error}\n")
        return 2
    return 0


async def _deliver(settings: Settings, mongodb_uri: str) -> None:
    deps = build(settings, mongodb_uri)
    stop = stop_on_signals()
    try:
        await prepare_database(deps, own=settings.mongodb_uri is None)
        log.info("started", pid=os.getpid())
        watch = asyncio.create_task(until_stopped(stop))
        await worker.run(deps, stop)
        await watch
        log.info("stopped", pid=os.getpid())
    finally:
        deps.close()
