"""Passwords: argon2id, in a few threads of their own, for hashing is slow on purpose and must not hold up the loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import hash_secret_raw

from backend.errors import Unavailable

_THREADS = 2
_MOST_WAITING = 20

_T = TypeVar("_T")


@dataclass(slots=True)
class Passwords:
    """Hashes and verifies. Each takes 64 MB and some 50 ms, so few run at once and not many may wait."""

    hasher: PasswordHasher = field(default_factory=PasswordHasher)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_THREADS, "passwords"))
    _under_way: int = 0
    _nobodys: str = ""

    async def hash(self, password: str) -> str:
        """The argon2id hash, with its salt and parameters in its text. Raises `Unavailable` when too many wait."""
        return await self._run(lambda: self.hasher.hash(password))

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether it is the password. Without a hash it takes as long, and is not: nobody learns who has an account."""
        return await self._run(lambda: self._matches(password, hashed))

    async def lookup_hash(self, code: str) -> str:
        """A slow hash of a short secret that is alike each time, so that it may be looked up by it.

        Eight characters can be tried out by whoever reads the database, unless each try costs them a slow hash.
        """
        return await self._run(lambda: self._raw_hash(code))

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _raw_hash(self, code: str) -> str:
        costs = self.hasher.time_cost, self.hasher.memory_cost, self.hasher.parallelism
        return hash_secret_raw(code.encode(), b"zhiping lookup", *costs, self.hasher.hash_len, self.hasher.type).hex()

    def _matches(self, password: str, hashed: str | None) -> bool:
        if not self._nobodys:
            self._nobodys = self.hasher.hash("nobody's password")
        try:
            self.hasher.verify(hashed or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None

    async def _run(self, work: Callable[[], _T]) -> _T:
        if self._under_way >= _MOST_WAITING:
            raise Unavailable("登录的人太多，请稍后再试", retry_after=2)
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._under_way -= 1
