"""Sessions that were looked up a moment ago, so that a phone that sends often costs no look-up each time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backend.store.sessions import Session

# A session that ends in one process of the service is still good in another for so long.
KEPT = timedelta(seconds=5)
_MOST = 10_000


@dataclass(slots=True)
class SessionCache:
    """Sessions by the hash of their token."""

    _kept: dict[str, tuple[datetime, Session]] = field(default_factory=dict)

    def get(self, token_hash: str, now: datetime) -> Session | None:
        """The session, if it was put here within `KEPT`."""
        put_at, session = self._kept.get(token_hash, (None, None))
        return session if put_at is not None and put_at <= now < put_at + KEPT else None

    def put(self, session: Session, now: datetime) -> None:
        """Keeps it for `KEPT`."""
        if len(self._kept) >= _MOST:
            self._kept = {key: kept for key, kept in self._kept.items() if now < kept[0] + KEPT}
        if len(self._kept) < _MOST:
            self._kept[session.token_hash] = now, session

    def drop(self, session_id: str) -> None:
        """Forgets a session at once."""
        self._kept = {key: kept for key, kept in self._kept.items() if kept[1].id != session_id}
