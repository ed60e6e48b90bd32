"""The hub of one process: it follows the changes of visits and score sheets, and tells the sockets that may know.

There is one change stream, from the first listener on. What changes marks its visit; marked visits are read again, at
most ten times a second, and told to their teams and to the city. A message holds all of what it is about, so that one
more or one fewer does no harm. A change that comes while a socket gets its snapshot is told to it afterwards.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import structlog

from backend.deps import Deps
from backend.models.base import Model
from backend.models.live import LiveGone
from backend.models.people import Actor, Role
from backend.services import live_messages
from backend.services.sessions import has_ended
from backend.services.visit_access import may_see
from backend.store import score_sheets, sessions, visits
from backend.store.changes import Changes, LostError

log = structlog.get_logger("live")

# The codes with which a socket is closed: RFC 6455's, and ours from 4000 on.
RESTART, SIGN_IN_AGAIN = 1012, 4401

_GATHER_SECONDS = 0.1
_RETRY_SECONDS = 1.0
# So long clients may take to close their side too.
_GOODBYE_SECONDS = 2.0
_MOST_KNOWN = 20_000


class Socket(Protocol):
    """An open WebSocket. Both are without waiting: whoever can't keep up is dropped by the socket itself."""

    def send(self, message: bytes) -> None:
        """Sends a text message."""

    def close(self, code: int, reason: str) -> None:
        """Closes with a code and a reason in Chinese."""


@dataclass(eq=False, slots=True)
class Listener:
    """A socket with the person behind it. `visits` are those that it was told of; `missed` has those that changed while
    its snapshot was made, and is None at other times."""

    socket: Socket
    actor: Actor
    visits: set[str] = field(default_factory=set)
    missed: set[str] | None = None


