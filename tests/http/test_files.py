"""Pictures, documents and originals: who gets an address, what it leads to, how it is sent."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.http.arriving import Arrivals
from tests.http.conftest import Answer, Service, SignedIn, SignIn, new_id
from tests.http.visiting import SEPTEMBER, School, Visiting, make_visiting
from tests.photos import decoded, encoded, exif, photo, picture

PDF = b"%PDF-1.4\nxref\n0 1\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"
THERE = (32.4553, 119.9229)


@pytest.fixture
async def visiting(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


@pytest.fixture
def arrivals(service: Service) -> Arrivals:
    return Arrivals(service.deps)


async def shown(visiting: Visiting, school: School, record: str, who: SignedIn | None = None) -> Any:
    """What the record's answer says of its file."""
    answer = await visiting.get(f"/api/submissions/{school.submission_id}/evidence/{record}", who)
    assert answer.status == 200, answer.body
    return answer.json["file"]


async def one_photo(visiting: Visiting, arrivals: Arrivals, size: tuple[int, int] = (640, 480)) -> tuple[School, str]:
    school = await visiting.school()
    record = await arrivals.evidence(school, "1.1.1", photo(1, size=size, place=THERE))
    await arrivals.check_all()
    return school, record


async def fetch(visiting: Visiting, address: str, **headers: str) -> Answer:
    return await visiting.service.get(address, headers=headers)


async def test_a_picture_is_shown_by_its_address_alone(visiting: Visiting, arrivals: Arrivals) -> None:
    school, record = await one_photo(visiting, arrivals)
    file = await shown(visiting, school, record)
    assert (file["check"], file["refusal"], file["document"]) == ("checked", None, None)
    for part, longer in (("small", 320), ("large", 640)):
        for accept, content_type in (("*/*", "image/jpeg"), ("image/avif,image/webp,*/*", "image/webp")):
            answer = await fetch(visiting, file[part], Accept=accept)
            assert answer.status == 200
            assert answer.headers["Content-Type"] == content_type
            assert max(decoded(answer.body).size) == longer
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Disposition"] == "inline"
            assert answer.headers["Vary"] == "Accept"
            assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
            caching = answer.headers["Cache-Control"].split(", ")
            assert caching[0] == "private" and caching[2] == "immutable"
            assert 24 * 3600 <= int(caching[1].removeprefix("max-age=")) <= 48 * 3600


async def test_it_is_not_fetched_twice(visiting: Visiting, arrivals: Arrivals) -> None:
    school, record = await one_photo(visiting, arrivals)
    address = (await shown(visiting, school, record))["small"]
    visiting.service.clock.advance(hours=3)
    assert (await shown(visiting, school, record))["small"] == address
    etag = (await fetch(visiting, address)).headers["ETag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        again = await fetch(visiting, address, **{"If-None-Match": known})
        assert (again.status, again.body) == (304, b"")
        assert again.headers["ETag"] == etag
    assert (await fetch(visiting, address, **{"If-None-Match": '"other"'})).status == 200


async def test_head(visiting: Visiting, arrivals: Arrivals) -> None:
    school, record = await one_photo(visiting, arrivals)
    address = (await shown(visiting, school, record))["large"]
    whole = await fetch(visiting, address)
    head = await visiting.service.request("HEAD", address)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(whole.body))
    assert head.headers["ETag"] == whole.headers["ETag"]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-99", 10, 100),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=5-999999999999999999999999", 5, None),
        ("bytes=-999999999", 0, None),
    ],
)
async def test_parts(visiting: Visiting, arrivals: Arrivals, asked: str, start: int, stop: int | None) -> None:
    school, record = await one_photo(visiting, arrivals)
    address = (await shown(visiting, school, record))["large"]
    whole = (await fetch(visiting, address)).body
    part = await fetch(visiting, address, Range=asked)
    assert part.status == 206
    assert part.body == whole[start:stop]
    first = start % len(whole)
    assert part.headers["Content-Range"] == f"bytes {first}-{first + len(part.body) - 1}/{len(whole)}"


