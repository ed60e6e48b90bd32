"""`make run-lan` as a phone meets it: the link of the terminal opens a visit, over HTTPS, which then works offline."""

import asyncio
import base64
import hashlib
import re
import ssl
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate
from playwright.async_api import async_playwright, expect

from backend.store.embedded import Embedded
from backend.store.migrations import migrate
from backend.store.mongo import close, connect
from tests.browser.field import FLAGS, built_pages, chromium
from tests.browser.phone import SIZE
from tests.commands.running import environment
from tests.faults.processes import free_port


@asynccontextmanager
async def run_lan(folder: Path, settings: dict[str, str], port: int) -> AsyncIterator[str]:
    """The command with its demonstration; the inspector's link that it prints."""
    options = ["--address", "127.0.0.1", "--port", str(port), "--trust-port", str(free_port())]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "backend", "lan", *options),
        env=environment(folder, **settings),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(120):
            async for line in process.stdout:
                if link := re.search(r"评估专家（.*）：(\S+)", line.decode()):
                    yield link[1]
                    break
    finally:
        process.terminate()
        await process.communicate()


def key_of(port: int) -> str:
    """The SHA-256 of the service's public key, as Chromium takes it for one to trust."""
    pem = ssl.get_server_certificate(("127.0.0.1", port))
    key = load_der_x509_certificate(ssl.PEM_cert_to_DER_cert(pem)).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


@pytest.fixture
async def settings(mongodb: Embedded) -> AsyncIterator[dict[str, str]]:
    """A database of its own."""
    name = f"lan-{uuid.uuid4().hex[:8]}"
    db = connect(mongodb.uri, name)
    await migrate(db)
    yield {"mongodb_uri": mongodb.uri, "database": name}
    await db.client.drop_database(name)
    close(db)


async def test_the_inspectors_link_opens_a_visit_that_works_offline(tmp_path: Path, settings: dict[str, str]) -> None:
    built_pages()
    port = free_port()
    async with run_lan(tmp_path, settings, port) as link, async_playwright() as playwright:
        assert link.startswith(f"https://127.0.0.1:{port}/sign-in#")
        trust = f"--ignore-certificate-errors-spki-list={await asyncio.to_thread(key_of, port)}"
        phone = await playwright.chromium.launch_persistent_context(
            str(tmp_path / "phone"), executable_path=chromium(), args=[*FLAGS, trust], viewport=SIZE, locale="zh-CN"
        )
        page = phone.pages[0]
        await page.goto(link)
        await page.wait_for_url("**/m/visits/*", timeout=30_000)
        await expect(page.get_by_role("link", name="接着打分")).to_be_visible(timeout=30_000)
        assert await page.evaluate("() => isSecureContext")
        await page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
        await phone.set_offline(True)
        await page.goto(f"{page.url}/score/1.1")
        await expect(page.get_by_role("button", name="0.5 分").first).to_be_enabled()
        await phone.close()
