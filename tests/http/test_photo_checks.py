"""What becomes of a photo after its receipt: checked or refused, its renditions, its flags, its twins' flags."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.gateways.photos import REFUSALS
from backend.services import photo_checks
from backend.services.photo_checks import LEASE, MOST_ATTEMPTS
from backend.services.photo_flags import owner_of
from backend.services.photo_marks import mark_of
from backend.store import blobs, perceptual, photo_records
from backend.store.mongo import transact
from inspection.rules.workflow import State
from tests.http.arriving import Arrivals
from tests.http.conftest import Service, SignIn
from tests.http.scored import City, make_city
from tests.http.visiting import SEPTEMBER, Visiting, make_visiting
from tests.labelled import GROUPS
from tests.photos import decoded, encoded, exif, photo, picture

TAKEN = datetime(2022, 7, 1, 2, 0, tzinfo=UTC)
SIZE = (640, 480)
THERE = (32.4553, 119.9229)


@pytest.fixture
async def visiting(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


@pytest.fixture
def arrivals(service: Service) -> Arrivals:
    return Arrivals(service.deps)


def good(seed: int = 1) -> bytes:
    """A photo with nothing to ask about."""
    return photo(seed, kind="room", size=SIZE, taken_at=TAKEN)


async def test_a_good_photo(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    data = photo(1, size=SIZE, taken_at=TAKEN, place=THERE)
    record = await arrivals.evidence(school, "1.1.1", data)
    assert await arrivals.check_all() == 1
    blob = await arrivals.blob_of(record)
    assert blob["check"]["state"] == "checked"
    assert (blob["facts"]["width"], blob["facts"]["height"]) == SIZE
    assert blob["facts"]["taken_at"] == TAKEN
    assert blob["facts"]["place"] == pytest.approx({"latitude": THERE[0], "longitude": THERE[1]}, abs=1e-5)
    assert blob["facts"]["device"] == "HUAWEI ALN-AL00"
    for size, longer in (("2048", 640), ("320", 320)):
        for content_type, described in blob["renditions"][size].items():
            file_id = described["file_id"]
            stored = (await blobs.read_renditions(visiting.db, [file_id]))[file_id]
            image = decoded(stored)
            assert image.get_format_mimetype() == content_type  # type: ignore[attr-defined]
            assert (len(stored), *image.size) == (described["size"], described["width"], described["height"])
            assert max(image.size) == longer
    assert await arrivals.flags(record) == []
    assert (await arrivals.record(record))["flagged"] is False


async def test_what_is_no_photo_is_refused_with_the_reason(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    frames = [picture(size=(64, 48)), picture(2, size=(64, 48))]
    bad = {
        "truncated": good()[:-2000],
        "animated": encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "bad_pdf": b"%PDF-1.7\n" + b"x" * 100,
    }
    records = {reason: await arrivals.evidence(school, "1.1.1", data) for reason, data in bad.items()}
    fine = await arrivals.evidence(school, "1.1.2", good())
    assert await arrivals.check_all() == 4
    for reason, record in records.items():
        blob = await arrivals.blob_of(record)
        assert (blob["check"]["state"], blob["check"]["reason"]) == ("refused", reason)
        assert reason in REFUSALS
        assert blob["renditions"] == {}
    assert (await arrivals.blob_of(fine))["check"]["state"] == "checked"


async def test_a_pdf_is_kept_as_it_is(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    data = b"%PDF-1.4\nxref\n0 1\ntrailer\n<<>>\nstartxref\n9\n%%EOF\n"
    record = await arrivals.evidence(school, "1.1.1", data, kind="file")
    await arrivals.check_all()
    blob = await arrivals.blob_of(record)
    assert (blob["check"]["state"], blob["facts"], blob["renditions"]) == ("checked", {}, {})
    assert await arrivals.flags(record) == []


async def test_an_inspectors_photo_has_renditions_of_its_own(visiting: Visiting, arrivals: Arrivals) -> None:
    school, (inspector, *_) = await visiting.school(), await visiting.inspectors(2)
    visit = await visiting.plan(school, inspector)
    data = photo(3, size=SIZE, taken_at=SEPTEMBER)
    first = await arrivals.visit_photo(school, visit, inspector.person.id, "1.1.1", data, SEPTEMBER)
    await arrivals.check_all()
    marked = (await arrivals.record(first))["renditions"]
    assert (await arrivals.blob_of(first))["renditions"] == {}
    # The same bytes for another item bear another mark; the school's own use of them bears none.
    second = await arrivals.visit_photo(school, visit, inspector.person.id, "1.1.2", data, SEPTEMBER)
    own = await arrivals.evidence(school, "1.1.3", data)
    assert await arrivals.check_all() == 1
    assert (await arrivals.record(first))["renditions"] == marked
    plain = (await arrivals.blob_of(own))["renditions"]
    pictures = [marked, (await arrivals.record(second))["renditions"], plain]
    files = [each["2048"]["image/jpeg"]["file_id"] for each in pictures]
    assert len(set((await blobs.read_renditions(visiting.db, list(files))).values())) == 3
    assert await arrivals.flags(first) == await arrivals.flags(second) == []


async def test_the_mark_says_school_item_time_and_inspector(visiting: Visiting, arrivals: Arrivals) -> None:
    school, (inspector, *_) = await visiting.school("海陵小学"), await visiting.inspectors(2)
    visit = await visiting.plan(school, inspector)
    data = photo(3, size=SIZE, taken_at=SEPTEMBER)
    photo_id = await arrivals.visit_photo(school, visit, inspector.person.id, "1.1.1", data, SEPTEMBER)
    record = await photo_records.find(visiting.db, "visit_photo", photo_id)
    assert record is not None
    mark = await mark_of(arrivals.deps, record, await owner_of(arrivals.deps, None, record))
    assert mark.parts == ("海陵小学", "1.1.1", "2022-09-05 10:00", inspector.person.name)


async def test_two_items_of_one_school_may_share_a_photo(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    records = [await arrivals.evidence(school, item, good()) for item in ("1.1.1", "1.1.2")]
    await arrivals.check_all()
    assert [await arrivals.flags(record) for record in records] == [[], []]
    assert len({(await arrivals.record(record))["blob_id"] for record in records}) == 1


async def test_the_same_file_at_another_school_flags_both(visiting: Visiting, arrivals: Arrivals) -> None:
    first, second = await visiting.school(), await visiting.school("泰兴小学", district="taixing")
    there = await arrivals.evidence(first, "1.1.1", good())
    await arrivals.check_all()
    assert await arrivals.flags(there) == []
    here = await arrivals.evidence(second, "2.1.1", good())
    await arrivals.check_all()
    assert await arrivals.flags(here) == await arrivals.flags(there) == ["same_file"]
    (flag,) = (await arrivals.record(there))["flags"]
    assert flag["elsewhere"] == [
        {
            "record": here,
            "kind": "evidence",
            "school_id": second.id,
            "school": "泰兴小学",
            "district": "taixing",
            "cycle": "2022",
            "item": "2.1.1",
        }
    ]


async def test_the_same_file_in_another_year_is_flagged(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    before = await arrivals.evidence(school, "1.1.1", good())
    await visiting.db.submissions.update_one({"_id": school.submission_id}, {"$set": {"cycle": "2021"}})
    await visiting.db.cycles.insert_one({**await visiting.db.cycles.find_one({"_id": "2022"}), "_id": "2021"})
    again = await visiting.school(f"{school.name}分校")
    await visiting.db.submissions.update_one({"_id": again.submission_id}, {"$set": {"school_id": school.id}})
    now = await arrivals.evidence(type(again)(school.id, *again_fields(again)), "1.1.1", good())
    await arrivals.check_all()
    assert await arrivals.flags(now) == ["same_file"]
    assert (await arrivals.record(now))["flags"][0]["elsewhere"][0]["cycle"] == "2021"
    assert await arrivals.flags(before) == ["same_file"]


def again_fields(school: Any) -> tuple[Any, ...]:
    return school.name, school.district, school.submission_id, school.stages


@pytest.mark.parametrize("group", GROUPS)
async def test_a_near_identical_photo_at_another_school_flags_both(
    visiting: Visiting, arrivals: Arrivals, group: str
) -> None:
    first, second = await visiting.school(), await visiting.school("泰兴小学", district="taixing")
    change = next(iter(GROUPS[group].values()))
    written = exif(taken="2022:07:01 10:00:00")
    other = await arrivals.evidence(second, "1.1.1", photo(9, kind="room", size=SIZE, taken_at=TAKEN))
    there = await arrivals.evidence(first, "1.1.1", good())
    await arrivals.check_all()
    here = await arrivals.evidence(second, "1.1.1", encoded(change(picture(1, "room", SIZE)), exif=written))
    await arrivals.check_all()
    assert await arrivals.flags(here) == await arrivals.flags(there) == ["near_identical"]
    assert await arrivals.flags(other) == []


async def test_twins_that_are_checked_at_once_see_each_other(visiting: Visiting, arrivals: Arrivals) -> None:
    schools = [await visiting.school(f"第{number}小学") for number in range(4)]
    records = [
        await arrivals.evidence(each, "1.1.1", encoded(picture(5, "rack", SIZE), quality=70 + 5 * number))
        for number, each in enumerate(schools)
    ]
    await asyncio.gather(*(photo_checks.check_next(arrivals.deps) for _ in records))
    for record in records:
        flag = (await arrivals.record(record))["flags"][0]
        assert flag["kind"] == "near_identical"
        assert {each["record"] for each in flag["elsewhere"]} == set(records) - {record}


@pytest.mark.parametrize("quality", [80, 85])
async def test_a_twin_that_comes_in_the_middle_of_a_look_is_seen(
    visiting: Visiting, arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch, quality: int
) -> None:
    """The look at the first has read that there is no other like it, and has not noted its flags: then comes one."""
    first, second = await visiting.school(), await visiting.school("泰兴小学", district="taixing")
    there = await arrivals.evidence(first, "1.1.1", encoded(picture(5, "rack", SIZE), quality=80))
    has_read, may_go_on, twins_of = asyncio.Event(), asyncio.Event(), perceptual.twins_of

    async def slowly(*anything: Any) -> list[str]:
        twins = await twins_of(*anything)
        if len(anything) == 3 and not has_read.is_set():
            has_read.set()
            await may_go_on.wait()
        return twins

    monkeypatch.setattr(perceptual, "twins_of", slowly)
    looking = asyncio.create_task(photo_checks.check_next(arrivals.deps))
    await asyncio.wait_for(has_read.wait(), 30)
    here = await arrivals.evidence(second, "1.1.1", encoded(picture(5, "rack", SIZE), quality=quality))
    assert await photo_checks.check_next(arrivals.deps)
    may_go_on.set()
    await looking
    kinds = [flags[0] for flags in (await arrivals.flags(here), await arrivals.flags(there))]
    assert kinds == ["same_file" if quality == 80 else "near_identical"] * 2


async def test_a_picture_of_nothing_is_like_no_other(visiting: Visiting, arrivals: Arrivals) -> None:
    first, second = await visiting.school(), await visiting.school("泰兴小学", district="taixing")
    written = exif(taken="2022:07:01 10:00:00")
    blank = picture(1, size=(64, 48)).resize((1, 1)).resize(SIZE)
    records = [
        await arrivals.evidence(school, "1.1.1", encoded(blank, quality=quality, exif=written))
        for school, quality in ((first, 80), (second, 90))
    ]
    await arrivals.check_all()
    assert [await arrivals.flags(record) for record in records] == [[], []]


@pytest.mark.parametrize(
    ("taken_at", "flags"),
    [
        (datetime(2022, 6, 20, 0, 0), []),
        (datetime(2022, 6, 19, 23, 59), ["outside_cycle"]),
        (datetime(2022, 9, 5, 10, 5), []),
        (datetime(2022, 9, 6, 10, 0), ["outside_cycle"]),
    ],
)
async def test_a_schools_photo_from_outside_the_cycle(
    visiting: Visiting, arrivals: Arrivals, taken_at: datetime, flags: list[str]
) -> None:
    school = await visiting.school()
    data = encoded(picture(size=SIZE), exif=exif(taken=taken_at.strftime("%Y:%m:%d %H:%M:%S")))
    record = await arrivals.evidence(school, "1.1.1", data)
    await arrivals.check_all()
    assert await arrivals.flags(record) == flags


@pytest.mark.parametrize(("hours", "flags"), [(0, []), (13.9, []), (14.1, ["outside_visit"]), (-24, ["outside_visit"])])
async def test_an_inspectors_photo_from_outside_the_visit(
    visiting: Visiting, arrivals: Arrivals, hours: float, flags: list[str]
) -> None:
    school, (inspector,) = await visiting.school(), await visiting.inspectors(1)
    visit = await visiting.plan(school, inspector)
    data = photo(size=SIZE, taken_at=SEPTEMBER + timedelta(hours=hours))
    record = await arrivals.visit_photo(school, visit, inspector.person.id, "1.1.1", data, SEPTEMBER)
    await arrivals.check_all()
    assert await arrivals.flags(record) == flags


async def test_far_from_the_school_and_without_a_time(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    location = {"lat": THERE[0], "lon": THERE[1]}
    await visiting.db.schools.update_one({"_id": school.id}, {"$set": {"location": location}})
    far = await arrivals.evidence(school, "1.1.1", photo(1, size=SIZE, place=(THERE[0] + 0.02, THERE[1])))
    said = {"taken_at": TAKEN, "location": {"latitude": THERE[0], "longitude": THERE[1] + 0.02}}
    as_said = await arrivals.evidence(school, "1.1.2", encoded(picture(2, size=SIZE)), said=said)
    near = await arrivals.evidence(school, "1.1.3", photo(3, size=SIZE, taken_at=TAKEN, place=THERE))
    await arrivals.check_all()
    assert await arrivals.flags(far) == ["far_from_school", "no_capture_time"]
    assert (await arrivals.record(far))["flags"][0]["distance"] == 2200
    assert await arrivals.flags(as_said) == ["far_from_school"]
    assert await arrivals.flags(near) == []


@pytest.fixture
async def city(service: Service, signed_in: SignIn) -> City:
    return await make_city(service, signed_in)


async def suspects(city: City, school: Any) -> list[str]:
    rows = (await city.get(f"{school.path}/discrepancies")).json["items"]
    return [row["item"] for row in rows if row["kind"] == "evidence_suspect"]


async def test_a_twin_that_comes_after_the_reconciliation_changes_the_discrepancies(
    city: City, arrivals: Arrivals
) -> None:
    first, second = await city.school(), await city.school("泰兴小学", district="taixing")
    there = await arrivals.evidence(first, "1.1.1", good())
    await arrivals.check_all()
    assert await suspects(city, first) == []
    here = await arrivals.evidence(second, "2.1.1", good())
    await arrivals.check_all()
    assert (await suspects(city, first), await suspects(city, second)) == (["1.1.1"], ["2.1.1"])
    queue = (await city.get("/api/discrepancies?kind=evidence_suspect")).json["items"]
    assert {row["submission_id"] for row in queue} == {first.submission_id, second.submission_id}
    # The twin was a mistake, and is taken away.
    await city.service.deps.db.evidence.update_one({"_id": here}, {"$set": {"removed_at": city.service.clock()}})
    blob = (await arrivals.blob_of(here))["_id"]
    await transact(arrivals.deps.db, lambda session: blobs.look_again(arrivals.deps.db, session, blob))
    await arrivals.check_all()
    assert await arrivals.flags(there) == []
    assert await suspects(city, first) == []


async def test_a_flag_weighs_on_no_grade(city: City, arrivals: Arrivals) -> None:
    school = await city.school()
    before = await city.service.deps.db.outcomes.find_one({"_id": school.submission_id})
    await arrivals.evidence(school, "1.1.1", encoded(picture(size=SIZE)))
    await arrivals.check_all()
    after = await city.service.deps.db.outcomes.find_one({"_id": school.submission_id})
    assert await suspects(city, school) == ["1.1.1"]
    assert before is not None and after is not None
    assert {name: before[name] for name in ("total", "awarded")} == {name: after[name] for name in ("total", "awarded")}
    assert (await city.decide(school)).status == 200


async def test_a_process_that_dies_leaves_its_lease_to_another(visiting: Visiting, arrivals: Arrivals) -> None:
    school, clock = await visiting.school(), visiting.service.clock
    record = await arrivals.evidence(school, "1.1.1", good())
    dead = await blobs.claim_next(visiting.db, clock(), clock() + LEASE)
    assert dead is not None
    assert await arrivals.check_all() == 0
    clock.advance(minutes=3)
    assert await arrivals.check_all() == 1
    assert (await arrivals.blob_of(record))["check"]["state"] == "checked"
    # It was not dead, only slow: what it has found comes too late.
    assert not await blobs.finish_check(visiting.db, None, dead, "refused", reason="broken")
    assert (await arrivals.blob_of(record))["check"]["state"] == "checked"


async def test_what_kills_the_decoder_is_refused_in_the_end(visiting: Visiting, arrivals: Arrivals) -> None:
    school, clock = await visiting.school(), visiting.service.clock
    record = await arrivals.evidence(school, "1.1.1", good())
    for _ in range(MOST_ATTEMPTS):
        assert await blobs.claim_next(visiting.db, clock(), clock() + LEASE) is not None
        clock.advance(minutes=3)
    assert await arrivals.check_all() == 1
    check = (await arrivals.blob_of(record))["check"]
    assert (check["state"], check["reason"]) == ("refused", "uncheckable")


async def test_bytes_that_are_gone_are_tried_again_and_then_refused(visiting: Visiting, arrivals: Arrivals) -> None:
    school, clock = await visiting.school(), visiting.service.clock
    record = await arrivals.evidence(school, "1.1.1", good())
    await visiting.db["originals.chunks"].delete_many({})
    for _ in range(MOST_ATTEMPTS):
        assert await arrivals.check_all() == 1
        assert (await arrivals.blob_of(record))["check"]["state"] == "pending"
        clock.advance(minutes=3)
    assert await arrivals.check_all() == 1
    assert (await arrivals.blob_of(record))["check"]["reason"] == "uncheckable"


async def test_a_record_that_comes_during_a_check_is_not_overlooked(visiting: Visiting, arrivals: Arrivals) -> None:
    school, clock = await visiting.school(), visiting.service.clock
    await arrivals.evidence(school, "1.1.1", good())
    under_way = await blobs.claim_next(visiting.db, clock(), clock() + LEASE)
    assert under_way is not None
    late = await arrivals.evidence(school, "1.1.2", good())
    assert not await blobs.finish_check(visiting.db, None, under_way, "checked", facts={})
    await blobs.release(visiting.db, None, under_way, clock())
    assert await arrivals.check_all() == 1
    assert await arrivals.flags(late) == []


async def test_the_loop_wakes_at_once_and_ends_when_told(visiting: Visiting, arrivals: Arrivals) -> None:
    school, stop = await visiting.school(), asyncio.Event()
    running = asyncio.create_task(photo_checks.run(arrivals.deps, stop))
    await asyncio.sleep(0.1)
    record = await arrivals.evidence(school, "1.1.1", good())
    arrivals.deps.photo_arrived.set()
    async with asyncio.timeout(30):
        while (await arrivals.blob_of(record))["check"]["state"] == "pending":  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(running, 10)


async def cut_off(running: "asyncio.Task[Any]") -> None:
    """Ends what runs, in the middle of its work."""
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def assert_nobody_checks(arrivals: Arrivals, record: str) -> None:
    """The photo waits as if nobody had tried, and the next who looks may have it."""
    check = (await arrivals.blob_of(record))["check"]
    assert (check["state"], check["attempts"]) == ("pending", 0)
    assert await arrivals.check_all() == 1


async def test_a_loop_that_is_cut_off_gives_its_lease_back(
    visiting: Visiting, arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = await visiting.school()
    record = await arrivals.evidence(school, "1.1.1", good())
    begun = asyncio.Event()

    async def never(*anything: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(blobs, "read_original", never)
        running = asyncio.create_task(photo_checks.run(arrivals.deps, asyncio.Event()))
        await asyncio.wait_for(begun.wait(), 10)
        await cut_off(running)
    await assert_nobody_checks(arrivals, record)


async def test_a_loop_that_is_cut_off_as_it_claims_keeps_no_lease(
    visiting: Visiting, arrivals: Arrivals, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await arrivals.evidence(await visiting.school(), "1.1.1", good())
    claimed, claim_next = asyncio.Event(), blobs.claim_next

    async def slowly(*anything: Any) -> Any:
        blob = await claim_next(*anything)
        claimed.set()
        # The answer is there, and nobody has got it yet.
        await asyncio.sleep(0.05)
        return blob

    with monkeypatch.context() as patched:
        patched.setattr(blobs, "claim_next", slowly)
        running = asyncio.create_task(photo_checks.check_next(arrivals.deps))
        await asyncio.wait_for(claimed.wait(), 10)
        await cut_off(running)
    await assert_nobody_checks(arrivals, record)


async def test_what_a_school_removes_flags_no_twin_any_more(visiting: Visiting, arrivals: Arrivals) -> None:
    first = await visiting.school()
    second = await visiting.school("泰兴小学", district="taixing", state=State.DRAFT, handed_in=False)
    there, here = [await arrivals.evidence(school, "1.1.1", good()) for school in (first, second)]
    await arrivals.check_all()
    assert await arrivals.flags(there) == ["same_file"]
    visiting.service.clock.set(TAKEN)
    contact = await visiting.sign_in("school", school_id=second.id)
    await visiting.db.submissions.update_one({"_id": second.submission_id}, {"$pull": {"items.1_1_1.evidence": here}})
    path = f"/api/submissions/{second.submission_id}/evidence/{here}"
    assert (await visiting.service.request("DELETE", path, token=contact.token)).status == 204
    visiting.service.clock.set(SEPTEMBER)
    assert await arrivals.check_all() == 1
    assert await arrivals.flags(there) == []


async def test_how_much_waits_is_in_the_metrics(visiting: Visiting, arrivals: Arrivals) -> None:
    school = await visiting.school()
    for number in range(2):
        await arrivals.evidence(school, "1.1.1", photo(number, size=(64, 48)))
    assert b"\nzhiping_files_pending 2.0\n" in (await visiting.get("/metrics")).body
    await arrivals.check_all()
    assert b"\nzhiping_files_pending 0.0\n" in (await visiting.get("/metrics")).body
