"""Uploads: the tus protocol, the form, receipts; what is refused, and what a cut leaves behind."""

import asyncio
import random
import tracemalloc
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.services.receiving import LEASE
from backend.services.upload_sweep import sweep
from backend.store import blobs, gridfs
from backend.store.gridfs import CHUNK_BYTES
from inspection.rules.workflow import State
from tests.http.conftest import START, Service, SignedIn, SignIn, StartService, new_id
from tests.http.uploading import (
    BYTES,
    ITEM,
    TUS,
    Client,
    checksum,
    encoded,
    form_body,
    jpeg,
    of_submission,
    of_visit,
    sha256,
)
from tests.http.visiting import Visiting, make_visiting

MB = 1024 * 1024


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


@pytest.fixture
async def inspector(world: Visiting) -> SignedIn:
    return (await world.inspectors(1))[0]


@pytest.fixture
async def visit(world: Visiting, inspector: SignedIn) -> str:
    return await world.plan(await world.school(), inspector)


@pytest.fixture
def client(service: Service, inspector: SignedIn) -> Client:
    return Client(service, inspector.token)


@dataclass(frozen=True, slots=True)
class Drafting:
    """A school that fills in its form, in August."""

    world: Visiting
    client: Client
    submission_id: str


@pytest.fixture
async def drafting(world: Visiting) -> Drafting:
    school = await world.school(state=State.DRAFT, handed_in=False)
    contact = await world.sign_in("school", school_id=school.id)
    world.service.clock.set(START)
    return Drafting(world, Client(world.service, contact.token), school.submission_id)


async def stored(world: Visiting, evidence_id: str) -> bytes:
    """The bytes of a photo of a visit as they are stored."""
    photo = await world.db.visit_photos.find_one({"_id": evidence_id})
    blob = await blobs.find(world.db, photo["blob_id"])
    assert blob is not None
    assert blob["sha256"] == photo["sha256"]
    return await blobs.read_original(world.db, blob)


async def left_over(world: Visiting) -> set[str]:
    """The uploads that there are chunks of, beside the blobs."""
    ids = set(await world.db["originals.chunks"].distinct("files_id"))
    return ids - {blob["_id"] async for blob in world.db.blobs.find({})}


async def test_what_is_spoken_is_said_to_everybody(world: Visiting) -> None:
    answer = await world.service.request("OPTIONS", "/api/uploads")
    assert answer.status == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Max-Size"] == str(20 * MB)
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    extensions = {"creation", "creation-with-upload", "checksum", "expiration", "termination"}
    assert set(answer.headers["Tus-Extension"].split(",")) == extensions


@pytest.mark.parametrize("size", [1000, CHUNK_BYTES, 3 * CHUNK_BYTES, 5 * MB + 17])
async def test_a_photo_comes_in_pieces_and_gets_a_receipt(
    world: Visiting, client: Client, visit: str, size: int
) -> None:
    data, said = jpeg(size), of_visit(visit)
    url = await client.begin(said, size)
    third = size // 3
    for start, stop in ((0, third), (third, 2 * third)):
        answer = await client.append(url, start, data[start:stop])
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(stop)), answer.body
        assert "Repr-Digest" not in answer.headers
        assert await client.offset(url) == stop
    assert await world.db.visit_photos.count_documents({}) == 0
    answer = await client.append(url, 2 * third, data[2 * third :])
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(size))
    assert answer.headers["Repr-Digest"].startswith("sha-256=:")
    found = await client.read(url)
    assert found["state"] == "stored"
    assert found["receipt"] == {
        "evidence_id": said["evidence_id"],
        "sha256": sha256(data),
        "size": size,
        "stored_at": "2022-09-05T02:00:00Z",
    }
    assert await stored(world, said["evidence_id"]) == data
    assert await left_over(world) == set()


