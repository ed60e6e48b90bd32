"""Saving a form as it is typed: per field, with versions; nothing is lost, whoever else types."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.http.conftest import Clock, Service, SignedIn, SignIn, new_id
from tests.http.submitted import Registered, World, change, make_world

APPLIED = "/application/applied"
TEACHERS = "/application/teachers"
POINTS = "/items/1.1.1/points"
NOTE = "/items/1.1.1/note"
# 1 September 2022, 00:00 in Shanghai.
CLOSES = datetime(2022, 8, 31, 16, tzinfo=UTC)
OPENS = datetime(2022, 6, 19, 16, tzinfo=UTC)


@pytest.fixture
async def world(service: Service, signed_in: SignIn) -> World:
    return await make_world(service, signed_in)


@pytest.fixture
async def school(world: World) -> Registered:
    return await world.register()


async def second_contact(world: World, school: Registered) -> SignedIn:
    return await world.sign_in("school", school_id=school.id, name="李四")


async def test_a_field_is_saved_and_read(world: World, school: Registered) -> None:
    changes = [
        change(APPLIED, "excellent"),
        change(TEACHERS, 60),
        change("/application/stages/primary/students", 900),
        change("/application/contact/name", "周老师"),
        change(POINTS, 1.5),
        change("/items/1.1.1/clauses/basic", True),
        change("/items/1.2.1/clauses/basic", False),
        change(NOTE, "已建成\n万兆"),
        change("/indicators/1.1/note", "见附件"),
    ]
    answer = await world.save(school, *changes)
    assert answer.status == 200, answer.body
    assert answer.json["conflicts"] == []
    assert answer.json["applied"] == [{"field": each["field"], "version": 1} for each in changes]
    view = await world.read(school)
    assert view["version"] == answer.json["version"] == 2
    assert view["application"]["applied"] == "excellent"
    assert view["application"]["applied_name"] == "优秀型"
    assert view["application"]["contact"] == {"name": "周老师", "phone": None}
    assert view["application"]["students"] == 900
    assert view["application"]["classes"] is None
    assert view["items"]["1.1.1"] == {
        "points": 1.5,
        "clauses": {"basic": True},
        "note": "已建成\n万兆",
        "evidence": [],
    }
    assert view["indicator_notes"] == {"1.1": "见附件"}
    assert view["sums"]["total"] == view["sums"]["groups"]["1"] == view["sums"]["indicators"]["1.1"] == 1.5
    assert len(view["sums"]["indicators"]) == 23
    assert len(view["sums"]["groups"]) == 6
    assert view["versions"] == {each["field"]: 1 for each in changes}


async def test_null_clears(world: World, school: Registered) -> None:
    await world.save(school, change(POINTS, 2), change(TEACHERS, 5), change("/items/1.1.1/clauses/basic", True))
    cleared = [change(POINTS, None, 1), change(TEACHERS, None, 1), change("/items/1.1.1/clauses/basic", None, 1)]
    answer = await world.save(school, *cleared)
    assert [each["version"] for each in answer.json["applied"]] == [2, 2, 2]
    view = await world.read(school)
    assert view["items"]["1.1.1"]["points"] is None
    assert view["items"]["1.1.1"]["clauses"] == {}
    assert view["application"]["teachers"] is None


async def test_a_stale_write_is_kept_beside_the_current_value(world: World, school: Registered) -> None:
    other = await second_contact(world, school)
    await world.save(school, change(POINTS, 1), change(NOTE, "旧"))
    await world.save(school, change(POINTS, 1.5, 1))
    answer = await world.save(school, change(POINTS, 2, 1), change(NOTE, "新", 1), by=other)
    assert answer.status == 200
    assert answer.json["applied"] == [{"field": NOTE, "version": 2}]
    (conflict,) = answer.json["conflicts"]
    assert (conflict["field"], conflict["value"], conflict["version"]) == (POINTS, 1.5, 3)
    (kept,) = conflict["kept"]
    assert (kept["value"], kept["version"], kept["by"], kept["by_name"]) == (2, 1, other.person.id, "李四")
    view = await world.read(school)
    assert view["items"]["1.1.1"]["points"] == 1.5
    assert view["conflicts"] == [conflict]


async def test_who_has_seen_both_chooses(world: World, school: Registered) -> None:
    await world.save(school, change(POINTS, 1))
    (conflict,) = (await world.save(school, change(POINTS, 2))).json["conflicts"]
    answer = await world.save(school, change(POINTS, 2, conflict["version"]))
    assert answer.json["applied"] == [{"field": POINTS, "version": conflict["version"] + 1}]
    view = await world.read(school)
    assert view["conflicts"] == []
    assert view["items"]["1.1.1"]["points"] == 2


async def test_the_current_value_may_be_chosen_too(world: World, school: Registered) -> None:
    await world.save(school, change(POINTS, 1))
    (conflict,) = (await world.save(school, change(POINTS, 2))).json["conflicts"]
    for _ in range(2):
        answer = await world.save(school, change(POINTS, 1, conflict["version"]))
        assert answer.json["applied"] == [{"field": POINTS, "version": conflict["version"] + 1}]
    assert (await world.read(school))["conflicts"] == []


async def test_who_has_not_seen_a_kept_value_does_not_choose(world: World, school: Registered) -> None:
    """A third value is kept while somebody chooses between two: it must not go with them."""
    await world.save(school, change(NOTE, "一"))
    (seen,) = (await world.save(school, change(NOTE, "二"))).json["conflicts"]
    await world.save(school, change(NOTE, "三"))
    (conflict,) = (await world.save(school, change(NOTE, "二", seen["version"]))).json["conflicts"]
    assert conflict["value"] == "一"
    assert [kept["value"] for kept in conflict["kept"]] == ["二", "三"]


async def test_a_repeat_is_answered_as_applied(world: World, school: Registered) -> None:
    first = await world.save(school, change(POINTS, 1.5))
    again = await world.save(school, change(POINTS, 1.5))
    assert again.json == first.json
    stale = await world.save(school, change(POINTS, 2))
    repeated = await world.save(school, change(POINTS, 2))
    assert repeated.json == stale.json


async def test_ten_identical_saves_at_once_apply_once(world: World, school: Registered) -> None:
    answers = await asyncio.gather(*(world.save(school, change(POINTS, 2), change(NOTE, "同")) for _ in range(10)))
    assert {answer.status for answer in answers} == {200}
    assert all(answer.json["conflicts"] == [] for answer in answers)
    view = await world.read(school)
    assert view["versions"] == {POINTS: 1, NOTE: 1}
    assert view["version"] == 2


async def test_two_edit_different_fields_at_once(world: World, school: Registered) -> None:
    other = await second_contact(world, school)
    mine = [change(f"/items/1.{number}.1/note", "甲") for number in range(1, 6)]
    theirs = [change(f"/items/1.{number}.1/points", 1) for number in range(1, 6)]
    answers = await asyncio.gather(
        *(world.save(school, each) for each in mine), *(world.save(school, each, by=other) for each in theirs)
    )
    assert all(answer.status == 200 and answer.json["conflicts"] == [] for answer in answers)
    view = await world.read(school)
    assert all(view["items"][f"1.{number}.1"]["note"] == "甲" for number in range(1, 6))
    assert view["sums"]["total"] == 5


async def test_two_edit_the_same_field_at_once(world: World, school: Registered) -> None:
    other = await second_contact(world, school)
    answers = await asyncio.gather(
        world.save(school, change(NOTE, "甲")), world.save(school, change(NOTE, "乙"), by=other)
    )
    assert sorted(len(answer.json["conflicts"]) for answer in answers) == [0, 1]
    (conflict,) = (await world.read(school))["conflicts"]
    assert {conflict["value"], conflict["kept"][0]["value"]} == {"甲", "乙"}


async def test_a_save_may_build_on_one_before_it_in_the_same_request(world: World, school: Registered) -> None:
    answer = await world.save(school, change(NOTE, "甲"), change(NOTE, "甲乙", 1))
    assert answer.json["applied"] == [{"field": NOTE, "version": 2}]
    assert (await world.read(school))["items"]["1.1.1"]["note"] == "甲乙"


async def test_changes_of_others_are_told_from_a_version_on(world: World, school: Registered) -> None:
    other = await second_contact(world, school)
    first = (await world.save(school, change(POINTS, 1))).json["version"]
    await world.save(school, change(NOTE, "乙"), by=other)
    answer = await world.service.get(f"{school.path}/changes?since={first}", school.contact.token)
    (told,) = answer.json["changes"]
    assert (told["field"], told["value"], told["by_name"], told["kept"]) == (NOTE, "乙", "李四", [])
    latest = answer.json["version"]
    assert (await world.service.get(f"{school.path}/changes?since={latest}", other.token)).json["changes"] == []


async def test_everything_wrong_is_said_at_once(world: World, school: Registered) -> None:
    wrong: list[tuple[str, Any, str]] = [
        (POINTS, 1.25, "points_off_scale"),
        (POINTS, 2.5, "points_off_scale"),
        (POINTS, -0.5, "points_off_scale"),
        (POINTS, True, "points_off_scale"),
        (POINTS, "2", "points_off_scale"),
        (APPLIED, "best", "not_a_choice"),
        (TEACHERS, 0, "too_small"),
        (TEACHERS, 1.5, "wrong_type"),
        (TEACHERS, 10**9, "too_large"),
        ("/application/school_phone", "电话", "bad_format"),
        ("/application/contact/name", "  ", "bad_format"),
        ("/application/contact/name", "长" * 51, "too_long"),
        ("/application/highlights", "长" * 2001, "too_long"),
        (NOTE, "响铃\u0007", "bad_format"),
        ("/items/1.1.1/clauses/basic", 1, "wrong_type"),
        ("/items/1.1.1/evidence", "x", "wrong_type"),
        ("/items/1.1.1/evidence", [{"$ne": 1}], "wrong_type"),
    ]
    answer = await world.save(school, *(change(name, value) for name, value, _ in wrong))
    assert answer.status == 422
    assert [each["code"] for each in answer.error["details"]] == [code for _, _, code in wrong]
    assert all(path.startswith(f"/changes/{number}/value") for number, path in enumerate(answer.paths))
    assert (await world.read(school))["version"] == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("/items/9.9.9/points", "unknown_item"),
        ("/items/1.1.1/clauses/demonstration", "unknown_clause"),
        ("/items/1.3.6/clauses/senior", "unknown_clause"),
        ("/application/stages/senior/students", "unknown_stage"),
        ("/items/1.1.1/agreed", "unknown_field"),
        ("/state", "unknown_field"),
        ("/application/$where", "unknown_field"),
        ("", "unknown_field"),
    ],
)
async def test_fields_that_the_form_has_not(world: World, school: Registered, name: str, code: str) -> None:
    answer = await world.save(school, change(name, 1))
    assert answer.status == 422
    assert [(each["path"], each["code"]) for each in answer.error["details"]] == [("/changes/0/field", code)]


async def test_a_senior_school_has_senior_fields(world: World) -> None:
    school = await world.register("高级中学", stages=("junior", "senior"))
    names = ["/items/1.3.6/clauses/senior", "/application/stages/senior/student_devices"]
    answer = await world.save(school, change(names[0], True), change(names[1], 100))
    assert [each["field"] for each in answer.json["applied"]] == names


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"changes": []},
        {"changes": [{"field": POINTS, "value": 1}]},
        {"changes": [{"field": POINTS, "version": 0}]},
        {"changes": [change(POINTS, 1, -1)]},
        {"changes": [change(POINTS, 1) | {"by": "x"}]},
    ],
)
async def test_bodies_of_another_form(world: World, school: Registered, body: Any) -> None:
    assert (await world.service.patch(school.path, body, school.contact.token)).status == 422


async def test_another_schools_form_is_not_there(world: World, school: Registered) -> None:
    other = await world.register("别的小学")
    for answer in (
        await world.save(school, change(POINTS, 1), by=other.contact),
        await world.service.get(school.path, other.contact.token),
        await world.service.get(f"{school.path}/changes", other.contact.token),
    ):
        assert answer.status == 404
    assert (await world.save(school, change(POINTS, 1), by=world.officer)).status == 403


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (OPENS - timedelta(milliseconds=1), "too_early"),
        (OPENS, None),
        (CLOSES - timedelta(milliseconds=1), None),
        (CLOSES, "too_late"),
    ],
)
async def test_dates_bound_typing(
    world: World, school: Registered, clock: Clock, now: datetime, code: str | None
) -> None:
    clock.set(now)
    answer = await world.save(school, change(POINTS, 1), by=await second_contact(world, school))
    assert answer.status == (200 if code is None else 409)
    assert code is None or answer.error["code"] == code


async def test_a_submitted_form_is_not_typed_in(world: World) -> None:
    school = await world.submitted()
    answer = await world.save(school, change(POINTS, 1, 1))
    assert (answer.status, answer.error["code"]) == (409, "wrong_state")


async def test_so_many_values_are_kept_and_no_more(world: World, school: Registered) -> None:
    await world.save(school, change(NOTE, "当前"))
    await world.save(school, *(change(NOTE, f"第{number}个") for number in range(20)))
    answer = await world.save(school, change(NOTE, "再一个"), change(POINTS, 1))
    assert (answer.status, answer.error["code"], answer.paths) == (409, "too_many_conflicts", ["/changes/0"])
    view = await world.read(school)
    assert len(view["conflicts"][0]["kept"]) == 20
    assert POINTS not in view["versions"]


@pytest.mark.parametrize("seed", range(3))
async def test_concurrent_editors_lose_nothing(world: World, school: Registered, seed: int) -> None:
    """Every acknowledged value is there, or was given up by somebody who had seen it."""
    chosen = random.Random(seed)
    names = [NOTE, "/items/1.1.2/note", "/application/highlights"]
    editors = [school.contact, await second_contact(world, school), await second_contact(world, school)]
    seen_by: list[dict[str, tuple[int, set[str]]]] = [{name: (0, set()) for name in names} for _ in editors]
    written: dict[str, set[str]] = {name: set() for name in names}
    given_up: dict[str, set[str]] = {name: set() for name in names}

    async def edit(number: int) -> None:
        for _ in range(8):
            name, value = chosen.choice(names), new_id()
            version, seen = seen_by[number][name]
            answer = await world.save(school, change(name, value, version), by=editors[number])
            assert answer.status == 200
            written[name].add(value)
            if answer.json["applied"]:
                given_up[name] |= seen
                seen_by[number][name] = answer.json["applied"][0]["version"], {value}
            elif chosen.random() < 0.7:  # Looks at the conflict, or types on without.
                conflict = answer.json["conflicts"][0]
                values = {conflict["value"], *(kept["value"] for kept in conflict["kept"])}
                seen_by[number][name] = conflict["version"], values

    await asyncio.gather(*(edit(number) for number in range(len(editors))))
    view = await world.read(school)
    there: dict[str, set[str]] = {
        NOTE: {view["items"].get("1.1.1", {}).get("note")},
        "/items/1.1.2/note": {view["items"].get("1.1.2", {}).get("note")},
        "/application/highlights": {view["application"]["highlights"]},
    }
    for conflict in view["conflicts"]:
        there[conflict["field"]] |= {kept["value"] for kept in conflict["kept"]}
    for name in names:
        assert written[name] <= there[name] | given_up[name]
