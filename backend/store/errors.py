"""What keeps the database from being used at all. Each text is Chinese, for the operator, and says what to do."""

from pathlib import Path


class StoreError(Exception):
    """The database can't be used; commands print the text and end."""


class EmbeddedError(StoreError):
    """The embedded server can't run here."""


class DataFolderError(StoreError):
    """The embedded server can't use its data folder."""


class DataFolderBusy(DataFolderError):
    """Another process uses the folder; `pid` is the one that started the server there, if it is known."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        who = f"进程 {pid} " if pid else "另一个进程"
        super().__init__(f"数据目录 {folder} 正被{who}使用。请先停止它，或用 ZHIPING_DATA_FOLDER 指定另一个目录。")
        self.folder = folder
        self.pid = pid


class DataFolderTooNew(DataFolderError):
    """A newer version of Zhiping or of MongoDB wrote the folder."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"数据目录 {folder} 是较新的版本写的（{reason}），本版本不能使用。"
            "请升级智评，或用 ZHIPING_DATA_FOLDER 指定另一个目录。"
        )
        self.folder = folder


class DataFolderUnusable(DataFolderError):
    """The folder can't be made, read or written."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"数据目录 {folder} 不能使用：{reason}。请检查路径、权限和磁盘空间。")
        self.folder = folder


class DatabaseTooNew(StoreError):
    """A newer version of Zhiping has migrated the database."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(f"数据库的版本是 {found}，本程序只认到 {known}。请升级智评后再启动。")
        self.found = found
        self.known = known


class RestoreUnfinished(StoreError):
    """A backup is being restored here, or was, and not to its end."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"数据库 {name} 正在从备份恢复，或上次没有恢复完。请等它完成；"
            "如已中断，请重新执行 python -m backend restore。"
        )


class MigrationError(StoreError):
    """A document or a duplicate stands in the way of a migration or of an index."""
