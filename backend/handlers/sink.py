"""Where a streamed body goes."""

from typing import Protocol


class Sink(Protocol):
    """Takes a body piece by piece. What `write` raises is the refusal of the request."""

    async def write(self, data: bytes) -> None:
        """Takes a piece; the next one comes when it is done."""

    async def abort(self) -> None:
        """There will be no more pieces, and no answer: the request was cut or refused. Called once or more often."""
