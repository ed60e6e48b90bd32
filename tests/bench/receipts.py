"""Photos a second until their receipts, beside a bare Tornado handler that writes the body to GridFS; and memory.

`python -m tests.bench receipts`: a MongoDB, the service and the bare handler, each in a process of its own, take turns.
8 connections, photos of 1.5 MB, each another one. Then 32 uploads of 20 MB at once, and the peak memory of the service.
"""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from motor.motor_asyncio import AsyncIOMotorGridFSBucket
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from backend.store.mongo import Database, connect
from tests.bench import servers
from tests.bench.figures import RUNS, Figure
from tests.bench.operations import DATABASE, Inspector, new_id, prepare
from tests.http.uploading import BYTES, TUS, encoded

# The two take turns of a few photos each: how fast the machine writes changes from second to second.
CONNECTIONS, TURNS, PHOTOS, SIZE = 8, 5, 48, 1_500_000
AT_ONCE, LARGE = 32, 20 * 1024 * 1024
KINDS = ("service", "bare")
_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


class WriteBody(RequestHandler):
    """The bare handler."""

    async def post(self) -> None:
        """The body becomes a file."""
        bucket: AsyncIOMotorGridFSBucket = self.settings["bucket"]
        file_id = await bucket.upload_from_stream("photo.jpg", self.request.body)
        self.set_status(201)
        self.write({"id": str(file_id)})


def make_server(kind: str, uri: str) -> int:
    """Listens on a free port and gives it."""
    if kind == "service":
        return servers.make_server(kind, uri, DATABASE)
    bucket = AsyncIOMotorGridFSBucket(connect(uri, DATABASE))
    server = HTTPServer(Application([(r"/api/uploads", WriteBody)], bucket=bucket, log_function=lambda _: None))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    return int(sockets[0].getsockname()[1])


async def _serve(kind: str, uri: str) -> None:
    print(make_server(kind, uri), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def _start(kind: str, uri: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.bench.receipts", kind, uri]
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nothing, text=True)


async def _make_visit(db: Database, inspectors: Sequence[Inspector]) -> str:
    """A visit under way, whose team all of them are."""
    visit_id, submission_id = new_id(), new_id()
    await db.submissions.insert_one({"_id": submission_id, "cycle": "2022", "school_id": new_id()})
    team = [{"inspector_id": each.person_id, "name": "专家", "lead": False} for each in inspectors]
    await db.visits.insert_one(
        {
            "_id": visit_id,
            "submission_id": submission_id,
            "cycle": "2022",
            "school_id": new_id(),
            "district": "hailing",
            "state": "open",
            "live": True,
            "team": team,
            "written_off": [],
        }
    )
    return visit_id


def _request(who: Inspector, visit_id: str, size: int) -> bytes:
    """The head of a request that uploads a new photo."""
    said = {"evidence_id": new_id(), "visit_id": visit_id, "item": "1.1.1", "taken_at": "2022-09-05T09:30:00+08:00"}
    headers = {
        **TUS,
        **BYTES,
        "Host": "bench",
        "Authorization": f"Bearer {who.token}",
        "Upload-Length": str(size),
        "Upload-Metadata": encoded(said),
        "Content-Length": str(size),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /api/uploads HTTP/1.1\r\n{lines}\r\n".encode()


async def _send(port: int, who: Inspector, visit_id: str, rest: bytes, count: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(count):
        # Its first bytes make it another photo.
        start = _HEAD + secrets.token_bytes(32)
        writer.write(_request(who, visit_id, len(rest)))
        writer.write(start)
        writer.write(memoryview(rest)[len(start) :])
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]))
        if b" 201 " not in head[:16]:
            raise RuntimeError(f"{head.decode()}{body.decode()}")
    writer.close()


async def _send_all(port: int, people: Sequence[Inspector], visit_id: str, size: int, count: int) -> float:
    """So many photos by each of the people at once; gives how many a second that was."""
    rest, start = secrets.token_bytes(size), perf_counter()
    await asyncio.gather(*(_send(port, who, visit_id, rest, count) for who in people))
    return len(people) * count / (perf_counter() - start)


async def _empty(db: Database) -> None:
    """Every run begins with as much on the disk."""
    names = ("originals.chunks", "originals.files", "blobs", "visit_photos", "uploads", "fs.chunks", "fs.files")
    for name in names:
        await db[name].delete_many({})


def peak_memory(pid: int) -> float:
    """The most memory that a process has held, in MB (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def _measure(uri: str, processes: dict[str, "subprocess.Popen[str]"], ports: dict[str, int]) -> Iterator[Figure]:
    db = connect(uri, DATABASE)
    _, inspectors = await prepare(db)
    visit_id = await _make_visit(db, inspectors)
    people = inspectors[:CONNECTIONS]
    speeds: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(RUNS + 1):
        await _empty(db)
        seconds = dict.fromkeys(KINDS, 0.0)
        for _ in range(TURNS):
            for kind in KINDS:
                speed = await _send_all(ports[kind], people, visit_id, SIZE, PHOTOS // CONNECTIONS)
                seconds[kind] += PHOTOS / speed
        if number:
            for kind in KINDS:
                speeds[kind].append(TURNS * PHOTOS / seconds[kind])
    ratios = tuple(ours / bare for ours, bare in zip(speeds["service"], speeds["bare"], strict=True))
    name = "photos of 1.5 MB a second until their receipts, 8 connections"
    figures = [
        Figure(f"{name}, of a bare handler's", ratios, "", 0.8, floor=True),
        Figure(name, tuple(speeds["service"]), "/s", 100, floor=True),
    ]
    await _empty(db)
    await _send_all(ports["service"], inspectors[:AT_ONCE], visit_id, LARGE, 1)
    peak = peak_memory(processes["service"].pid)
    figures.append(Figure("peak memory, 32 uploads of 20 MB at once", (peak,), "MB", 250, floor=False))
    return iter(figures)


def figures() -> Iterator[Figure]:
    """What docs/benchmarks.md promises of receipts."""
    with servers.own_mongodb() as uri:
        processes = {kind: _start(kind, uri) for kind in KINDS}
        try:
            ports = {kind: int(_line(process)) for kind, process in processes.items()}
            yield from asyncio.run(_measure(uri, processes, ports))
        finally:
            for process in processes.values():
                process.kill()
                process.communicate()


def _line(process: "subprocess.Popen[str]") -> Any:
    return process.stdout.readline() if process.stdout else ""


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
