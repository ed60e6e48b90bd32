"""How fast a backup is made and restored, and that its memory does not grow with the database.

`python -m tests.bench backup`: photos of 1.5 MB in an embedded MongoDB; the commands run as processes of their own,
on a database with 150 and one with 15 of them.
"""

import asyncio
import hashlib
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep

from backend.deps import utc_now
from backend.store import blobs, embedded, gridfs
from backend.store.gridfs import CHUNK_BYTES, ORIGINALS
from backend.store.migrations import migrate
from backend.store.mongo import Database, Session, close, connect, transact
from tests.bench.figures import RUNS, Figure
from tests.commands.running import environment

SIZE, FEW, MANY = 1_500_000, 15, 150
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """A backup and its restore: seconds, and the most memory of each in MB."""

    backup_seconds: float
    backup_memory: float
    restore_seconds: float
    restore_memory: float


async def _photo(db: Database) -> None:
    data, file_id = secrets.token_bytes(SIZE), secrets.token_hex(16)
    blob = blobs.new_blob(file_id, "school", hashlib.sha256(data).hexdigest(), SIZE, "image/jpeg", utc_now())
    chunks = [data[start : start + CHUNK_BYTES] for start in range(0, SIZE, CHUNK_BYTES)]
    await gridfs.insert_chunks(db, ORIGINALS, file_id, 0, chunks)

    async def work(session: Session) -> None:
        await blobs.insert(db, session, blob)

    await transact(db, work)
    await db.evidence.insert_one({"_id": file_id, "blob_id": file_id, "sha256": blob["sha256"]})


async def _fill(uri: str, name: str, photos: int) -> None:
    db = connect(uri, name)
    await migrate(db)
    for _ in range(photos):
        await _photo(db)
    close(db)


async def _drop(uri: str, name: str) -> None:
    db = connect(uri, name)
    await db.client.drop_database(name)
    close(db)


def _command(folder: Path, uri: str, database: str, *arguments: str) -> tuple[float, float]:
    """How long a command takes, and the most memory that it has in MB."""
    settings = environment(folder, mongodb_uri=uri, database=database)
    started, nothing = perf_counter(), subprocess.DEVNULL
    process = subprocess.Popen(
        [sys.executable, "-m", "backend", *arguments], cwd=folder, env=settings, stdout=nothing, stderr=nothing
    )
    memory = 0.0
    # Not what `wait4` tells: that begins with the memory of this process, which started it.
    while process.poll() is None:
        memory = max(memory, peak(process.pid))
        sleep(0.02)
    assert process.returncode == 0, arguments
    return perf_counter() - started, memory


def peak(pid: int) -> float:
    """The most memory that a process has had so far, in MB; 0 where it has just ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _run(folder: Path, uri: str, database: str) -> Run:
    file = folder / "backup"
    backup = _command(folder, uri, database, "backup", str(file))
    restore = _command(folder, uri, f"{database}-restored", "restore", str(file))
    file.unlink()
    asyncio.run(_drop(uri, f"{database}-restored"))
    return Run(*backup, *restore)


def figures() -> Iterator[Figure]:
    """Both commands on the larger database; their memory beside that on the smaller."""
    with tempfile.TemporaryDirectory() as folder:
        mongodb = embedded.start(Path(folder) / "mongodb")
        try:
            for name, photos in (("few", FEW), ("many", MANY)):
                asyncio.run(_fill(mongodb.uri, name, photos))
            runs = {name: [_run(Path(folder), mongodb.uri, name) for _ in range(RUNS)] for name in ("few", "many")}
        finally:
            mongodb.stop()
    few, many, size = runs["few"], runs["many"], SIZE * MANY / _MEGABYTE
    yield Figure("backup", tuple(size / run.backup_seconds for run in many), "MB/s")
    yield Figure("restore, all checked before and after", tuple(size / run.restore_seconds for run in many), "MB/s")
    yield Figure("memory of a backup", tuple(run.backup_memory for run in many), "MB", 150)
    yield Figure("memory of a restore", tuple(run.restore_memory for run in many), "MB", 150)
    growth = [many_.backup_memory / few_.backup_memory for many_, few_ in zip(many, few, strict=True)]
    yield Figure("memory of a backup, ten times the photos", tuple(growth), "×", 1.2)