async def test_a_head_says_how_far_it_has_come_and_what_was_said(client: Client, visit: str) -> None:
    said = of_visit(visit, device="华为 Mate 40", latitude="32.45", longitude="119.92")
    url = await client.begin(said, 5000)
    answer = await client.service.request("HEAD", url, token=client.token, headers=TUS)
    assert answer.status == 200
    assert answer.headers["Upload-Length"] == "5000"
    assert answer.headers["Upload-Offset"] == "0"
    assert answer.headers["Upload-Metadata"] == encoded(said)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Upload-Expires"] == "Mon, 12 Sep 2022 02:00:00 GMT"


async def test_what_the_phone_said_stands_in_the_record(world: Visiting, client: Client, visit: str) -> None:
    said = of_visit(visit, device="华为 Mate 40", latitude="32.45", longitude="119.92")
    await client.upload(said, jpeg(1000))
    photo = await world.db.visit_photos.find_one({"_id": said["evidence_id"]})
    assert photo["upload"]["device"] == "华为 Mate 40"
    assert photo["upload"]["location"] == {"latitude": 32.45, "longitude": 119.92}
    assert photo["taken_at"].isoformat() == "2022-09-05T01:30:00+00:00"


async def test_what_a_school_said_stands_in_the_record(drafting: Drafting) -> None:
    said = of_submission(drafting.submission_id, item=ITEM, taken_at="2022-08-01T09:30:00+08:00", kind="file")
    said |= {"device": "华为 Mate 40", "latitude": "32.45", "longitude": "119.92"}
    await drafting.client.upload(said, jpeg(1000))
    (record,) = await drafting.world.db.evidence.find({}).to_list(None)
    assert (record["_id"], record["item"], record["kind"]) == (said["evidence_id"], ITEM, "file")
    assert record["upload"] == {
        "taken_at": datetime.fromisoformat(said["taken_at"]),
        "location": {"latitude": 32.45, "longitude": 119.92},
        "device": "华为 Mate 40",
    }


@pytest.mark.parametrize("size", [1, 3, 2 * MB])
async def test_all_at_once(world: Visiting, client: Client, visit: str, size: int) -> None:
    data, said = jpeg(size), of_visit(visit)
    answer = await client.create(said, size, data)
    if size < 3:
        # Three bytes say that it is a JPEG.
        assert (answer.status, answer.error["code"]) == (415, "not_a_photo")
        return
    assert answer.status == 201
    assert answer.headers["Upload-Offset"] == str(size)
    assert answer.json["receipt"]["sha256"] == sha256(data)
    assert await stored(world, said["evidence_id"]) == data


async def test_a_creation_with_some_bytes_is_gone_on_with(client: Client, visit: str) -> None:
    data = jpeg(MB)
    answer = await client.create(of_visit(visit), len(data), data[:300_000])
    assert (answer.status, answer.headers["Upload-Offset"], answer.json["receipt"]) == (201, "300000", None)
    answer = await client.append(answer.headers["Location"], 300_000, data[300_000:])
    assert answer.status == 204


async def test_a_form_as_wechat_sends_it(world: Visiting, client: Client, visit: str) -> None:
    data, said = jpeg(MB + 5), of_visit(visit)
    answer = await client.form(said, data)
    assert answer.status == 201, answer.body
    assert answer.json["sha256"] == sha256(data)
    assert await stored(world, said["evidence_id"]) == data
    again = await client.form(said, data)
    assert again.json == answer.json
    assert await left_over(world) == set()


async def test_a_form_may_come_byte_by_byte(world: Visiting, client: Client, visit: str) -> None:
    data, said = jpeg(700), of_visit(visit)
    body = form_body("b", said, data)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.service.port)
    head = f"POST /api/uploads/form HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n"
    head += f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode())
    for start in range(0, len(body), 7):
        writer.write(body[start : start + 7])
        await writer.drain()
        await asyncio.sleep(0)
    assert b" 201 " in await reader.readline()
    writer.close()
    assert await stored(world, said["evidence_id"]) == data


