"""A TCP proxy between the browser and the service, which a test can cut where it hurts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

# How the connections fare: let through; closed at once; closed in the middle of a request; closed when the service has
# done its work and answers.
Cut = Literal["none", "connection", "request", "answer"]

CHUNK = 64 * 1024


@dataclass(slots=True)
class Proxy:
    """Listens on `port` and passes on to `target`. `cut` counts for what is sent from now on."""

    port: int
    target: int
    cut: Cut = "none"
    cuts: int = 0
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
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, cuts: Cut, ends: asyncio.Event
    ) -> None:
        try:
            while data := await source.read(CHUNK):
                if self.cut == cuts or self.cut == "connection":
                    self.cuts += 1
                    # Half of a request gets through: the service sees one that breaks off.
                    if cuts == "request":
                        sink.write(data[: len(data) // 2])
                    return
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            ends.set()

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
