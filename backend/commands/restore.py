"""`python -m backend restore FILE`: a backup into an empty database, and a look at every byte of evidence afterwards.

Nothing is written before the whole file was read and found to be as it was made. Killed half-way, it is begun again;
until it has come to its end no service takes the database. `--check` only reads the file. Exit status 0: restored, and
all is well; 1: restored, but `fsck` finds what it names, as there was in the backup; 2: not restored.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from backend.commands.fsck import print_findings
from backend.commands.serve import shared_database
from backend.config_files import ConfigError
from backend.deps import Deps, build
from backend.settings import SettingsError, load_settings
from backend.store import restore
from backend.store.errors import StoreError
from backend.store.migrations import bring_up
from backend.store.opening import unusable

SUMMARY = "把备份恢复到空的数据库，并核对全部佐证；--check 只校验备份文件"
_COLUMNS = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line: the file."""
    parser.add_argument("file", type=Path, help="备份文件")
    parser.add_argument("--check", action="store_true", help="只校验文件是否完好，不恢复")


def run(args: argparse.Namespace) -> int:
    """Says what the backup is, restores it, and says what `fsck` finds."""
    try:
        settings = load_settings()
        with _progress("校验备份", args.file) as done:
            header = restore.verify(args.file, done)
        sys.stdout.write(f"备份完好：数据库 {header.database}，备份于 {header.made_at.isoformat()}。\n")
        if args.check:
            return 0
        with shared_database(settings) as mongodb_uri:
            return asyncio.run(_restore(build(settings, mongodb_uri), header, args.file))
    except (SettingsError, ConfigError, StoreError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"无法读取 {args.file}：{error.strerror}。请检查路径和权限。\n")
        return 2


@contextmanager
def _progress(what: str, path: Path) -> Iterator[Callable[[int], None]]:
    with Progress(*_COLUMNS, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=path.stat().st_size)
        yield lambda count: progress.update(task, completed=count)


async def _restore(deps: Deps, header: restore.Header, path: Path) -> int:
    try:
        await restore.refuse_unsuitable(deps.db, header)
        with _progress("恢复", path) as done:
            counts = await restore.load(deps.db, path, done)
        await bring_up(deps.db)
        await restore.finish(deps.db)
        sys.stdout.write(f"已恢复 {sum(counts.values())} 条记录到数据库 {deps.db.name}。\n")
        return await print_findings(deps)
    except Exception as error:
        raise unusable(error) or error from None
    finally:
        deps.close()
