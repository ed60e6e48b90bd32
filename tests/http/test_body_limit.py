"""A body over the limit is refused in the one shape, whether its length is announced or not."""

import asyncio
import json
from collections.abc import Callable

import pytest

from tests.http.conftest import Service

LIMIT = 1024 * 1024
HEAD = "POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


async def exchange(service: Service, *pieces: bytes, end: bool = True) -> tuple[int, dict[str, str], bytes]:
    """Sends the pieces over a raw connection and reads the first answer: status, headers, body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode("latin1")
        status_line, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await asyncio.wait_for(reader.readexactly(int(headers["content-length"])), 10)
        return int(status_line.split()[1]), headers, body
    finally:
        writer.close()


def check(answer: tuple[int, dict[str, str], bytes], code: str = "too_large", status: int = 413) -> None:
    """The answer is an error in the one shape."""
    assert answer[0] == status
    assert answer[1]["content-type"] == "application/json"
    error = json.loads(answer[2])["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["code"] == code


async def test_an_announced_length_is_refused_before_the_body_comes(service: Service) -> None:
    head = f"{HEAD}Content-Length: {LIMIT + 1}\r\n\r\n".encode()
    answer = await exchange(service, head)
    check(answer)
    assert answer[1]["connection"] == "close"


async def test_whoever_waits_for_continue_sends_nothing(service: Service) -> None:
    head = f"{HEAD}Content-Length: {10 * LIMIT}\r\nExpect: 100-continue\r\n\r\n".encode()
    check(await exchange(service, head))


async def test_a_client_that_sends_first_and_reads_later_sees_the_reason(service: Service) -> None:
    head = f"{HEAD}Content-Length: {5 * LIMIT}\r\n\r\n".encode()
    check(await exchange(service, head, *[b"x" * LIMIT] * 5))


async def test_a_length_beyond_all_reason_is_refused(service: Service) -> None:
    check(await exchange(service, f"{HEAD}Content-Length: {10**14}\r\n\r\n".encode()))


async def test_a_chunked_body_is_counted(service: Service) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    head = f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode()
    check(await exchange(service, head, *[chunk] * 40, b"0\r\n\r\n"))
    # Whoever never ends is answered too.
    check(await exchange(service, head, *[chunk] * 40))


async def test_whoever_never_stops_is_cut_off(service: Service) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with pytest.raises(ConnectionError):
        for _ in range(60):
            writer.write(chunk)
            await writer.drain()
    writer.close()
    assert (await service.get("/healthz")).status == 200


async def test_the_limit_itself_is_fine(service: Service) -> None:
    body = b'{"link": "' + b"x" * (LIMIT - 12) + b'"}'
    assert len(body) == LIMIT
    answer = await service.post("/api/sessions", body=body)
    assert (answer.status, answer.paths) == (422, ["/link"])
    answer = await service.post("/api/sessions", body=body + b" ")
    assert (answer.status, answer.error["code"]) == (413, "too_large")


async def test_a_refusal_for_another_reason_outranks_the_body(service: Service) -> None:
    """Who isn't signed in learns that, and no more, and may use the connection again."""
    head = "PUT /api/me/password HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    body = b"x" * 1000
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    for _ in range(2):
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(next(line for line in answer.split("\r\n") if line.startswith("Content-Length")).split()[1])
        assert answer.startswith("HTTP/1.1 401")
        assert json.loads(await reader.readexactly(length))["error"]["code"] == "not_signed_in"
    writer.close()


async def test_requests_in_flight_are_counted_down_whatever_happens(service: Service) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(f"{HEAD}Content-Length: 100\r\n\r\nhalf".encode())
    await until(lambda: service.context.traffic.in_flight == 1)
    writer.close()
    await until(lambda: service.context.traffic.in_flight == 0)
    await service.get("/healthz")
    await service.get("/nope")
    assert service.context.traffic.in_flight == 0


async def until(condition: Callable[[], bool]) -> None:
    """Waits a few seconds for the condition."""
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came about")