@pytest.mark.parametrize(
    ("fields", "body", "code"),
    [
        ({}, None, "invalid"),
        ({"evidence_id": "x"}, None, "invalid"),
        ({}, b"no form at all", "bad_form"),
        ({}, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--b--\r\n', "bad_form"),
        ({}, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 5000 + b"\r\n--b--\r\n", "bad_form"),
    ],
)
async def test_a_bad_form_is_refused(
    world: Visiting, client: Client, fields: dict[str, str], body: bytes | None, code: str
) -> None:
    if body is None:
        answer = await client.form(fields, jpeg(100))
    else:
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = await client.service.request(
            "POST", "/api/uploads/form", token=client.token, headers=headers, body=body
        )
    assert (answer.status, answer.error["code"]) == (422 if code == "invalid" else 400, code)
    assert await left_over(world) == set()


async def test_the_same_again_gets_the_same_receipt_and_is_stored_once(
    world: Visiting, client: Client, visit: str
) -> None:
    data, said = jpeg(MB), of_visit(visit)
    first = await client.upload(said, data)
    world.service.clock.advance(hours=1)
    assert await client.upload(said, data) == first
    assert (await client.form(said, data)).json == first
    assert await world.db.visit_photos.count_documents({}) == await world.db.blobs.count_documents({}) == 1
    assert await left_over(world) == set()


async def test_a_repeat_that_comes_late_gets_the_same_receipt(world: Visiting, client: Client, visit: str) -> None:
    """Though nothing new would be taken any more: whoever lost the answer must come to know that all is well."""
    data, said = jpeg(MB), of_visit(visit)
    first = await client.upload(said, data)
    await world.db.visits.update_one({"_id": visit}, {"$set": {"state": "closed"}})
    assert await client.upload(said, data) == first
    assert (await client.form(said, data)).json == first
    assert await left_over(world) == set()


async def test_a_schools_repeat_after_handing_in_gets_the_same_receipt(drafting: Drafting) -> None:
    data, said = jpeg(MB), of_submission(drafting.submission_id)
    first = await drafting.client.upload(said, data)
    submitted = {"$set": {"state": State.SUBMITTED.value}}
    await drafting.world.db.submissions.update_one({"_id": drafting.submission_id}, submitted)
    assert await drafting.client.upload(said, data) == first
    assert (await drafting.client.form(said, data)).json == first
    other = await drafting.client.create(of_submission(drafting.submission_id), MB, jpeg(MB))
    assert (other.status, other.error["code"]) == (409, "wrong_state")


async def test_another_content_under_the_same_id_is_refused(world: Visiting, client: Client, visit: str) -> None:
    said = of_visit(visit)
    await client.upload(said, data := jpeg(MB))
    for answer in (await client.create(said, MB, jpeg(MB)), await client.form(said, jpeg(MB))):
        assert (answer.status, answer.error["code"]) == (409, "id_taken")
    # Where the hash is said at once, nothing needs to be sent.
    answer = await client.create(said | {"sha256": "ab" * 32}, MB)
    assert (answer.status, answer.error["code"]) == (409, "id_taken")
    assert await stored(world, said["evidence_id"]) == data
    assert await left_over(world) == set()


async def test_what_was_announced_binds_the_upload(world: Visiting, client: Client, visit: str) -> None:
    data, photo = jpeg(MB), new_id()
    announced = {"id": photo, "item": ITEM, "taken_at": "2022-09-05T09:30:00+08:00", "sha256": sha256(data)}
    answer = await world.service.post(f"/api/visits/{visit}/evidence", announced, client.token)
    assert (answer.json["sha256"], answer.json["stored_at"]) == (sha256(data), None)
    other = await client.create(of_visit(visit, photo), MB, jpeg(MB))
    assert (other.status, other.error["code"]) == (409, "id_taken")
    assert (await client.upload(of_visit(visit, photo), data))["sha256"] == sha256(data)
    listed = (await world.get(f"/api/visits/{visit}/evidence")).json["items"]
    assert [(each["id"], each["stored_at"]) for each in listed] == [(photo, "2022-09-05T02:00:00Z")]


async def test_a_hash_that_was_said_must_be_right(world: Visiting, client: Client, visit: str) -> None:
    said = of_visit(visit, sha256="ab" * 32)
    answer = await client.create(said, MB, jpeg(MB))
    assert (answer.status, answer.error["code"]) == (409, "other_content")
    assert await world.db.visit_photos.count_documents({}) == 0
    assert await left_over(world) == set()


async def test_one_content_of_a_school_is_stored_once(world: Visiting, client: Client, visit: str) -> None:
    data = jpeg(MB)
    receipts = [await client.upload(of_visit(visit), data) for _ in range(3)]
    assert {receipt["sha256"] for receipt in receipts} == {sha256(data)}
    assert await world.db.visit_photos.count_documents({}) == 3
    assert await world.db.blobs.count_documents({}) == await world.db["originals.files"].count_documents({}) == 1
    assert await left_over(world) == set()


async def test_one_content_that_comes_twice_at_once_is_stored_once(world: Visiting, client: Client, visit: str) -> None:
    data = jpeg(3 * MB)
    receipts = await asyncio.gather(*(client.upload(of_visit(visit), data) for _ in range(6)))
    assert len({receipt["evidence_id"] for receipt in receipts}) == 6
    assert await world.db.blobs.count_documents({}) == await world.db["originals.files"].count_documents({}) == 1
    for receipt in receipts:
        assert await stored(world, receipt["evidence_id"]) == data
    assert await left_over(world) == set()


async def test_a_checksum_is_held_to_and_the_request_counts_as_a_whole(
    world: Visiting, client: Client, visit: str
) -> None:
    data = jpeg(3 * MB)
    url = await client.begin(of_visit(visit), len(data))
    half = len(data) // 2 + 11
    for name in ("sha1", "sha256"):
        wrong = checksum(b"something else", name)
        answer = await client.append(url, 0, data[:half], **wrong)
        assert (answer.status, answer.error["code"]) == (460, "checksum_mismatch")
        assert await client.offset(url) == 0
    assert await left_over(world) == set()
    assert (await client.append(url, 0, data[:half], **checksum(data[:half], "sha1"))).status == 204
    assert (await client.append(url, half, data[half:], **checksum(b"wrong"))).status == 460
    assert await client.offset(url) == half
    assert (await client.append(url, half, data[half:], **checksum(data[half:]))).status == 204
    assert (await client.read(url))["receipt"]["sha256"] == sha256(data)


async def test_what_was_altered_on_its_way_is_not_taken_for_another_format(client: Client, visit: str) -> None:
    """Its first bytes too may be what was altered: only once the checksum is right do they say what the file is."""
    data = jpeg(MB)
    url = await client.begin(of_visit(visit), len(data))
    altered = b"GIF89a" + data[6:]
    assert (await client.append(url, 0, altered, **checksum(data))).status == 460
    assert await client.offset(url) == 0
    assert (await client.append(url, 0, data, **checksum(data))).status == 204
    for sent in (5000, MB):
        url = await client.begin(of_visit(visit), MB)
        answer = await client.append(url, 0, altered[:sent], **checksum(altered[:sent]))
        assert (answer.status, answer.error["code"]) == (415, "gif")


async def test_a_cut_request_with_a_checksum_leaves_nothing(world: Visiting, client: Client, visit: str) -> None:
    data = jpeg(3 * MB)
    url = await client.begin(of_visit(visit), len(data))
    await client.cut(url, 0, data, 2 * MB, **checksum(data))
    assert await client.offset(url) == 0
    assert await left_over(world) == set()
    answer = await client.create(of_visit(visit), len(data), data, **checksum(b"wrong"))
    assert answer.status == 460
    assert await left_over(world) == set()


@pytest.mark.parametrize("chunks", [4, 9])
async def test_a_cut_at_every_boundary_of_a_chunk_and_within_loses_less_than_a_chunk(
    client: Client, visit: str, chunks: int
) -> None:
    """Of a file that is gathered whole, and of one that is written in batches."""
    data = jpeg(chunks * CHUNK_BYTES + 5000)
    places = [n * CHUNK_BYTES + more for n in range(chunks + 1) for more in (-1, 0, 1, 2500)]
    for place in [*places[1:], len(data) - 1]:
        url = await client.begin(of_visit(visit), len(data))
        await client.cut(url, 0, data, place)
        reached = await client.offset(url)
        assert place - CHUNK_BYTES < reached <= place
        assert (await client.append(url, reached, data[reached:])).status == 204
        assert (await client.read(url))["receipt"]["sha256"] == sha256(data)


async def test_cut_again_and_again_it_comes_to_its_end(world: Visiting, client: Client, visit: str) -> None:
    data, said = jpeg(2 * MB), of_visit(visit)
    url = await client.begin(said, len(data))
    while (reached := await client.offset(url)) < len(data) - 150_000:
        await client.cut(url, reached, data[reached:], 150_000)
    assert (await client.append(url, reached, data[reached:])).status == 204
    assert await stored(world, said["evidence_id"]) == data


async def test_a_cut_form_leaves_nothing(world: Visiting, client: Client, visit: str) -> None:
    body = form_body("b", of_visit(visit), jpeg(2 * MB))
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(len(body))}
    await client.send_raw("POST", "/api/uploads/form", headers, body[:MB])
    assert await left_over(world) == set()
    assert await world.db.visit_photos.count_documents({}) == 0


