"""The SHA-256 of what has come of an upload so far, while its requests come to this process one after the other.

A hash can't be stored half-way: another process, or this one after a restart, reads what is stored again.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_MOST = 10_000


@dataclass(slots=True)
class RunningHashes:
    """The hashes of one process; the oldest are forgotten first."""

    _known: "OrderedDict[str, tuple[int, Hash]]" = field(default_factory=OrderedDict)

    def keep(self, upload_id: str, offset: int, running: "Hash") -> None:
        """Keeps the hash of the first `offset` bytes."""
        self._known[upload_id] = offset, running
        self._known.move_to_end(upload_id)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)

    def take(self, upload_id: str, offset: int) -> "Hash | None":
        """Gives the hash of the first `offset` bytes away, if it is known."""
        if offset == 0:
            return hashlib.sha256()
        known = self._known.pop(upload_id, None)
        return known[1] if known and known[0] == offset else None
