"""`python -m backend fsck`: reads all evidence, and says what of it is missing, left over or altered.

It changes nothing, and the service may run meanwhile. The exit status is 0 where all is well, 1 where something is not,
2 where it can't be told.
"""

import argparse
import asyncio
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backend.commands.serve import database
from backend.config_files import ConfigError
from backend.deps import Deps, build
from backend.services.fsck import TEXTS, check
from backend.settings import SettingsError, load_settings
from backend.store import embedded
from backend.store.errors import StoreError
from backend.store.fsck import count_blobs
from backend.store.opening import unusable

SUMMARY = "核对佐证：缺少的、多余的、被改动的文件；只读，服务运行时也可执行"
_KINDS = {
    "evidence_without_bytes": "有记录无内容",
    "bytes_without_evidence": "有内容无记录",
    "wrong_hash": "内容被改动",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(args: argparse.Namespace) -> int:
    """Prints what is wrong, a line each; gives the exit status."""
    try:
        settings = load_settings()
        running = None if settings.mongodb_uri else embedded.running(settings.mongodb_folder)
        if running is not None:
            return asyncio.run(_check(build(settings, running)))
        with database(settings) as mongodb_uri:
            return asyncio.run(_check(build(settings, mongodb_uri)))
    except (SettingsError, ConfigError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


async def _check(deps: Deps) -> int:
    try:
        return await print_findings(deps)
    except Exception as error:
        raise unusable(error) or error from None
    finally:
        deps.close()


async def print_findings(deps: Deps) -> int:
    columns = (TextColumn("核对佐证"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    count = 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=await count_blobs(deps.db))
        async for finding in check(deps, lambda done: progress.update(task, completed=done)):
            count += 1
            sys.stdout.write(f"{_KINDS[finding.kind]}\t{finding.where}\t{finding.id}\t{TEXTS[finding.how]}\n")
            sys.stdout.flush()
    sys.stdout.write(f"发现 {count} 处问题。\n" if count else "没有发现问题。\n")
    return 1 if count else 0