async def test_another_process_goes_on_where_one_was_cut(
    world: Visiting, client: Client, visit: str, start_service: StartService
) -> None:
    data, said = jpeg(2 * MB), of_visit(visit)
    url = await client.begin(said, len(data))
    assert (await client.append(url, 0, data[:MB])).status == 204
    async with start_service() as other:
        assert (await Client(other, client.token).append(url, MB, data[MB:])).status == 204
    assert await stored(world, said["evidence_id"]) == data


async def test_two_requests_on_one_upload_do_not_mix(world: Visiting, client: Client, visit: str) -> None:
    data, said = jpeg(2 * MB), of_visit(visit)
    url = await client.begin(said, len(data))
    answers = await asyncio.gather(*(client.append(url, 0, data) for _ in range(5)))
    assert sorted(answer.status for answer in answers)[0] == 204
    refused = [answer for answer in answers if answer.status != 204]
    assert len(refused) == 4
    assert {(answer.status, answer.error["code"]) for answer in refused} <= {(423, "locked"), (409, "wrong_offset")}
    assert await stored(world, said["evidence_id"]) == data
    assert await left_over(world) == set()


async def test_two_uploads_of_one_id_at_once_are_one(world: Visiting, client: Client, visit: str) -> None:
    data, said = jpeg(MB), of_visit(visit)
    answers = await asyncio.gather(
        *(client.create(said, MB, data) for _ in range(4)), *(client.form(said, data) for _ in range(4))
    )
    assert {answer.status for answer in answers} == {201}
    receipts = [answer.json.get("receipt", answer.json) for answer in answers]
    assert all(receipt == receipts[0] for receipt in receipts)
    assert await world.db.visit_photos.count_documents({}) == await world.db.blobs.count_documents({}) == 1
    assert await left_over(world) == set()


