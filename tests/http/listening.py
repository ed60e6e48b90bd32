"""A client of the WebSocket, for tests."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.websocket import WebSocketClientConnection, websocket_connect

SECONDS = 60
_EARS: "list[Ear]" = []


@dataclass(slots=True)
class Ear:
    """An open WebSocket and what was heard on it."""

    socket: WebSocketClientConnection
    ended: bool = False

    async def hear(self) -> Any:
        """The next message as JSON; None where the socket was closed."""
        message = await asyncio.wait_for(asyncio.ensure_future(self.socket.read_message()), SECONDS)
        self.ended = message is None
        return None if message is None else json.loads(message)

    async def until(self, wanted: Callable[[Any], bool]) -> Any:
        """The first message like that; fails the test where the socket is closed before."""
        while True:
            message = await self.hear()
            assert message is not None, f"closed with {self.socket.close_code}"
            if wanted(message):
                return message

    async def closed(self) -> int | None:
        """The code with which the socket is closed, after whatever is said before."""
        while await self.hear() is not None:
            pass
        return self.socket.close_code

    async def scored(self, visit_id: str, **counts: int) -> Any:
        """The progress in which these inspectors (by name) have scored so many items."""

        def reached(message: Any) -> bool:
            if message["type"] != "progress" or message["visit_id"] != visit_id:
                return False
            found = {each["name"]: each["scored_in_all"] for each in message["inspectors"]}
            return counts.items() <= found.items()

        return await self.until(reached)


async def connect(port: int, headers: dict[str, str] | None = None) -> Ear:
    """An open WebSocket, on which no ticket has been sent."""
    request = HTTPRequest(f"ws://127.0.0.1:{port}/api/live", headers=headers or {})
    ear = Ear(await websocket_connect(request))
    _EARS.append(ear)
    return ear


async def close_all() -> None:
    """Closes whatever a test left open."""
    while _EARS:
        ear = _EARS.pop()
        # One that the service closed has to be let go too.
        ear.socket.close()
        if not ear.ended:
            await ear.closed()


async def ticket(port: int, token: str) -> str:
    """A fresh ticket of a session."""
    client = SimpleAsyncHTTPClient(force_instance=True)
    request = HTTPRequest(
        f"http://127.0.0.1:{port}/api/live-tickets",
        "POST",
        headers={"Authorization": f"Bearer {token}"},
        allow_nonstandard_methods=True,
    )
    try:
        answer = await client.fetch(request)
    finally:
        client.close()
    return str(json.loads(answer.body)["ticket"])


async def listen(port: int, token: str) -> tuple[Ear, Any]:
    """An open WebSocket of the session, and its snapshot."""
    ear = await connect(port)
    await ear.socket.write_message(json.dumps({"ticket": await ticket(port, token)}))
    snapshot = await ear.hear()
    assert snapshot["type"] == "snapshot"
    return ear, snapshot
