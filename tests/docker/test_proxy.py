"""docker/nginx.conf in a real nginx, in front of two real services."""

import asyncio
import getpass
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPRequest, HTTPResponse
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.websocket import websocket_connect

from backend.lan import certificates
from backend.store.embedded import Embedded
from tests.commands.conftest import external as external
from tests.faults.processes import ServiceProcess, free_port

CONFIG = Path(__file__).resolve().parents[2] / "docker" / "nginx.conf"
_SECONDS = 20


@dataclass(slots=True)
class Front:
    """A running proxy, the services behind it, and how it is reached."""

    http: int
    https: int
    authority: Path
    services: list[ServiceProcess]
    client: SimpleAsyncHTTPClient

    async def fetch(self, path: str, method: str = "GET", **more: Any) -> HTTPResponse:
        """One request over TLS."""
        more.setdefault("body", None if method == "GET" else b"")
        request = HTTPRequest(
            f"https://localhost:{self.https}{path}", method, ca_certs=str(self.authority), request_timeout=30, **more
        )
        return await self.client.fetch(request, raise_error=False)

    async def is_up(self) -> bool:
        """Whether it answers."""
        with suppress(ConnectionRefusedError):
            return (await self.fetch("/healthz")).code == 200
        return False


def nginx() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.fail("没有 nginx：请执行 sudo apt-get install -y nginx-light")
    return found


def configured(folder: Path, http: int, https: int, services: list[ServiceProcess]) -> Path:
    """The file as it is, with this machine's ports and paths for the container's."""
    behind = " ".join(f"server 127.0.0.1:{each.port} max_fails=2 fail_timeout=5s;" for each in services)
    text = CONFIG.read_text()
    # The container's /tmp first: the other places are within this machine's.
    for container, here in {
        "/tmp/": f"{folder}/",  # noqa: S108
        "server service:8888 max_fails=2 fail_timeout=5s;": behind,
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen [::]:80;": "",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{https} ssl http2;",
        "listen [::]:443 ssl http2;": "",
        "/run/secrets/tls_certificate": str(folder / "service.crt"),
        "/run/secrets/tls_key": str(folder / "service.key"),
        "/srv/public": str(folder / "public"),
        "/dev/stdout": str(folder / "access.log"),
        "/dev/stderr": str(folder / "error.log"),
    }.items():
        assert container in text, container
        text = text.replace(container, here)
    (folder / "nginx.conf").write_text(text)
    return folder / "nginx.conf"


@pytest.fixture
async def front(mongodb: Embedded, external: dict[str, str], tmp_path: Path) -> AsyncIterator[Front]:
    (tmp_path / "public").mkdir()
    made = certificates(tmp_path, ["localhost", "127.0.0.1"])
    settings = external | {"trusted_proxies": "127.0.0.0/8", "rate_per_address": "4"}
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    services = [ServiceProcess(folder, settings, free_port()) for folder in folders]
    front = Front(free_port(), free_port(), made.authority, services, SimpleAsyncHTTPClient(force_instance=True))
    command = [nginx(), "-c", str(configured(tmp_path, front.http, front.https, services)), "-p", str(tmp_path)]
    checked = await asyncio.to_thread(subprocess.run, [*command, "-t"], check=False, capture_output=True)
    assert checked.returncode == 0, checked.stderr.decode()
    for service in services:
        await service.start()
    # Its workers are to read this folder, which is this user's alone.
    running = await asyncio.create_subprocess_exec(*command, "-g", f"daemon off; user {getpass.getuser()};")
    deadline = time.monotonic() + _SECONDS
    while not await front.is_up():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    try:
        yield front
    finally:
        front.client.close()
        running.terminate()
        await running.wait()
        for service in services:
            service.kill()


async def test_all_goes_through_it(front: Front, tmp_path: Path) -> None:
    # Everybody is led to TLS.
    plain = HTTPRequest(f"http://127.0.0.1:{front.http}/m/?a=b", follow_redirects=False)
    led = await front.client.fetch(plain, raise_error=False)
    assert (led.code, led.headers["Location"]) == (301, "https://127.0.0.1/m/?a=b")
    page = await front.fetch("/sign-in")
    assert (page.code, "max-age" in page.headers["Strict-Transport-Security"]) == (200, True)
    assert "Content-Security-Policy" in page.headers
    # A large body is the service's to refuse.
    tus = {"Tus-Resumable": "1.0.0"}
    refused = await front.fetch("/api/uploads", "POST", headers=tus, body=b"x" * 3_000_000)
    assert (refused.code, b'"error"' in refused.body) == (401, True)
    assert (await front.fetch("/metrics")).code == 404
    (tmp_path / "public" / "AbC123.txt").write_text("proof")
    assert (await front.fetch("/AbC123.txt")).body == b"proof"
    # A live socket is opened, and the service hears what is sent on it.
    context = ssl.create_default_context(cafile=str(front.authority))
    request = HTTPRequest(f"wss://localhost:{front.https}/api/live", ssl_options=context)
    socket = await websocket_connect(request)
    await socket.write_message('{"ticket": "wrong"}')
    async with asyncio.timeout(_SECONDS):
        while await socket.read_message() is not None:
            pass
    # One that the service closed has to be let go too.
    socket.close()
    assert socket.close_code is not None
    assert 4000 <= socket.close_code < 5000
    log = (tmp_path / "access.log").read_text()
    assert "/sign-in" in log
    assert "127.0.0.1:" in log
    assert "a=b" not in log


async def test_a_service_that_dies_is_not_noticed(front: Front) -> None:
    front.services[0].kill()
    for _ in range(10):
        assert (await front.fetch("/healthz")).code == 200


async def test_nobody_chooses_the_address_that_they_are_counted_by(front: Front) -> None:
    addresses = [{"X-Forwarded-For": f"192.0.2.{number}"} for number in range(100)]
    answers = await asyncio.gather(*(front.fetch("/api/me", headers=address) for address in addresses))
    assert {answer.code for answer in answers} == {401, 429}
