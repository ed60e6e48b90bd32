"""`python -m backend migrate`: brings a database of any older version up to date, and builds its indexes.

Idempotent and resumable: killed, it goes on where it stopped; run again, it changes nothing. The service itself
migrates its embedded database when it starts; a database that somebody else keeps waits for this command.
"""

import argparse
import asyncio
import sys

from backend.commands.serve import database
from backend.settings import Settings, SettingsError, load_settings
from backend.store import embedded
from backend.store.errors import StoreError
from backend.store.migrations import Report, migrate
from backend.store.mongo import close
from backend.store.opening import open_database, unusable

SUMMARY = "把数据库升级到本程序的版本并建立索引；可以反复执行"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options: the settings name the database."""


def run(args: argparse.Namespace) -> int:
    """Migrates and says what was done; 2 where it can't be."""
    try:
        settings = load_settings()
        report = _migrate(settings)
    except (SettingsError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    indexes = "、".join(report.indexes) or "无"
    sys.stdout.write(
        f"数据库版本 {report.before} → {report.after}；升级了 {report.documents} 条记录；新建的索引：{indexes}。\n"
    )
    return 0


def _migrate(settings: Settings) -> Report:
    running = None if settings.mongodb_uri else embedded.running(settings.mongodb_folder)
    if running is not None:
        return asyncio.run(_report(settings, running))
    with database(settings) as mongodb_uri:
        return asyncio.run(_report(settings, mongodb_uri))


async def _report(settings: Settings, mongodb_uri: str) -> Report:
    db = open_database(mongodb_uri, settings.database)
    try:
        return await migrate(db)
    except Exception as error:
        raise unusable(error) or error from None
    finally:
        close(db)
