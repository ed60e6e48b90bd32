"""`python -m backend backup FILE`: the whole database in one file, with all evidence, while the service goes on.

The file is complete or not there at all: it gets its name once it is written and on the disk. `-` writes to standard
output, for a program that encrypts or sends it away. Exit status 0: complete; 1: complete, but bytes of evidence are
not what their records say, as in the database itself; 2: no backup was made.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

from backend.commands.serve import shared_database
from backend.deps import utc_now
from backend.settings import SettingsError, load_settings
from backend.store.backup import Report, dump
from backend.store.errors import StoreError
from backend.store.mongo import Database, close
from backend.store.opening import open_database, unusable

SUMMARY = "备份整个数据库（含佐证的原件）到一个文件；服务运行时也可执行"
_COLUMNS = (TextColumn("备份 {task.completed:,.0f} 字节"), TransferSpeedColumn(), TimeElapsedColumn())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command line: the file."""
    parser.add_argument("file", type=Path, help="写到哪个文件，不能已存在；- 为标准输出")


def run(args: argparse.Namespace) -> int:
    """Writes the backup and says what is in it."""
    try:
        settings = load_settings()
        with _target(args.file) as file, shared_database(settings) as mongodb_uri:
            report = asyncio.run(_write(open_database(mongodb_uri, settings.database), file))
    except (SettingsError, StoreError) as error:
        sys.stderr.write(f"没有备份。{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"没有备份：不能写 {args.file}（{error.strerror}）。请检查路径、权限和磁盘空间。\n")
        return 2
    return _say(report, sys.stderr if args.file == Path("-") else sys.stdout)


@contextmanager
def _target(path: Path) -> Iterator[BinaryIO]:
    """The file to write to; under its name only once all is on the disk, and readable by its owner alone."""
    if path == Path("-"):
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.exists():
        raise FileExistsError(0, "文件已存在")
    part = path.with_name(f"{path.name}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - a mode
            yield file
            file.flush()
            os.fsync(file.fileno())
        # Unlike renaming, this never takes another file's place.
        os.link(part, path)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


async def _write(db: Database, file: BinaryIO) -> Report:
    report = Report()
    try:
        with Progress(*_COLUMNS, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("", total=None)
            async for piece in dump(db, utc_now(), report):
                file.write(piece)
                progress.advance(task, len(piece))
    except Exception as error:
        raise unusable(error) or error from None
    finally:
        close(db)
    return report


def _say(report: Report, out: object) -> int:
    documents = sum(report.counts.values())
    lines = [f"备份完成：{documents} 条记录，佐证原件 {report.original_bytes} 字节。", f"SHA-256：{report.sha256}"]
    if report.damaged:
        lines += [f"{len(report.damaged)} 个佐证的内容与登记的 SHA-256 不符，请执行 python -m backend fsck 查看。"]
    print(*lines, sep="\n", file=out)  # type: ignore[call-overload]  # A stream.
    return 1 if report.damaged else 0
