"""12-megapixel photos from a phone's request to checked, against the same work on them in a bare loop.

Both in turns, in fresh processes, with as many threads as cores. Meanwhile somebody asks the API for something small,
every 50 ms, over a connection of their own.
"""

import asyncio
import base64
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from backend.config_files import default_config_folder, load_cycle, load_rubric
from backend.demonstration.registration import add_officers, open_cycle, register
from backend.demonstration.schools import demo_schools
from backend.store import blobs, embedded
from backend.store.migrations import migrate
from backend.store.mongo import Database, connect
from tests.bench.figures import RUNS, Figure
from tests.faults.world import city_on
from tests.photos import encoded, picture

DATABASE = "pipeline"
PHOTOS, CONNECTIONS = 64, 4
SIZE = (4000, 3000)
ASK_EVERY = 0.05
LEAST_SHARE, MOST_MS = 0.7, 100.0


def figures() -> list[Figure]:
    """The share of the bare loop's rate, and the p99 of the API meanwhile and idle."""
    with tempfile.TemporaryDirectory(prefix="zhiping-bench-") as folder:
        server = embedded.start(Path(folder))
        try:
            runs = asyncio.run(_measured(server.uri, Path(folder)))
        finally:
            server.kill()
    return [
        Figure("photos over HTTP, share of the bare loop", tuple(run.share for run in runs), "", LEAST_SHARE, True),
        Figure("photos over HTTP", tuple(run.rate for run in runs), "/s", 0, True),
        Figure("API meanwhile, p99", tuple(run.busy for run in runs), "ms", MOST_MS, False),
        Figure("API idle, p99", tuple(run.idle for run in runs), "ms", MOST_MS, False),
    ]


@dataclass(frozen=True, slots=True)
class Run:
    """Photos a second, their share of the bare loop's, and the API's p99 (ms) under them and idle."""

    rate: float
    share: float
    busy: float
    idle: float


async def _measured(uri: str, folder: Path) -> list[Run]:
    db = connect(uri, DATABASE)
    await migrate(db)
    files = []
    for number in range(8):
        # Noise keeps a JPEG from being smaller than a phone's.
        data = encoded(picture(number, size=SIZE), quality=92)
        files.append(folder / f"{number}.jpg")
        files[-1].write_bytes(data)
    runs, uploader = [], None
    for _ in range(RUNS + 1):
        bare_rate = await _bare(files)
        uploader, run = await _over_http(db, uri, files, bare_rate, uploader)
        runs.append(run)
    return runs[1:]


async def _bare(files: list[Path]) -> float:
    """Photos a second of the decoder alone."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.pipeline", "bare", *map(str, files), stdout=subprocess.PIPE
    )
    said, _ = await process.communicate()
    return float(said)


def bare(files: list[str]) -> float:
    """The same calls on the same photos, in threads of a process that does nothing else."""
    from backend.gateways.photo_decoding import examine
    from backend.gateways.watermark import find_font

    font, photos = find_font(), [Path(file).read_bytes() for file in files]
    examine(photos[0], "image/jpeg", [None], font)
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        begun = time.perf_counter()
        list(threads.map(lambda data: examine(data, "image/jpeg", [None], font), photos * (PHOTOS // len(photos))))
        return PHOTOS / (time.perf_counter() - begun)


async def _over_http(
    db: Database, uri: str, files: list[Path], bare_rate: float, uploader: "Uploader | None"
) -> "tuple[Uploader, Run]":
    environment = os.environ | {"ZHIPING_MONGODB_URI": uri, "ZHIPING_DATABASE": DATABASE, "ZHIPING_LOG_LEVEL": "error"}
    for name in ("RATE_PER_PERSON", "RATE_PER_ADDRESS", "DISK_RESERVE"):
        environment[f"ZHIPING_{name}"] = "0"
    process = subprocess.Popen(  # noqa: ASYNC220 - it only starts
        [sys.executable, "-m", "backend", "serve", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        base = process.stdout.readline().split("：")[1].split("（")[0]
        uploader = uploader or await _uploader(db, base)
        uploader = replace(uploader, base=base)
        await uploader.send(files, PHOTOS // 5)
        await _all_checked(db)
        idle = await uploader.p99(asyncio.sleep(5))
        begun = time.perf_counter()

        async def work() -> None:
            await uploader.send(files, PHOTOS)
            await _all_checked(db)

        busy = await uploader.p99(work())
        rate = PHOTOS / (time.perf_counter() - begun)
        return uploader, Run(rate, rate / bare_rate, busy, idle)
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True)
class Uploader:
    """The service as a school uses it."""

    base: str
    token: str
    submission_id: str

    async def send(self, files: list[Path], count: int) -> None:
        """Uploads so many photos, each another file, over some connections; returns with the last receipt."""
        numbers = iter(range(count))

        async def one_connection() -> None:
            http = SimpleAsyncHTTPClient(force_instance=True)
            for number in numbers:
                await self._upload(http, files[number % len(files)].read_bytes() + uuid.uuid4().bytes)
            http.close()

        await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS)))

    async def _upload(self, http: SimpleAsyncHTTPClient, data: bytes) -> None:
        said = {"evidence_id": str(uuid.uuid4()), "submission_id": self.submission_id, "name": "照片.jpg"}
        pairs = [f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items()]
        headers = self._headers | {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(data)),
            "Upload-Metadata": ",".join(pairs),
            "Content-Type": "application/offset+octet-stream",
        }
        await http.fetch(HTTPRequest(f"{self.base}/api/uploads", "POST", headers, body=data, request_timeout=120))

    async def p99(self, work: Coroutine[Any, Any, None]) -> float:
        """How long (ms) at most one in a hundred small requests takes while the work is done."""
        http, times = SimpleAsyncHTTPClient(force_instance=True), []
        task = asyncio.create_task(work)
        while not task.done():
            begun = time.perf_counter()
            await http.fetch(HTTPRequest(f"{self.base}/api/me", headers=self._headers))
            times.append((time.perf_counter() - begun) * 1000)
            await asyncio.sleep(ASK_EVERY)
        await task
        http.close()
        return sorted(times)[int(len(times) * 0.99)]

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


async def _uploader(db: Database, base: str) -> Uploader:
    """A school's contact in a cycle that is open today."""
    folder = default_config_folder()
    city = await city_on(db, base, load_rubric(folder, load_cycle(folder, "2022").rubric))
    await open_cycle(city, datetime.now(UTC), "2022")
    await add_officers(city)
    entrant = await register(city, demo_schools()[0])
    return Uploader(base, entrant.contact.token, entrant.submission_id)


async def _all_checked(db: Database) -> None:
    while await blobs.count_pending(db):  # noqa: ASYNC110 - nobody tells of the last one
        await asyncio.sleep(0.05)


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        print(bare(sys.argv[2:]))
    else:
        for figure in figures():
            print(figure.row())