@dataclass(slots=True)
class Hub:
    """All open sockets of one process, and those of them that listen. `session_seconds`: how often it is checked that
    their sessions still hold."""

    deps: Deps
    session_seconds: float = 3.0
    sockets: set[Socket] = field(default_factory=set)
    listeners: set[Listener] = field(default_factory=set)
    _changes: Changes | None = None
    _marked: dict[str, bool] = field(default_factory=dict)
    _work: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _visit_of: dict[str, str] = field(default_factory=dict)
    _stopped: bool = False

    async def join(self, socket: Socket, actor: Actor) -> Listener:
        """Tells the socket everything, and from now on every change. Raises the driver's errors."""
        await self._start()
        listener = Listener(socket, actor)
        self.listeners.add(listener)
        try:
            await self._send_snapshot(listener)
        except BaseException:
            self.leave(listener)
            raise
        return listener

    def leave(self, listener: Listener) -> None:
        """Forgets the listener."""
        self.listeners.discard(listener)

    async def close(self) -> None:
        """Closes all sockets, as before a restart, and ends the hub's work."""
        self._stopped = True
        self._work.set()
        for socket in tuple(self.sockets):
            socket.close(RESTART, "服务正在重启，请稍后重新连接")
        tasks, self._tasks = self._tasks, []
        for task in tasks[1:]:
            task.cancel()
        # The first ends by itself, within half a second: its cursor is then closed on the server too.
        await asyncio.gather(*tasks, return_exceptions=True)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _GOODBYE_SECONDS
        while self.sockets and loop.time() < deadline:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.02)

    async def _start(self) -> None:
        async with self._starting:
            if self._changes is None:
                changes = Changes(self.deps.db)
                await changes.begin()
                self._changes = changes
            if not self._tasks and not self._stopped:
                self._tasks = [
                    asyncio.create_task(self._follow(self._changes)),
                    asyncio.create_task(self._tell_marked()),
                    asyncio.create_task(self._watch_sessions()),
                ]

    async def _send_snapshot(self, listener: Listener) -> None:
        listener.missed = set()
        try:
            snapshot = await live_messages.snapshot(self.deps, listener.actor)
            listener.visits |= {each.visit_id for each in snapshot.visits}
            listener.socket.send(_encoded(snapshot))
        finally:
            missed, listener.missed = listener.missed, None
        for visit_id in missed:
            self._mark(visit_id, whole=True)

    async def _follow(self, changes: Changes) -> None:
        while not self._stopped:
            try:
                async for collection, document_id in changes.follow(lambda: self._stopped):
                    await self._note(collection, document_id)
            except LostError:
                log.warning("changes_lost", listeners=len(self.listeners))
                await self._begin_anew(changes)
            except Exception as error:
                self._say(error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _begin_anew(self, changes: Changes) -> None:
        """Follows from now on, and tells everybody everything, for nobody knows what they missed."""
        try:
            await changes.begin()
            for listener in tuple(self.listeners):
                await self._send_snapshot(listener)
        except Exception as error:
            self._say(error)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _note(self, collection: str, document_id: str) -> None:
        if collection == "visits":
            self._mark(document_id, whole=True)
            return
        visit_id = self._visit_of.get(document_id) or await score_sheets.visit_of(self.deps.db, document_id)
        if visit_id is not None:
            if len(self._visit_of) >= _MOST_KNOWN:
                self._visit_of.clear()
            self._visit_of[document_id] = visit_id
            self._mark(visit_id, whole=False)

    def _mark(self, visit_id: str, *, whole: bool) -> None:
        """Notes that a visit is to be told of: that it changed itself (`whole`), or only how far its team is."""
        self._marked[visit_id] = whole or self._marked.get(visit_id, False)
        self._work.set()

    async def _tell_marked(self) -> None:
        while not self._stopped:
            await self._work.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._work.clear()
            marked, self._marked = self._marked, {}
            for visit_id, whole in marked.items():
                try:
                    await self._tell(visit_id, whole=whole)
                except Exception as error:
                    self._say(error)
                    self._mark(visit_id, whole=whole)
                    await asyncio.sleep(_RETRY_SECONDS)

    async def _tell(self, visit_id: str, *, whole: bool) -> None:
        # Of a visit that nobody here was told of, only the city and a new member of its team want to know.
        if not whole and not any(each.actor.role is Role.CITY or visit_id in each.visits for each in self.listeners):
            return
        visit = await visits.find(self.deps.db, visit_id)
        if visit is None:
            return
        readers = [each for each in self.listeners if may_see(visit, each.actor)]
        for listener in self.listeners.difference(readers):
            if visit_id in listener.visits:
                listener.visits.discard(visit_id)
                listener.socket.send(_encoded(LiveGone(visit_id=visit_id)))
        if readers:
            messages: list[Model] = [live_messages.changed(visit)] if whole else []
            messages.append(await live_messages.progress(self.deps, visit))
            self._send_all(readers, visit, messages)

    def _send_all(self, readers: Iterable[Listener], visit: Mapping[str, Any], messages: Iterable[Model]) -> None:
        encoded = [_encoded(message) for message in messages]
        for listener in readers:
            if listener.missed is not None:
                listener.missed.add(visit["_id"])
                continue
            listener.visits.add(visit["_id"])
            for message in encoded:
                listener.socket.send(message)

    async def _watch_sessions(self) -> None:
        while not self._stopped:
            await asyncio.sleep(self.session_seconds)
            try:
                await self._close_ended(self.deps.clock())
            except Exception as error:
                self._say(error)

    async def _close_ended(self, now: datetime) -> None:
        """Closes the sockets of sessions that have expired or are gone, by one query for all of them."""
        wanted = {listener.actor.session_id for listener in self.listeners}
        if not wanted:
            return
        found = await sessions.find_many(self.deps.db, wanted)
        alive = {session.id for session in found if not has_ended(self.deps, session, now)}
        for listener in tuple(self.listeners):
            if listener.actor.session_id in wanted - alive:
                listener.socket.close(SIGN_IN_AGAIN, "登录已失效，请重新登录")

    def _say(self, error: Exception) -> None:
        """Notes what went wrong: a database that is away for a while, or a fault of ours."""
        if self.deps.translate_error(error) is None:
            log.error("live_failed", exc_info=error)
        else:
            log.warning("live_waits", cause=type(error).__name__)


def _encoded(message: Model) -> bytes:
    return message.model_dump_json().encode()
