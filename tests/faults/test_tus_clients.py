"""Clients of the tus protocol that nobody here wrote: they upload, are killed, go on, and the receipt is there."""

import asyncio
import json
import random
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tornado.httpclient import AsyncHTTPClient

from backend.deps import utc_now
from backend.services import fsck
from backend.store import blobs
from backend.store.mongo import Database
from tests.faults.processes import ROOT, ServiceProcess
from tests.faults.test_uploads import service as service
from tests.faults.world import World, findings
from tests.http.conftest import Clock, make_deps, new_id

CLIENTS = {
    "tus-js-client": ("node", "tests/faults/tus_client.mjs"),
    "tuspy": (sys.executable, "-m", "tests.faults.tuspy_client"),
}
_SECONDS = 60


async def lines_of(command: list[str], until: int | None) -> list[str]:
    """What the client says; where `until` is given, it is killed once so many bytes are accepted."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe)
    assert process.stdout is not None
    said = []
    try:
        async with asyncio.timeout(_SECONDS):
            async for line in process.stdout:
                said.append(line.decode().strip())
                what, _, number = said[-1].partition(" ")
                if until is not None and what == "accepted" and int(number) >= until:
                    break
    finally:
        if process.returncode is None and until is not None:
            process.kill()
        await process.wait()
    return said


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_is_killed_and_goes_on(
    name: str, world: World, service: ServiceProcess, faults_database: Database, tmp_path: Path
) -> None:
    if name == "tus-js-client" and not (ROOT / "inspection/web/node_modules/tus-js-client").exists():
        assert shutil.which("node") is None, "make test installs inspection/web/node_modules before"
        pytest.skip("there is no Node here")
    service.kill()
    await world.install(faults_database)
    await service.start()
    sheet, data, evidence_id = world.sheets[0], b"\xff\xd8\xff\xe0" + random.randbytes(1_500_000), new_id()
    (tmp_path / "photo.jpg").write_bytes(data)
    metadata = {
        "evidence_id": evidence_id,
        "visit_id": sheet.visit_id,
        "item": world.items[0],
        "taken_at": "2022-09-05T09:30:00+08:00",
    }
    base = f"http://127.0.0.1:{service.port}"
    arguments = [f"{base}/api/uploads", sheet.inspector.token, str(tmp_path / "photo.jpg"), json.dumps(metadata)]
    command = [*CLIENTS[name], *arguments, str(tmp_path / "urls.json")]
    first = await lines_of(command, until=400_000)
    assert not any(line.startswith("done") for line in first)
    second = await lines_of(command, until=None)
    assert second[0] == "resumed"
    assert len(second) < len(data) // 200_000 + 2
    done, _, url = second[-1].partition(" ")
    assert done == "done"
    headers = {"Authorization": f"Bearer {sheet.inspector.token}"}
    answer = await AsyncHTTPClient().fetch(f"{base}{urlsplit(url).path}", headers=headers)
    receipt = json.loads(answer.body)["receipt"]
    assert (receipt["evidence_id"], receipt["sha256"]) == (evidence_id, sha256(data).hexdigest())
    blob = await faults_database.blobs.find_one({"sha256": receipt["sha256"]})
    assert blob is not None
    assert await blobs.read_original(faults_database, blob) == data
    assert await findings(make_deps(faults_database, Clock(utc_now() + fsck.YOUNG))) == []
