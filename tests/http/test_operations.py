"""Operations from phones: applied once, refused one by one, merged alike in any order, and blind."""

import asyncio
import json
import random
from datetime import timedelta
from typing import Any

import pytest

from backend.services import sheet_changes
from tests.http.conftest import Service, SignedIn, SignIn, new_id
from tests.http.visiting import SECRET, Phone, Visiting, make_visiting
from tests.seeds import fresh_seed, seeded


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


@pytest.fixture
async def inspector(world: Visiting) -> SignedIn:
    return (await world.inspectors(1))[0]


@pytest.fixture
async def visit(world: Visiting, inspector: SignedIn) -> str:
    return await world.plan(await world.school(), inspector)


def values(sheet: Any) -> dict[tuple[str, str], Any]:
    """What stands in each field of a sheet."""
    return {(each["item"], each["field"]): each["value"] for each in sheet["fields"]}


async def test_scores_are_taken_in(world: Visiting, inspector: SignedIn, visit: str) -> None:
    answer = await world.score(
        visit, inspector, ("1.1.1", "points", 1.5), ("1.1.1", "clauses/basic", True), ("1.1.1", "note", "机房在三楼")
    )
    assert len(answer["applied"]) == 3
    assert (answer["known"], answer["conflicts"], answer["refused"]) == ([], [], [])
    assert answer["server_now"] == "2022-09-05T02:00:00Z"
    sheet = await world.sheet(visit, inspector)
    assert values(sheet) == {
        ("1.1.1", "points"): 1.5,
        ("1.1.1", "clauses/basic"): True,
        ("1.1.1", "note"): "机房在三楼",
    }
    assert (sheet["version"], sheet["state"], len(sheet["assigned"])) == (answer["version"], "draft", 82)


async def test_a_value_is_taken_back(world: Visiting, inspector: SignedIn, visit: str) -> None:
    await world.score(
        visit, inspector, ("1.1.1", "points", 1), ("1.1.1", "clauses/basic", True), ("1.1.1", "note", "无")
    )
    await world.score(
        visit, inspector, ("1.1.1", "points", None), ("1.1.1", "clauses/basic", None), ("1.1.1", "note", None)
    )
    stored = await world.db.score_sheets.find_one({})
    assert (stored["points"], stored["clauses"], stored["note"]) == ({}, {}, {})
    assert operations_in(stored) == 6


def operations_in(stored: Any) -> int:
    """How many operations a sheet as stored holds."""
    return sum(len(batch["operations"]) for batch in stored["batches"])


BAD: list[tuple[str, str, Any, str]] = [
    ("9.9.9", "points", 1, "unknown_item"),
    ("1.1.1", "point", 1, "unknown_field"),
    ("1.1.1", "clauses/filing", True, "unknown_clause"),
    ("1.3.6", "clauses/senior", True, "unknown_clause"),
    ("1.1.1", "points", 2.5, "points_off_scale"),
    ("1.1.1", "points", -1, "points_off_scale"),
    ("1.1.1", "points", 0.3, "points_off_scale"),
    ("1.1.1", "points", True, "points_off_scale"),
    ("1.1.1", "points", "1", "points_off_scale"),
    ("1.1.1", "points", 10**18, "points_off_scale"),
    ("1.1.1", "clauses/basic", 1, "wrong_type"),
    ("1.1.1", "clauses/basic", "true", "wrong_type"),
    ("1.1.1", "note", 1, "wrong_type"),
    ("1.1.1", "note", "长" * 2001, "note_too_long"),
    ("1.1.1", "note", "响铃\u0007", "bad_format"),
]


