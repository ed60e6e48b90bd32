"""What a process keeps of something that is read often, changes seldom, and takes its time to work out."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

_S = TypeVar("_S", bound=Hashable)


@dataclass(slots=True)
class Kept:
    """The last result, and what it is the result of: the same stand, the same result."""

    # Of many requests that miss it, one works it out, and the others wait for it.
    working: asyncio.Lock = field(default_factory=asyncio.Lock)
    # What the result is put together of, for whoever keeps that too.
    parts: dict[str, Any] = field(default_factory=dict)
    _stand: Hashable = None
    _result: Any = None

    async def at(self, stand: Callable[[], Awaitable[_S]], make: Callable[[_S], Awaitable[Any]]) -> Any:
        """The result at the stand that `stand` gives, made of it anew only where that is another one than last time.

        A change between the two is seen the next time: the stand is read first.
        """
        async with self.working:
            now = await stand()
            if now != self._stand:
                self._result = await make(now)
                self._stand = now
            return self._result
