"""How much room there is where MongoDB keeps its data."""

import time
from dataclasses import dataclass

from backend.store.mongo import Database

# So long a figure is good: asking costs the server some milliseconds.
_SECONDS = 2.0


@dataclass(slots=True)
class Disk:
    """The disk of the database, as MongoDB tells of it (dbStats)."""

    _free: int = 0
    _asked: float = float("-inf")

    async def free(self, db: Database) -> int:
        """The bytes that are free, a few seconds ago at most."""
        now = time.monotonic()
        if now - self._asked >= _SECONDS:
            stats = await db.command("dbStats")
            self._free, self._asked = int(stats["fsTotalSize"] - stats["fsUsedSize"]), now
        return self._free