async def test_each_bad_operation_is_refused_and_the_others_are_applied(
    world: Visiting, inspector: SignedIn, visit: str
) -> None:
    phone = world.phone(inspector)
    bad = world.operations(phone, [(item, name, value) for item, name, value, _ in BAD])
    odd = world.operations(phone, [("1.1.3", "points", 0)] * 5)
    odd[0]["seq"], odd[1]["seq"], odd[2]["seq"] = 0, -1, 2**53
    odd[3]["at"] = "2022-13-05T00:00:00Z"
    odd[4]["at"] = "2022-09-31T00:00:00+08:00"
    good = world.operations(phone, [("1.1.2", "points", 1)])
    answer = (await world.send(visit, phone, [*bad, *odd, *good])).json
    assert answer["applied"] == [good[0]["id"]]
    assert [each["id"] for each in answer["refused"]] == [each["id"] for each in (*bad, *odd)]
    codes = [*(code for *_, code in BAD), "bad_seq", "bad_seq", "bad_seq", "bad_time", "bad_time"]
    assert [each["code"] for each in answer["refused"]] == codes
    assert all(each["message"] for each in answer["refused"])
    assert values(await world.sheet(visit, inspector)) == {("1.1.2", "points"): 1}


@pytest.mark.parametrize("change", [
    {"id": "x"},
    {"seq": "1"},
    {"seq": 1.5},
    {"at": 1662343200000},
    {"at": "gestern"},
    {"value": {"$gt": 0}},
    {"value": [1]},
    {"item": "$where"* 3},
    {"field": ""},
    {"saw": 1},
    {"more": 1},
])  # fmt: skip
async def test_a_batch_of_another_form_is_refused_whole(
    world: Visiting, inspector: SignedIn, visit: str, change: dict[str, Any]
) -> None:
    phone = world.phone(inspector)
    good, bad = world.operations(phone, [("1.1.1", "points", 1)] * 2)
    answer = await world.send(visit, phone, [good, bad | change])
    (name,) = change
    assert (answer.status, answer.paths) == (422, [f"/operations/1/{name}"])
    assert values(await world.sheet(visit, inspector)) == {}


async def test_batches_are_bounded(world: Visiting, inspector: SignedIn, visit: str) -> None:
    phone = world.phone(inspector)
    assert (await world.send(visit, phone, [])).paths == ["/operations"]
    operations = world.operations(phone, [("1.1.1", "note", str(number)) for number in range(501)])
    assert (await world.send(visit, phone, operations)).paths == ["/operations"]
    assert len((await world.send(visit, phone, operations[:500])).json["applied"]) == 500


