"""A TCP proxy between the browser and the service, which a test can cut where it hurts, and a bench can make slow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

# How the connections fare: let through; closed at once; closed in the middle of a request; closed when the service has
# done its work and answers.
Cut = Literal["none", "connection", "request", "answer"]

CHUNK = 64 * 1024
# On a slow line: so little that a short request need not wait long behind long ones.
PACKET = 16 * 1024


@dataclass(slots=True)
class Line:
    """One direction of a slow network: `rate` bytes a second for all connections, each byte `late` seconds late."""

    rate: float
    late: float
    free_at: float = 0.0

    async def take(self, size: int) -> None:
        """Waits until so many bytes are on the line."""
        now = asyncio.get_running_loop().time()
        self.free_at = max(now, self.free_at) + size / self.rate
        await asyncio.sleep(self.free_at - now)


@dataclass(slots=True)
class Proxy:
    """Listens on `port` and passes on to `target`. `cut` counts for what is sent from now on, and with `cut_after` all
    connections are cut once so many bytes more have gone to the service (`is_cut`). `sent` counts those. `lines` (up,
    down) make it slow."""

    port: int
    target: int
    cut: Cut = "none"
    cuts: int = 0
    cut_after: int | None = None
    is_cut: asyncio.Event = field(default_factory=asyncio.Event)
    sent: int = 0
    lines: tuple[Line, Line] | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the browser."""
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self.tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut == "connection":
            self.cuts += 1
            return
        if self.lines:
            # The handshake.
            await asyncio.sleep(sum(line.late for line in self.lines))
        answers, requests = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            async with asyncio.TaskGroup() as group:
                ends = asyncio.Event()
                group.create_task(self._pass(reader, requests, "request", ends))
                group.create_task(self._pass(answers, writer, "answer", ends))
                await ends.wait()
                writer.close()
                requests.close()
        except* OSError:
            pass
        finally:
            requests.close()

    async def _pass(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        way: Literal["request", "answer"],
        ends: asyncio.Event,
    ) -> None:
        line = None
        try:
            while data := await source.read(PACKET if self.lines else CHUNK):
                line = self.lines[way == "answer"] if self.lines else None
                if self._cuts(way, len(data)):
                    # Half of a request gets through: the service sees one that breaks off.
                    if way == "request":
                        sink.write(data[: len(data) // 2])
                    return
                if line:
                    await line.take(len(data))
                    asyncio.get_running_loop().call_later(line.late, sink.write, data)
                else:
                    sink.write(data)
                    await sink.drain()
            if line:
                await asyncio.sleep(line.late)
        except OSError:
            pass
        finally:
            ends.set()

    def _cuts(self, way: Literal["request", "answer"], size: int) -> bool:
        if way == "request":
            self.sent += size
            if self.cut_after is not None:
                self.cut_after -= size
                if self.cut_after <= 0:
                    self.cut, self.cut_after = "connection", None
                    self.is_cut.set()
        if self.cut not in (way, "connection"):
            return False
        self.cuts += 1
        return True

    def hang_up(self) -> None:
        """Ends every connection."""
        for task in list(self.tasks):
            task.cancel()


@asynccontextmanager
async def proxy_to(target: int) -> AsyncIterator[Proxy]:
    """A proxy on a free port, for as long as the block lasts."""
    proxy = Proxy(0, target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.hang_up()
