"""The archive of a cycle: all of it, streamed, verified, audited, and refused to others."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tornado.simple_httpclient import HTTPStreamClosedError

from backend.documents.archive import verify
from backend.errors import Unavailable
from backend.store import blobs, gridfs
from backend.store.gridfs import ORIGINALS
from backend.store.mongo import transact
from tests.documents import opened, rows
from tests.http.conftest import Clock, StartService, new_id
from tests.http.world import World, make_world
from tests.wechat_stub import running_stub

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def world(start_service: StartService, clock: Clock) -> AsyncIterator[World]:
    async with running_stub() as stub, start_service(**stub.settings) as service:
        yield await make_world(service, clock, stub)


async def archived(world: World) -> bytes:
    answer = await world.send("GET", "/api/archive", None, world.city)
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].endswith("-20220905.zip")
    return answer.body


async def blob_of(world: World, school_id: str, data: bytes, state: str = "checked", reason: str | None = None) -> str:
    """The blob of a photo that the check has found good, or else as said."""
    blob = blobs.new_blob(new_id(), school_id, sha256(data).hexdigest(), len(data), "image/jpeg", world.clock())
    blob |= {"check": {**blob["check"], "state": state, "reason": reason}}
    blob |= {"facts": {} if state == "checked" else None}
    chunks = [data[start : start + gridfs.CHUNK_BYTES] for start in range(0, len(data), gridfs.CHUNK_BYTES)]
    await gridfs.insert_chunks(world.db, ORIGINALS, blob["_id"], 0, chunks)
    await transact(world.db, lambda transaction: blobs.insert(world.db, transaction, blob))
    return str(blob["_id"])


async def test_everything_of_the_cycle_is_in_it(world: World) -> None:
    subject = await world.everything("hailing")
    picture = b"\xff\xd8\xff" + bytes(range(256)) * 4000
    blob_id = await blob_of(world, subject.school_id, picture)
    await world.db.visit_photos.update_one({"_id": subject.photo_id}, {"$set": {"blob_id": blob_id}})
    await world.db.evidence.update_one({"_id": subject.evidence_id}, {"$set": {"blob_id": new_id()}})
    await world.db.submissions.update_one(
        {"_id": subject.submission_id}, {"$set": {"submitted_at": world.clock(), "school.name": "../a:b"}}
    )
    content = await archived(world)
    found = verify(io.BytesIO(content))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    folder = f"schools/hailing/_a_b-{subject.submission_id[:8]}"
    data = json.loads(files[f"{folder}/data.json"])
    stored: Any = await world.db.submissions.find_one({"_id": subject.submission_id})
    assert data["submission"]["application"] == stored["application"]
    assert len(data["score_sheets"]) == 2
    assert [each["version"] for each in data["decisions"]] == [1]
    assert data["school"]["_id"] == subject.school_id
    assert files[f"{folder}/photos/{subject.photo_id}.jpg"] == picture
    assert "原件无法完整读取" in files[f"{folder}/photos/{subject.evidence_id}.missing.txt"].decode()
    form = opened(files[f"{folder}/documents/application_form.docx"])
    assert rows(form.tables[0])[0][1] == "../a:b"
    assert {f"{folder}/documents/{each}.docx" for each in ("self_assessment_form", "inspection_report")} <= set(files)
    assert json.loads(files["cycle/publications/1/snapshot.json"])["version"] == 1
    assert {"cycle/附件1.docx", "cycle/publications/1/公布名单.docx", "cycle/publications/1/公布名单.xlsx"} <= set(
        files
    )
    assert {"districts/海陵区/附件4.docx", "districts/海陵区/附件4.xlsx"} <= set(files)
    events = [json.loads(line)["event"] for line in files["cycle/audit-events-0001.jsonl"].splitlines()]
    assert "archive.begun" in events
    assert found.files == len(files) - 1
    everything = b"".join(files.values())
    assert b"password_hash" not in everything
    assert b"token_hash" not in everything
    answer = await world.service.get(f"/api/verify?code={found.about['code']}")
    assert (answer.json["kind"], answer.json["sha256"]) == ("archive", found.manifest_sha256)


async def test_what_the_check_has_not_found_good_is_not_in_it(world: World) -> None:
    said = {}
    for state, reason, text in (("refused", "broken", "没有通过检查"), ("pending", None, "尚未检查完")):
        subject = await world.subject("draft")
        blob_id = await blob_of(world, subject.school_id, b"\xff\xd8\xff", state=state, reason=reason)
        await world.db.evidence.update_one({"_id": subject.evidence_id}, {"$set": {"blob_id": blob_id}})
        said[f"{subject.evidence_id}.missing.txt"] = text
    with zipfile.ZipFile(io.BytesIO(await archived(world))) as archive:
        photos = {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist() if "/photos/" in name}
    assert set(photos) == set(said)
    assert all(said[name] in note.decode() for name, note in photos.items())


async def test_the_command_checks_it(world: World, tmp_path: Path) -> None:
    await world.subject("draft")
    content = await archived(world)
    file, command = tmp_path / "归档.zip", [sys.executable, "-m", "backend", "verify-archive"]

    def verified() -> "subprocess.CompletedProcess[str]":
        return subprocess.run([*command, str(file)], cwd=ROOT, capture_output=True, text=True, check=False)

    file.write_bytes(content)
    done = verified()
    assert (done.returncode, done.stderr) == (0, "")
    assert "归档完好" in done.stdout
    broken = bytearray(content)
    broken[len(content) // 2] ^= 1
    file.write_bytes(broken)
    done = verified()
    assert (done.returncode, done.stdout) == (1, "")
    assert "不符" in done.stderr
    file.unlink()
    assert verified().returncode == 2


async def test_who_may_not(world: World) -> None:
    subject = await world.subject("draft")
    district, admin = await world.sign_in("district", district="hailing"), await world.sign_in("admin")
    # Originals are in it: they are the city's alone.
    for who in (subject.contact, subject.lead, district, admin):
        assert (await world.service.get("/api/archive", who.token)).status == 403


async def test_one_that_fails_does_not_look_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.subject("draft")

    def broken(data: Any) -> bytes:
        raise Unavailable("数据库暂时不可用", retry_after=5)

    monkeypatch.setattr("backend.services.archives._json", broken)
    with pytest.raises(HTTPStreamClosedError):
        await world.service.get("/api/archive", world.city.token)
    assert await world.db.documents.find_one({"kind": "archive"}) is None