async def test_a_sheet_never_outgrows_a_document(
    world: Visiting, inspector: SignedIn, visit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = world.phone(inspector)
    monkeypatch.setattr(sheet_changes, "MOST_BYTES", 10_000)
    first = (await world.send(visit, phone, world.operations(phone, [("1.1.1", "note", "长" * 2000)] * 2))).json
    assert len(first["applied"]) == 2
    second = (await world.send(visit, phone, world.operations(phone, [("1.1.1", "points", 1)]))).json
    assert [each["code"] for each in second["refused"]] == ["sheet_full"]


async def test_ten_identical_batches_at_once_apply_once(world: Visiting, inspector: SignedIn, visit: str) -> None:
    await world.score(visit, inspector, ("1.1.1", "points", 0))
    phone = world.phone(inspector)
    operations = world.operations(phone, world.everything())
    answers = await asyncio.gather(*(world.send(visit, phone, operations) for _ in range(10)))
    ids = [each["id"] for each in operations]
    assert [answer.status for answer in answers] == [200] * 10
    applied = [answer.json["applied"] for answer in answers if answer.json["applied"]]
    assert applied == [ids]
    assert all(answer.json["known"] == ids for answer in answers if not answer.json["applied"])
    stored = await world.db.score_sheets.find_one({})
    assert operations_in(stored) == len(ids) + 1
    assert stored["version"] == 4  # planned, opened, and two batches


async def test_batches_of_several_devices_at_once_are_all_kept(
    world: Visiting, inspector: SignedIn, visit: str
) -> None:
    phones = [Phone(inspector) for _ in range(8)]
    codes = list(world.rubric.items)
    answers = await asyncio.gather(
        *(
            world.send(visit, phone, world.operations(phone, [(codes[number], "points", 0)]))
            for number, phone in enumerate(phones)
        )
    )
    assert [len(answer.json["applied"]) for answer in answers] == [1] * 8
    assert len(values(await world.sheet(visit, inspector))) == 8


async def test_what_many_send_at_once_is_each_ones_own_business(
    world: Visiting, inspector: SignedIn, visit: str
) -> None:
    """Batches that wait for a thread are stored together, with one read and one write."""
    stranger, code, visits = await world.sign_in("inspector"), next(iter(world.rubric.items)), [visit]
    for day in range(6, 11):
        school = await world.school(f"第{day}小学")
        visits.append(await world.plan(school, inspector, date=f"2022-09-{day:02}"))
    phones = [Phone(inspector) for _ in visits]
    sent = [world.operations(phone, [(code, "points", 0)]) for phone in phones]
    sending = [world.send(each, phone, made) for each, phone, made in zip(visits, phones, sent, strict=True)]
    wrong = world.send(visit, Phone(inspector), [{"id": "no id"}])
    not_of_the_team = world.send(visit, other := Phone(stranger), world.operations(other, [(code, "points", 0)]))
    again = world.send(visit, phones[0], sent[0])
    refused, missing, twice, *answers = await asyncio.gather(wrong, not_of_the_team, again, *sending)
    assert (refused.status, missing.status) == (422, 404)
    assert [answer.status for answer in (twice, *answers)] == [200] * 7
    applied = [answer.json["applied"] for answer in answers]
    assert applied[1:] == [[made[0]["id"]] for made in sent[1:]]
    assert applied[0] + twice.json["applied"] == [sent[0][0]["id"]]
    assert [len(values(await world.sheet(each, inspector))) for each in visits] == [1] * 6


async def test_the_same_id_twice_in_a_batch_is_applied_once(world: Visiting, inspector: SignedIn, visit: str) -> None:
    phone = world.phone(inspector)
    (operation,) = world.operations(phone, [("1.1.1", "points", 1)])
    answer = (await world.send(visit, phone, [operation, operation])).json
    assert (answer["applied"], answer["known"]) == ([operation["id"]], [operation["id"]])


async def test_two_devices_that_have_not_seen_each_other_conflict_until_somebody_chooses(
    world: Visiting, inspector: SignedIn, visit: str
) -> None:
    one, two = Phone(inspector), Phone(inspector)
    (first,) = world.operations(one, [("1.1.1", "points", 1)])
    await world.send(visit, one, [first])
    world.service.clock.advance(minutes=1)
    (second,) = world.operations(two, [("1.1.1", "points", 2)])
    answer = (await world.send(visit, two, [second])).json
    assert answer["applied"] == [second["id"]]
    (conflict,) = answer["conflicts"]
    assert (conflict["item"], conflict["field"]) == ("1.1.1", "points")
    assert (conflict["current"]["value"], conflict["current"]["device"]) == (2, two.id)
    assert [(each["value"], each["id"]) for each in conflict["others"]] == [(1, first["id"])]
    assert (await world.sheet(visit, inspector))["conflicts"] == [conflict]
    assert (await world.sign(visit, inspector)).status == 409
    chosen = one.operation(world.service.clock(), "1.1.1", "points", 1, saw=second["id"])
    assert (await world.send(visit, one, [chosen])).json["conflicts"] == []
    sheet = await world.sheet(visit, inspector)
    assert (values(sheet), sheet["conflicts"]) == ({("1.1.1", "points"): 1}, [])


async def test_a_phone_set_to_2030_does_not_win_for_ever(world: Visiting, inspector: SignedIn, visit: str) -> None:
    wrong, right = Phone(inspector, ahead=timedelta(days=3000)), Phone(inspector)
    await world.send(visit, wrong, world.operations(wrong, [("1.1.1", "points", 0)]))
    world.service.clock.advance(minutes=1)
    answer = (await world.send(visit, right, world.operations(right, [("1.1.1", "points", 1)]))).json
    assert answer["conflicts"][0]["current"]["value"] == 1
    assert answer["conflicts"][0]["others"][0]["at"] == "2022-09-05T02:00:00Z"


async def test_a_clock_that_jumps_to_the_first_year_harms_nothing(
    world: Visiting, inspector: SignedIn, visit: str
) -> None:
    phone = world.phone(inspector)
    (operation,) = world.operations(phone, [("1.1.1", "points", 1)])
    body = {
        "device": phone.id,
        "device_now": "9999-12-31T23:59:59Z",
        "operations": [operation | {"at": "0001-01-01T00:00:00Z"}],
    }
    assert (await world.post(f"/api/visits/{visit}/operations", body, inspector)).status == 200
    assert (await world.sheet(visit, inspector))["fields"][0]["at"] == "1970-01-01T00:00:00Z"


@seeded
async def test_any_order_and_repetition_of_batches_ends_alike(world: Visiting, inspector: SignedIn, run: int) -> None:
    chance = random.Random(fresh_seed())
    phones = [Phone(inspector, ahead=timedelta(hours=chance.randrange(-50, 50))) for _ in range(3)]
    batches = _batches(world, phones, chance)
    ends = []
    for number in range(2):
        visit = await world.plan(await world.school(f"{number}小学"), inspector, half=("morning", "afternoon")[number])
        await world.score(visit, inspector, ("6.4.1", "points", 0))
        sent = [batch for batch in batches for _ in range(chance.randint(1, 2))]
        chance.shuffle(sent)
        # Some at once, some one after the other.
        while sent:
            together, sent = sent[:3], sent[3:]
            for answer in await asyncio.gather(*(world.send(visit, *batch) for batch in together)):
                assert (answer.status, answer.json["refused"]) == (200, [])
        sheet = await world.sheet(visit, inspector)
        stored = await world.db.score_sheets.find_one({"visit_id": visit})
        fields = [field for field in sheet["fields"] if field["item"] != "6.4.1"]
        ends.append((fields, sheet["conflicts"], stored["clauses"], stored["note"], operations_in(stored)))
    assert ends[0] == ends[1]


def _batches(world: Visiting, phones: list[Phone], chance: random.Random) -> list[tuple[Phone, list[dict[str, Any]]]]:
    """Batches of operations on few fields, some of which saw others."""
    names = [("1.1.1", "points"), ("1.1.1", "clauses/basic"), ("1.1.2", "points"), ("1.1.2", "note")]
    choices: dict[str, list[Any]] = {"points": [0, 0.5, 1, None], "clauses/basic": [True, False], "note": ["甲", "乙"]}
    made: list[dict[str, Any]] = []
    batches = []
    for _ in range(6):
        phone, operations = chance.choice(phones), []
        for _ in range(chance.randint(1, 4)):
            item, name = chance.choice(names)
            earlier = [each["id"] for each in made if (each["item"], each["field"]) == (item, name)]
            saw = chance.choice([None, *earlier])
            operation = phone.operation(world.service.clock(), item, name, chance.choice(choices[name]), saw)
            operation["at"] = phone.clock(world.service.clock() - timedelta(minutes=chance.randrange(600)))
            operations.append(operation)
            made.append(operation)
        batches.append((phone, operations))
    return batches


async def test_nothing_of_the_self_assessment_is_shown_before_an_item_is_scored(world: Visiting) -> None:
    school, team = await world.school(), await world.inspectors(2)
    visit = await world.plan(school, *team)
    phone = world.phone(team[1])
    paths = [f"/api/visits/{visit}/{name}" for name in ("pack", "sheet", "progress", "evidence", "reconciliation")]
    paths += [f"/api/visits/{visit}", "/api/visits", "/api/inbox", "/api/me", "/api/cycle", "/api/rubric"]
    paths += [f"/api/submissions/{school.submission_id}", f"/api/submissions/{school.submission_id}/discrepancies"]

    async def seen() -> str:
        return "".join([(await world.get(path, team[1])).body.decode() for path in paths])

    assert SECRET not in await seen()
    # A teammate's score reveals nothing to the others, nor do a note or a verdict.
    await world.score(visit, team[0], ("1.1.1", "points", 1))
    operations = world.operations(
        phone, [("1.1.1", "note", "好"), ("1.1.1", "clauses/basic", True), ("1.1.2", "points", 9)]
    )
    answer = await world.send(visit, phone, operations)
    assert answer.json["revealed"] == {}
    assert SECRET not in answer.body.decode() + await seen()
    # The answer to a score shows that item, and no other.
    scored = world.operations(phone, [("1.1.2", "points", 1)])
    answer = await world.send(visit, phone, scored)
    assert answer.json["revealed"] == {"1.1.2": {"points": 1, "clauses": {}, "note": f"{SECRET}1.1.2", "evidence": 1}}
    sheet = await world.get(f"/api/visits/{visit}/sheet", team[1])
    assert list(sheet.json["revealed"]) == ["1.1.2"]
    assert sheet.body.decode().count(SECRET) == 1
    # Whoever lost that answer gets it again, and gets it for nothing else.
    again = await world.send(visit, phone, [*operations[:2], *scored])
    assert again.json["revealed"] == answer.json["revealed"]


async def test_a_score_that_is_changed_afterwards_keeps_its_first_value(
    world: Visiting, inspector: SignedIn, visit: str
) -> None:
    await world.score(visit, inspector, ("1.1.1", "points", 1), ("1.1.1", "points", 0.5))
    answer = await world.score(visit, inspector, ("1.1.1", "points", 2))
    assert answer["revealed"]["1.1.1"]["points"] == 2
    await world.score(visit, inspector, ("1.1.1", "points", None))
    sheet = await world.sheet(visit, inspector)
    assert sheet["first_points"] == {"1.1.1": 0.5}
    assert sheet["revealed"]["1.1.1"]["points"] == 2
    await world.score_and_sign(visit, inspector)
    event = await world.db.audit_events.find_one({"event": "score_sheet.signed"})
    assert event["after"]["changed_after_reveal"] == {"1.1.1": {"first": 50, "final": 200}}
    merged = (await world.get(f"/api/visits/{visit}/reconciliation", inspector)).json
    assert [each["first_points"] for each in merged["items"][0]["sheets"]] == [0.5]
    assert [each["first_points"] for each in merged["items"][1]["sheets"]] == [None]


async def test_only_the_team_writes(world: Visiting, visit: str) -> None:
    stranger = await world.sign_in("inspector")
    phone = Phone(stranger)
    assert (await world.send(visit, phone, world.operations(phone, [("1.1.1", "points", 1)]))).status == 404
    assert (await world.send(new_id(), phone, world.operations(phone, [("1.1.1", "points", 1)]))).status == 404
    for path in ("pack", "sheet", "progress", "evidence", "reconciliation"):
        assert (await world.get(f"/api/visits/{visit}/{path}", stranger)).status == 404
    for role in ("school", "district", "city"):
        phone = Phone(await world.sign_in(role))
        answer = await world.send(visit, phone, world.operations(phone, [("1.1.1", "points", 1)]))
        assert (answer.status, answer.error["code"]) == (403, "forbidden")


async def test_the_pack_holds_what_a_phone_needs(world: Visiting) -> None:
    school, team = await world.school(stages=("junior", "senior")), await world.inspectors(2)
    visit = await world.plan(school, *team, assignments={team[1].person.id: ["6.4"]})
    answer = await world.get(f"/api/visits/{visit}/pack", team[1])
    pack = answer.json
    assert pack["rubric"] == {"name": "taizhou-2022", "sha256": world.rubric.sha256}
    assert pack["school"]["name"] == school.name
    assert pack["school"]["stages"][1] == {"stage": "senior", "classes": 20, "students": 900, "student_devices": 150}
    assert (pack["school"]["teachers"], pack["school"]["teacher_computers"]) == (60, 62)
    assert pack["assigned"] == ["6.4.1"]
    assert (pack["rules"]["score_step"], pack["rules"]["discrepancy_share"]) == (0.5, 0.5)
    assert [grade["min_total"] for grade in pack["rules"]["grades"]] == [90, 80, 70]
    assert "applied" not in json.dumps(pack)
    # Senior clauses are there for a school with a senior stage.
    assert len((await world.score(visit, team[1], ("1.3.6", "clauses/senior", True)))["applied"]) == 1


async def test_the_sheet_since_a_version(world: Visiting, inspector: SignedIn, visit: str) -> None:
    await world.score(visit, inspector, ("1.1.1", "points", 1))
    version = (await world.sheet(visit, inspector))["version"]
    assert (await world.sheet(visit, inspector, version))["fields"] == []
    await world.score(visit, inspector, ("1.1.2", "points", 1))
    assert values(await world.sheet(visit, inspector, version)) == {("1.1.2", "points"): 1}
    assert len((await world.sheet(visit, inspector))["fields"]) == 2