async def test_parts_of_an_original_across_its_chunks(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    data = encoded(picture(2, size=(960, 720)), "PNG")
    assert len(data) > 2 * 255 * 1024
    record = await arrivals.evidence(school, "1.1.1", data)
    await arrivals.check_all()
    path = f"/api/submissions/{school.submission_id}/evidence/{record}/original"
    for start, stop in ((0, len(data) - 1), (255 * 1024 - 1, 255 * 1024), (255 * 1024, 2 * 255 * 1024), (1, 2)):
        answer = await visiting.service.get(path, visiting.city.token, headers={"Range": f"bytes={start}-{stop}"})
        assert (answer.status, answer.body) == (206, data[start : stop + 1])


async def test_what_is_no_part(visiting: Visiting, arrivals: Arrivals) -> None:
    school, record = await one_photo(visiting, arrivals)
    address = (await shown(visiting, school, record))["small"]
    whole = await fetch(visiting, address)
    for asked in ("bytes=9-3", "bytes=-", "bytes=0-1,4-5", "lines=1-2", "bytes=x-", "nonsense"):
        answer = await fetch(visiting, address, Range=asked)
        assert (answer.status, answer.body) == (200, whole.body)
    for asked in (f"bytes={len(whole.body)}-", "bytes=-0"):
        answer = await fetch(visiting, address, Range=asked)
        assert (answer.status, answer.error["code"]) == (416, "range_not_satisfiable")
        assert answer.headers["Content-Range"] == f"bytes */{len(whole.body)}"
    etag = whole.headers["ETag"]
    assert (await fetch(visiting, address, **{"Range": "bytes=0-1", "If-Range": etag})).status == 206
    assert (await fetch(visiting, address, **{"Range": "bytes=0-1", "If-Range": '"other"'})).status == 200


async def test_an_address_is_good_for_what_it_says_and_nothing_else(visiting: Visiting, arrivals: Arrivals) -> None:
    school, record = await one_photo(visiting, arrivals)
    other = await arrivals.evidence(school, "1.1.2", photo(2, size=(64, 48)))
    await arrivals.check_all()
    file = await shown(visiting, school, record)
    address = file["small"]
    signature = parse_qs(urlsplit(address).query)["signature"][0]
    for changed in (
        address.replace("/320?", "/2048?"),
        address.replace(record, other),
        address.replace("/evidence/", "/visit-photo/"),
        address.replace("expires=2022-09-07", "expires=2099-09-07"),
        address.replace(signature, "A" * 43),
        address.replace(visiting.city.actor.session_id, new_id()),
    ):
        assert changed != address
        answer = await fetch(visiting, changed)
        assert (answer.status, answer.error["code"]) == (403, "address_expired")
        assert answer.headers["Cache-Control"] == "no-store"
    assert (await fetch(visiting, address + "&more=1")).status == 422
    assert (await fetch(visiting, address.split("?")[0])).status == 422


async def test_an_address_ends_with_its_day_and_its_session(visiting: Visiting, arrivals: Arrivals) -> None:
    school, record = await one_photo(visiting, arrivals)
    contact = await visiting.sign_in("school", school_id=school.id)
    address = (await shown(visiting, school, record, contact))["small"]
    visiting.service.clock.advance(hours=24)
    assert (await fetch(visiting, address)).status == 200
    visiting.service.clock.advance(hours=24)
    assert (await fetch(visiting, address)).status == 403
    fresh = (await shown(visiting, school, record, contact))["small"]
    assert fresh != address
    assert (await fetch(visiting, fresh)).status == 200
    await visiting.service.request("DELETE", "/api/sessions/current", token=contact.token)
    assert (await fetch(visiting, fresh)).status == 403


async def test_a_removed_photo_is_no_longer_shown(visiting: Visiting, arrivals: Arrivals) -> None:
    school, record = await one_photo(visiting, arrivals)
    address = (await shown(visiting, school, record))["small"]
    await visiting.db.evidence.update_one({"_id": record}, {"$set": {"removed_at": SEPTEMBER}})
    assert (await fetch(visiting, address)).status == 404


async def test_what_is_not_checked_yet_has_no_address(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    record = await arrivals.evidence(school, "1.1.1", photo(size=(64, 48)))
    file = await shown(visiting, school, record)
    assert file == {
        "check": "pending",
        "refusal": None,
        **dict.fromkeys(("small", "large", "document", "flags", "says")),
    }


async def test_what_was_refused_is_never_served(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    record = await arrivals.evidence(school, "1.1.1", photo(size=(640, 480))[:-3000])
    await arrivals.check_all()
    file = await shown(visiting, school, record)
    assert file["check"] == "refused"
    assert "请" in file["refusal"]
    assert [file[name] for name in ("small", "large", "document", "flags", "says")] == [None] * 5
    path = f"/api/submissions/{school.submission_id}/evidence/{record}/original"
    assert (await visiting.get(path)).status == 404
    # Not by an address either that was signed for it.
    good = await arrivals.evidence(school, "1.1.2", photo(2, size=(64, 48)))
    await arrivals.check_all()
    address = (await shown(visiting, school, good))["small"]
    refused = {"check.state": "refused", "check.reason": "broken"}
    await visiting.db.blobs.update_many({}, {"$set": refused})
    assert (await fetch(visiting, address)).status == 404


async def test_a_pdf_is_a_download(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    record = await arrivals.evidence(school, "1.1.1", PDF, kind="file")
    await visiting.db.evidence.update_one({"_id": record}, {"$set": {"name": "../采购 合同.PDF"}})
    await arrivals.check_all()
    file = await shown(visiting, school, record)
    assert (file["small"], file["large"]) == (None, None)
    answer = await fetch(visiting, file["document"])
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, PDF, "application/pdf")
    name = "%E9%87%87%E8%B4%AD%20%E5%90%88%E5%90%8C.PDF"
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_place_is_for_officers_alone(visiting: Visiting, arrivals: Arrivals) -> None:
    school, record = await one_photo(visiting, arrivals)
    contact = await visiting.sign_in("school", school_id=school.id)
    district = await visiting.sign_in("district", district=school.district)
    for officer in (district, visiting.city):
        says = (await shown(visiting, school, record, officer))["says"]
        assert says["place"] == pytest.approx({"latitude": THERE[0], "longitude": THERE[1]}, abs=1e-5)
        assert says["device"] == "HUAWEI ALN-AL00"
        flags = (await shown(visiting, school, record, officer))["flags"]
        assert [flag["name"] for flag in flags] == ["没有拍摄时间"]
    file = await shown(visiting, school, record, contact)
    assert (file["says"], file["flags"]) == (None, None)
    # In no answer, and in no picture, whatever the school asks for.
    path = f"/api/submissions/{school.submission_id}"
    for answer in (
        await visiting.get(path, contact),
        await visiting.get(f"{path}/evidence", contact),
        await fetch(visiting, file["large"]),
    ):
        assert answer.status == 200
        assert b"32.45" not in answer.body and b"GPS" not in answer.body and b"HUAWEI" not in answer.body
        assert b"Exif" not in answer.body


async def test_originals_go_to_the_city_and_each_is_audited(visiting: Visiting, arrivals: Arrivals) -> None:
    school, (inspector,) = await visiting.school(), await visiting.inspectors(1)
    visit = await visiting.plan(school, inspector)
    taken = photo(4, size=(64, 48), taken_at=SEPTEMBER)
    written = encoded(picture(1, size=(64, 48)), exif=exif(place=THERE))
    own = await arrivals.evidence(school, "1.1.1", written)
    theirs = await arrivals.visit_photo(school, visit, inspector.person.id, "1.1.1", taken, SEPTEMBER)
    await arrivals.check_all()
    paths = {
        f"/api/submissions/{school.submission_id}/evidence/{own}/original": written,
        f"/api/visits/{visit}/evidence/{theirs}/original": taken,
    }
    people = [
        await visiting.sign_in("school", school_id=school.id),
        await visiting.sign_in("district", district=school.district),
        inspector,
    ]
    for path, data in paths.items():
        for who in people:
            assert (await visiting.get(path, who)).status == 403
        answer = await visiting.get(path)
        assert (answer.status, answer.body) == (200, data)
        assert answer.headers["Content-Disposition"].startswith("attachment; ")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
    events = [event async for event in visiting.db.audit_events.find({"event": "evidence.original_downloaded"})]
    assert sorted(event["object"]["id"] for event in events) == sorted([own, theirs])
    assert {event["actor"]["person_id"] for event in events} == {visiting.city.person.id}
    wrong = f"/api/submissions/{new_id()}/evidence/{own}/original"
    assert (await visiting.get(wrong)).status == 404


async def test_inspectors_photos_bear_their_mark_for_everybody(visiting: Visiting, arrivals: Arrivals) -> None:
    school, (inspector, colleague) = await visiting.school(), await visiting.inspectors(2)
    visit = await visiting.plan(school, inspector, colleague)
    data = encoded(picture(1, size=(640, 480)).point(lambda value: 255), exif=exif(taken="2022:09:05 10:00:00"))
    await arrivals.visit_photo(school, visit, inspector.person.id, "1.1.1", data, SEPTEMBER)
    await arrivals.check_all()
    for who in (inspector, colleague, visiting.city):
        (item,) = (await visiting.get(f"/api/visits/{visit}/evidence", who)).json["items"]
        assert (item["file"]["says"] is None) == (who is not visiting.city)
        image = decoded((await fetch(visiting, item["file"]["small"])).body).convert("L")
        width, height = image.size
        assert image.crop((0, 0, width, height // 2)).getextrema()[0] > 240  # type: ignore[operator]
        assert image.crop((0, height - 12, width, height)).getextrema()[0] < 160  # type: ignore[operator]


async def test_an_inspector_sees_the_schools_photos_after_scoring_and_not_before(
    visiting: Visiting, arrivals: Arrivals
) -> None:
    school, (inspector, colleague, stranger) = await visiting.school(), await visiting.inspectors(3)
    visit = await visiting.plan(school, inspector, colleague)
    record = await arrivals.evidence(school, "1.1.1", photo(1, size=(640, 480), place=THERE))
    await arrivals.check_all()
    path = f"/api/visits/{visit}/items/1.1.1/evidence"
    before = await visiting.get(path, inspector)
    assert (before.status, before.error["code"]) == (409, "unscored")
    await visiting.score(visit, inspector, ("1.1.2", "points", 1))
    assert (await visiting.get(path, inspector)).status == 409
    await visiting.score(visit, inspector, ("1.1.1", "points", 1))
    answer = await visiting.get(path, inspector)
    assert answer.status == 200
    (each,) = answer.json["evidence"]
    assert each["id"] == record
    assert (each["file"]["flags"], each["file"]["says"]) == (None, None)
    assert (await fetch(visiting, each["file"]["small"])).status == 200
    assert (await visiting.get(path, colleague)).status == 409
    assert (await visiting.get(path, stranger)).status == 404
    assert (await visiting.get(f"/api/visits/{visit}/items/9.9.9/evidence", inspector)).status == 404
    # The school's evidence is not to be had by its own address either.
    assert (await visiting.get(f"/api/submissions/{school.submission_id}/evidence/{record}", inspector)).status == 403


async def test_bytes_that_are_gone_are_an_error_and_no_picture(visiting: Visiting, arrivals: Arrivals) -> None:
    school, record = await one_photo(visiting, arrivals)
    address = (await shown(visiting, school, record))["small"]
    await visiting.db["renditions.chunks"].delete_many({})
    answer = await fetch(visiting, address)
    assert (answer.status, answer.error["code"]) == (500, "internal")
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_district_is_told_of_its_own_schools_alone(visiting: Visiting, arrivals: Arrivals) -> None:
    data = photo(1, size=(640, 480), taken_at=SEPTEMBER)
    here, near, far = [
        await visiting.school(name, district=district)
        for name, district in (("甲校", "hailing"), ("乙校", "hailing"), ("丙校", "taixing"))
    ]
    record, *_ = [await arrivals.evidence(school, "1.1.1", data) for school in (here, near, far)]
    await arrivals.check_all()
    district = await visiting.sign_in("district", district="hailing")
    (flag,) = (await shown(visiting, here, record, district))["flags"]
    assert (flag["name"], [use["school"] for use in flag["elsewhere"]], flag["hidden"]) == (
        "同一文件另有使用",
        ["乙校"],
        1,
    )
    (flag,) = (await shown(visiting, here, record))["flags"]
    assert (sorted(use["school"] for use in flag["elsewhere"]), flag["hidden"]) == (["丙校", "乙校"], 0)
