"""The folder that the embedded server keeps its data in: who holds it, which format it has, which port it uses.

db/             mongod's own files
mongod.log      since the last start; mongod.log.1 is of the start before
zhiping.json    {"format": 1, "port": 20480}
zhiping.lock    locked as long as a mongod runs here; holds the id of the process that started it
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.store.errors import DataFolderBusy, DataFolderTooNew, DataFolderUnusable

FORMAT = 1

# A killed service takes its mongod along, but not in the same instant; and whoever looks locks the folder for a moment.
_PATIENCE = 1.0


@contextmanager
def claimed(folder: Path) -> Iterator[int]:
    """Makes the folder if need be and locks it; gives the descriptor that holds the lock.

    A child that inherits the descriptor keeps the lock after this block. Raises `DataFolderError`.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "db").mkdir(mode=0o700, exist_ok=True)
        lock = os.open(_lock_file(folder), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DataFolderUnusable(folder, error.strerror or str(error)) from error
    try:
        if not _locked(lock, _PATIENCE):
            raise DataFolderBusy(folder, holder(folder))
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def is_claimed(folder: Path) -> bool:
    """Whether some process holds the folder now."""
    try:
        lock = os.open(_lock_file(folder), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _locked(lock, patience=0)
    finally:
        os.close(lock)


def holder(folder: Path) -> int | None:
    """The process that claimed the folder last, if it said so."""
    try:
        return int(_lock_file(folder).read_text())
    except (OSError, ValueError):
        return None


def remembered_port(folder: Path) -> int | None:
    """The port that the server of this folder used last; None in a new folder. Raises `DataFolderError`."""
    try:
        notes: Any = json.loads(_notes_file(folder).read_text())
        written, port = int(notes["format"]), int(notes["port"])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataFolderUnusable(folder, error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataFolderUnusable(folder, "zhiping.json 的内容不对，删去此文件即可恢复") from error
    if written > FORMAT:
        raise DataFolderTooNew(folder, f"格式 {written}，本版本只认到 {FORMAT}")
    return port


def remember_port(folder: Path, port: int) -> None:
    """Notes the port, in a file that is whole at any time. Raises `DataFolderUnusable`."""
    draft = folder / "zhiping.json.new"
    try:
        draft.write_text(json.dumps({"format": FORMAT, "port": port}) + "\n")
        draft.replace(_notes_file(folder))
    except OSError as error:
        raise DataFolderUnusable(folder, error.strerror or str(error)) from error


def _locked(lock: int, patience: float) -> bool:
    """Tries to take the lock, for so many seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.01)


def _lock_file(folder: Path) -> Path:
    return folder / "zhiping.lock"


def _notes_file(folder: Path) -> Path:
    return folder / "zhiping.json"
