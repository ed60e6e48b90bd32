"""600 inspection reports in one zip file, and how the API answers meanwhile: everything on the same two cores."""

import asyncio
import io
import tempfile
import time
from pathlib import Path

from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from backend.documents.archive import verify
from backend.store import embedded
from backend.store.mongo import connect
from tests.bench import pages
from tests.bench.figures import RUNS, Figure
from tests.bench.servers import make_deps
from tests.bench.serving import serving

DATABASE = "reports"
SCHOOLS = 600
# Seconds that the API is asked before, and between two questions.
IDLE, EVERY = 10.0, 0.05


def figures() -> list[Figure]:
    """Seconds for all reports; the API's p99 meanwhile as a multiple of that before."""
    with tempfile.TemporaryDirectory(prefix="zhiping-bench-") as folder:
        server = embedded.start(Path(folder))
        try:
            runs = asyncio.run(_runs(server.uri))
        finally:
            server.kill()
    seconds, ratios, idle = zip(*runs, strict=True)
    return [
        Figure(f"{SCHOOLS} inspection reports in one zip file", seconds, "s", 60.0),
        Figure("the API's p99 meanwhile, beside that before", ratios, "×", 2.0),
        Figure("the API's p99 before", idle, "ms"),
    ]


async def _runs(uri: str, count: int = RUNS) -> list[tuple[float, float, float]]:
    token, _ = await pages.fill(make_deps(connect(uri, DATABASE)), SCHOOLS)
    async with serving(uri, DATABASE) as served:
        # A warm-up first: every report gets its code.
        return [await _one_run(served.port, token) for _ in range(count + 1)][1:]


async def _one_run(port: int, token: str) -> tuple[float, float, float]:
    waiting = asyncio.create_task(asyncio.sleep(IDLE))
    idle = await _p99_until(waiting, port, token)
    making = asyncio.create_task(_all_reports(port, token))
    busy = await _p99_until(making, port, token)
    return await making, busy / idle, idle


async def _p99_until(task: "asyncio.Task[object]", port: int, token: str) -> float:
    """Milliseconds that a request takes at p99, asked every twentieth of a second until the task is done."""
    times = []
    while not task.done():
        times.append(await pages.ask(port, token, "/api/me"))
        await asyncio.sleep(EVERY)
    return sorted(times)[int(len(times) * 0.99)]


async def _all_reports(port: int, token: str) -> float:
    """Seconds until the whole file is there; it is checked to the last byte."""
    client = SimpleAsyncHTTPClient(force_instance=True, max_buffer_size=2**31, max_body_size=2**31)
    url, headers = f"http://127.0.0.1:{port}/api/inspection-reports", {"Authorization": f"Bearer {token}"}
    begun = time.perf_counter()
    answer = await client.fetch(HTTPRequest(url, headers=headers, request_timeout=600))
    seconds = time.perf_counter() - begun
    client.close()
    found = await asyncio.to_thread(verify, io.BytesIO(answer.body))
    assert found.files == SCHOOLS
    return seconds


if __name__ == "__main__":
    for figure in figures():
        print(figure.row())
