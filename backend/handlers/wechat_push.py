"""Where WeChat pushes its events."""

import asyncio
from typing import ClassVar

import structlog

from backend.errors import Forbidden
from backend.handlers.base import Handler
from backend.handlers.operation import Media, operation
from backend.handlers.routing import Route
from backend.models.wechat import PushQuery
from backend.services import wechat_pushes

log = structlog.get_logger("wechat")

# WeChat waits for five.
ANSWER_SECONDS = 3.0
_TEXT = Media(("text/plain; charset=utf-8",))
_PUSH = Media(("text/xml", "application/xml", "application/json", "text/plain"), limit=64 * 1024)


class Push(Handler):
    """/wechat/push"""

    # The loop keeps only weak references to its tasks.
    _late: ClassVar[set["asyncio.Task[None]"]] = set()

    @operation(id="wechat.verify_push", query=PushQuery, answer=_TEXT, errors=(Forbidden,))
    async def get(self) -> bytes:
        """WeChat asks whether this address is ours."""
        try:
            return (await wechat_pushes.verify(self.deps, self.query)).encode()
        except Forbidden as error:
            self._count(error.code)
            raise

    @operation(id="wechat.push", query=PushQuery, body=_PUSH, answer=_TEXT, errors=(Forbidden,))
    async def post(self) -> bytes:
        """WeChat pushes an event."""
        work = asyncio.create_task(wechat_pushes.take(self.deps, self.query, self.body))
        done, _ = await asyncio.wait({work}, timeout=ANSWER_SECONDS)
        if not done:
            # It goes on behind. Should it fail there, then nothing is lost that isn't told otherwise too: the
            # mini-program reports accepts itself, WeChat's refusals tell of what was switched off.
            self._late.add(work)
            work.add_done_callback(self._ended)
            self._count("late")
            return b"success"
        try:
            work.result()
        except Forbidden as error:
            self._count(error.code)
            raise
        self._count("taken")
        return b"success"

    def _count(self, outcome: str) -> None:
        self.context.metrics.pushes.labels(outcome.removeprefix("push_")).inc()

    @classmethod
    def _ended(cls, work: "asyncio.Task[None]") -> None:
        cls._late.discard(work)
        if not work.cancelled() and (error := work.exception()) is not None:
            log.error("push failed behind", exc_info=error)


ROUTES: tuple[Route, ...] = (Route("/wechat/push", Push),)
