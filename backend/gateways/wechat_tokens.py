"""One access token for all processes: kept where they all see it, fetched by one of them however many ask."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from backend.gateways.wechat_answers import Answer, Done, Failed, Fault, RetryLater, Token

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

# From five minutes before its end WeChat gives out the next one, while the old one stays good.
_RENEW = timedelta(minutes=4)
# An answer may take a while; a token that ends meanwhile is of no use.
_SPARE = timedelta(seconds=15)
LEASE = timedelta(seconds=15)
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Stored:
    """The token that all share, until when it is good. `version` counts the tokens that were stored.

    Where it is kept, `value` is sealed: neither a backup nor a debug log of the database gives it away.
    """

    value: str
    expires_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True)
class SharedTokens:
    """Where the token is kept; `backend.deps` ties it to the database, which no gateway knows.

    `lease(version, now, until)` says whether we are to fetch: nobody else is, and the version still is this one.
    """

    read: Callable[[], Awaitable[Stored | None]]
    lease: Callable[[int, datetime, datetime], Awaitable[bool]]
    save: Callable[[Stored], Awaitable[None]]
    release: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Tokens:
    """Gives the token that is good now."""

    secret: str = field(repr=False)
    shared: SharedTokens
    fetch: Callable[[], Awaitable[Answer[Token]]]
    clock: Callable[[], datetime]
    _known: Stored | None = field(default=None, repr=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def current(self, rejected: str | None = None) -> str | Failed:
        """The token; after WeChat `rejected` one, another, or the same if WeChat gives no other."""
        if self._fresh(self._known, rejected):
            return self._known.value  # type: ignore[union-attr]  # None is not fresh.
        async with self._lock:
            return await self._shared(rejected)

    async def _shared(self, rejected: str | None) -> str | Failed:
        deadline = asyncio.get_running_loop().time() + LEASE.total_seconds()
        while True:
            kept = await self.shared.read()
            stored = self._known = unsealed(self.secret, kept) if kept else None
            if stored is not None and self._fresh(stored, rejected):
                return stored.value
            now = self.clock()
            if await self.shared.lease(kept.version if kept else 0, now, now + LEASE):
                return await self._fetched(stored, rejected)
            if stored is not None and self._usable(stored, rejected):
                return stored.value
            if asyncio.get_running_loop().time() > deadline:
                return RetryLater(Fault.NO_TOKEN)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _fetched(self, stored: Stored | None, rejected: str | None) -> str | Failed:
        answer = None
        try:
            answer = await self.fetch()
        finally:
            if not isinstance(answer, Done):
                await self.shared.release()
        if isinstance(answer, Done):
            self._known = Stored(answer.value.value, self.clock() + timedelta(seconds=answer.value.seconds))
            await self.shared.save(sealed(self.secret, self._known))
            return answer.value.value
        return stored.value if stored is not None and self._usable(stored, rejected) else answer

    def _fresh(self, stored: Stored | None, rejected: str | None) -> bool:
        """Whether it will do, and needs no renewal."""
        return stored is not None and stored.value != rejected and self.clock() < stored.expires_at - _RENEW

    def _usable(self, stored: Stored, rejected: str | None) -> bool:
        return stored.value != rejected and self.clock() < stored.expires_at - _SPARE


def sealed(secret: str, token: Stored) -> Stored:
    """The token as it is kept: encrypted under the app's secret."""
    return replace(token, value=_box(secret).encrypt(token.value.encode()).decode())


def unsealed(secret: str, token: Stored) -> Stored | None:
    """The token in the clear; None where it was sealed under another secret."""
    from cryptography.fernet import InvalidToken

    try:
        return replace(token, value=_box(secret).decrypt(token.value).decode())
    except InvalidToken:
        return None


def _box(secret: str) -> "Fernet":
    # It takes a while to import, and only who talks to WeChat needs it.
    from cryptography.fernet import Fernet

    return Fernet(urlsafe_b64encode(sha256(b"zhiping wechat token " + secret.encode()).digest()))