async def test_two_contents_of_one_id_at_once_one_is_refused(world: Visiting, client: Client, visit: str) -> None:
    said, contents = of_visit(visit), [jpeg(MB) for _ in range(4)]
    answers = await asyncio.gather(*(client.create(said, MB, data) for data in contents))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    (won,) = [data for data, answer in zip(contents, answers, strict=True) if answer.status == 201]
    assert await stored(world, said["evidence_id"]) == won
    assert await left_over(world) == set()


async def test_a_request_without_bytes_gives_the_upload_free(world: Visiting, client: Client, visit: str) -> None:
    """A connection that is dead and not known to be: no more bytes come, and nothing says so."""
    data, sent = jpeg(4 * MB), 4 * CHUNK_BYTES + 100_000
    url = await client.begin(of_visit(visit), len(data))
    reader, writer = await asyncio.open_connection("127.0.0.1", client.service.port)
    lines = (
        TUS
        | BYTES
        | {"Upload-Offset": "0", "Content-Length": str(len(data)), "Authorization": f"Bearer {client.token}"}
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"PATCH {url} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode() + data[:sent])
    await writer.drain()
    while await world.db["originals.chunks"].count_documents({}) < 4:  # noqa: ASYNC110 - it says nothing
        await asyncio.sleep(0.01)
    assert (await client.append(url, 0, data)).status == 423
    # How far it has come would not be true for long: whoever went on from there would send it in vain.
    assert (await client.service.request("HEAD", url, token=client.token, headers=TUS)).status == 423
    world.service.clock.advance(seconds=LEASE.total_seconds())
    reached = await client.offset(url)
    assert reached == 4 * CHUNK_BYTES
    assert (await client.append(url, reached, data[reached:])).status == 204
    # The first one wakes up, and finds that it is late.
    writer.write(data[sent:])
    assert b" 423 " in await reader.readline()
    writer.close()
    assert (await client.read(url))["receipt"]["sha256"] == sha256(data)


async def test_wrong_offsets_lengths_and_headers(world: Visiting, client: Client, visit: str) -> None:
    data = jpeg(MB)
    url = await client.begin(of_visit(visit), len(data))
    for offset in (1, MB, 5 * MB):
        answer = await client.append(url, offset, data[:100])
        assert (answer.status, answer.error["code"]) == (409, "wrong_offset")
    for bad in ("-1", "x", "1.5", ""):
        answer = await client.append(url, 0, data, **{"Upload-Offset": bad})
        assert (answer.status, answer.paths) == (400, ["/header/Upload-Offset"])
    for bad in ("-5", "0", "x"):
        answer = await client.create(of_visit(visit), 1, None, **{"Upload-Length": bad})
        assert (answer.status, answer.paths) == (400, ["/header/Upload-Length"])
    answer = await client.create(of_visit(visit), 20 * MB + 1)
    assert (answer.status, answer.error["code"]) == (413, "too_large")
    for bad in ("md5 aaaa", "sha256 !", "sha256"):
        assert (await client.append(url, 0, data, **{"Upload-Checksum": bad})).status == 400
    answer = await client.append(url, 0, data, **{"Tus-Resumable": "0.2.2"})
    assert (answer.status, answer.headers["Tus-Version"]) == (412, "1.0.0")
    answer = await client.append(url, 0, data, **{"Content-Type": "image/jpeg"})
    assert answer.status == 415
    assert await client.offset(url) == 0


async def test_more_than_was_announced_is_refused_and_what_came_before_stays(client: Client, visit: str) -> None:
    data = jpeg(MB)
    url = await client.begin(of_visit(visit), MB // 2)
    answer = await client.append(url, 0, data)
    assert (answer.status, answer.error["code"]) == (413, "longer_than_announced")
    reached = await client.offset(url)
    assert reached <= MB // 2
    assert (await client.append(url, reached, data[reached : MB // 2])).status == 204
    assert (await client.append(url, MB // 2, b"more")).error["code"] == "wrong_offset"


@pytest.mark.parametrize("form", [False, True])
async def test_a_large_file_is_never_in_memory_as_a_whole(
    client: Client, visit: str, monkeypatch: pytest.MonkeyPatch, form: bool
) -> None:
    """However slowly MongoDB takes it: then the client has to wait."""
    insert_chunks = gridfs.insert_chunks

    async def slowly(*anything: Any, **more: Any) -> None:
        await asyncio.sleep(0.05)
        await insert_chunks(*anything, **more)

    monkeypatch.setattr(gridfs, "insert_chunks", slowly)
    size, piece = 20 * MB, random.randbytes(64 * 1024)
    tracemalloc.start()
    try:
        for kind in ("warm-up", "measured"):
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            said = of_visit(visit)
            first, last = form_body("b", said, jpeg(16)).rsplit(b"\r\n--b--", 1) if form else (jpeg(16), b"")
            last = b"\r\n--b--" + last if form else b""
            whole = size - 16 + len(first) + len(last)
            head = {"Content-Length": str(whole), "Content-Type": "multipart/form-data; boundary=b"}
            if not form:
                head |= TUS | BYTES | {"Upload-Length": str(size), "Upload-Metadata": encoded(said)}
            reader, writer = await client.opened("POST", "/api/uploads/form" if form else "/api/uploads", head)
            writer.write(first)
            for start in range(16, size, len(piece)):
                writer.write(memoryview(piece)[: min(len(piece), size - start)])
                await writer.drain()
            writer.write(last)
            assert b" 201 " in await asyncio.wait_for(reader.readline(), 30), kind
            writer.close()
            await client.settled()
            peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    print(f"peak {peak / MB:.1f} MB")
    assert peak < 6 * MB


async def test_a_form_beyond_the_limit_is_refused(world: Visiting, client: Client, visit: str) -> None:
    answer = await client.form(of_visit(visit), jpeg(20 * MB + 1))
    assert (answer.status, answer.error["code"]) == (413, "too_large")
    assert await left_over(world) == set()


async def test_what_is_no_photo_is_refused_by_its_first_bytes(world: Visiting, client: Client, visit: str) -> None:
    for data, code in ((b"GIF89a" + bytes(MB), "gif"), (b"<svg " + bytes(MB), "svg"), (b"%PDF-1.4" + bytes(MB), "pdf")):
        url = await client.begin(of_visit(visit), len(data))
        answer = await client.append(url, 0, data)
        assert (answer.status, answer.error["code"]) == (415, code)
        assert (await client.service.request("HEAD", url, token=client.token, headers=TUS)).status == 410
        assert (await client.form(of_visit(visit), data)).error["code"] == code
    assert await left_over(world) == set()


async def test_an_upload_expires_and_is_swept(world: Visiting, client: Client, visit: str) -> None:
    data = jpeg(MB)
    url = await client.begin(of_visit(visit), len(data))
    await client.append(url, 0, data[:600_000])
    world.service.clock.advance(hours=world.service.deps.settings.upload_hours)
    session = {"$set": {"seen_at": world.service.clock(), "expires_at": world.service.clock() + timedelta(days=9)}}
    await world.db.sessions.update_many({}, session)
    answer = await client.append(url, 600_000, data[600_000:])
    assert (answer.status, answer.error["code"]) == (410, "upload_over")
    assert (await client.service.get(url, client.token)).status == 410
    assert len(await left_over(world)) == 1
    assert await sweep(world.service.deps) == 1
    assert await left_over(world) == set()
    assert (await client.service.get(url, client.token)).status == 404


async def test_sweeping_leaves_what_is_stored(world: Visiting, client: Client, visit: str) -> None:
    said, data = of_visit(visit), jpeg(MB)
    await client.upload(said, data)
    await client.upload(of_visit(visit), data)
    world.service.clock.advance(days=30)
    swept = await asyncio.gather(*(sweep(world.service.deps) for _ in range(3)))
    assert sum(swept) == 2
    assert await world.db.uploads.count_documents({}) == 0
    assert await stored(world, said["evidence_id"]) == data


async def test_an_upload_is_ended(world: Visiting, client: Client, visit: str) -> None:
    url = await client.begin(of_visit(visit), MB)
    await client.append(url, 0, jpeg(500_000))
    assert (await client.service.delete(url, client.token, headers=TUS)).status == 204
    assert await left_over(world) == set()
    assert (await client.append(url, 500_000, b"x")).status == 410
    # What is stored stays.
    answer = await client.create(said := of_visit(visit), MB, data := jpeg(MB))
    assert (await client.service.delete(answer.headers["Location"], client.token, headers=TUS)).status == 204
    assert await stored(world, said["evidence_id"]) == data


async def test_below_the_reserve_nothing_is_taken(
    world: Visiting, client: Client, visit: str, start_service: StartService
) -> None:
    url = await client.begin(of_visit(visit), MB)
    async with start_service(disk_reserve=2**60) as full:
        other = Client(full, client.token)
        data = jpeg(MB)
        answers = [
            await other.create(of_visit(visit), MB),
            await other.create(of_visit(visit), MB, data),
            await other.append(url, 0, data),
            await other.form(of_visit(visit), data),
        ]
        assert [(answer.status, answer.error["code"]) for answer in answers] == [(507, "insufficient_storage")] * 4
        # Whoever sends nothing but the head is told already.
        whole = TUS | BYTES | {"Content-Length": str(MB)}
        created = whole | {"Upload-Length": str(MB), "Upload-Metadata": encoded(of_visit(visit))}
        form = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(MB)}
        for method, path, head in (
            ("PATCH", url, whole | {"Upload-Offset": "0"}),
            ("POST", "/api/uploads", created),
            ("POST", "/api/uploads/form", form),
        ):
            assert b" 507 " in (await other.send_raw(method, path, head, b"", gone=False)).splitlines()[0]
        assert await world.db["originals.chunks"].count_documents({}) == 0
        assert await other.offset(url) == 0
    assert (await client.append(url, 0, data)).status == 204


async def test_a_client_without_patch_says_what_it_means(client: Client, visit: str) -> None:
    data = jpeg(1000)
    url = await client.begin(of_visit(visit), len(data))
    headers = TUS | BYTES | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    answer = await client.service.request("POST", url, token=client.token, headers=headers, body=data)
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, "1000")
    override = TUS | {"X-HTTP-Method-Override": "DELETE"}
    assert (await client.service.request("POST", url, token=client.token, headers=override, body=b"")).status == 204


async def test_an_upload_is_its_owners_alone(world: Visiting, client: Client, visit: str) -> None:
    url = await client.begin(of_visit(visit), MB)
    (stranger,) = await world.inspectors(1)
    other = Client(client.service, stranger.token)
    assert (await other.append(url, 0, jpeg(MB))).status == 404
    assert (await other.service.get(url, other.token)).status == 404
    assert (await other.service.delete(url, other.token, headers=TUS)).status == 404
    assert (await other.create(of_visit(visit), MB)).status == 404
    assert (await other.form(of_visit(visit), jpeg(MB))).status == 404


async def test_bad_metadata_is_told_all_at_once(client: Client) -> None:
    answer = await client.create({"evidence_id": "x", "visit_id": new_id(), "latitude": "north", "colour": "red"}, MB)
    assert answer.status == 422
    prefix = "/header/Upload-Metadata"
    assert set(answer.paths) >= {f"{prefix}/evidence_id", f"{prefix}/latitude", f"{prefix}/colour"}
    headers = TUS | {"Upload-Length": "5", "Upload-Metadata": "evidence_id ?"}
    answer = await client.service.request("POST", "/api/uploads", token=client.token, headers=headers, body=b"")
    assert (answer.status, answer.paths) == (400, ["/header/Upload-Metadata"])
    both = of_visit(new_id()) | {"submission_id": new_id()}
    assert [detail["code"] for detail in (await client.create(both, 5)).error["details"]] == ["one_owner"]


async def test_a_closed_visit_takes_no_more_photos(world: Visiting, client: Client, visit: str) -> None:
    data = jpeg(MB)
    url = await client.begin(of_visit(visit), MB)
    await world.db.visits.update_one({"_id": visit}, {"$set": {"state": "closed"}})
    assert (await client.create(of_visit(visit), MB)).error["code"] == "visit_closed"
    answer = await client.append(url, 0, data)
    assert (answer.status, answer.error["code"]) == (409, "visit_closed")
    # The city opens it again: what came is still there, and gets its receipt.
    await world.db.visits.update_one({"_id": visit}, {"$set": {"state": "open"}})
    assert (await client.read(url))["receipt"]["sha256"] == sha256(data)


async def test_a_school_uploads_for_its_form(drafting: Drafting) -> None:
    said = of_submission(drafting.submission_id, kind="scan", name="盖章.pdf")
    data = b"%PDF-1.7\n" + bytes(5000)
    receipt = await drafting.client.upload(said, data)
    assert receipt["sha256"] == sha256(data)
    path = f"/api/submissions/{drafting.submission_id}/evidence"
    found = (await drafting.client.service.get(path, drafting.client.token)).json["items"]
    assert [(each["id"], each["kind"], each["size"], each["stored_at"]) for each in found] == [
        (said["evidence_id"], "scan", len(data), "2022-08-15T02:00:00Z")
    ]
