"""Targets: all registered schools in the denominator, past awards and published grades in the numerator."""

from typing import Any

import pytest

from backend.store import targets
from tests.http.conftest import Service, SignIn
from tests.http.scored import City, make_city


@pytest.fixture
async def city(service: Service, signed_in: SignIn) -> City:
    return await make_city(service, signed_in)


async def scope(city: City, district: str | None = None) -> Any:
    answer = await city.get("/api/targets")
    assert answer.status == 200, answer.body
    return next(each for each in answer.json["scopes"] if each["district"] == district)


def first_target(scope: Any) -> tuple[int, int, int, bool]:
    """Of 95 % 合格型: schools, holding, missing, reached."""
    target = scope["targets"][0]
    assert (target["grade"], target["share"]) == ("qualified", 0.95)
    return scope["schools"], target["holding"], target["missing"], target["reached"]


async def test_nineteen_of_twenty(city: City) -> None:
    for number in range(18):
        await city.school(f"往年{number}校", past=["qualified"])
    await city.school("不申报校")
    assert first_target(await scope(city)) == (19, 18, 1, False)
    decided = await city.decided("新评校", applied="qualified")
    # Decided is not published.
    assert first_target(await scope(city)) == (20, 18, 1, False)
    await city.published()
    assert first_target(await scope(city)) == (20, 19, 0, True)
    assert first_target(await scope(city, decided.district)) == (20, 19, 0, True)
    assert first_target(await scope(city, "xinghua")) == (0, 0, 0, True)


async def test_the_best_of_past_and_present_counts(city: City) -> None:
    await city.decided("升级校", past=["qualified"], applied="demonstration")
    await city.decided("保级校", past=["qualified", "demonstration"], applied="qualified")
    await city.decided("未达标校", past=["excellent"], unmet=[("1.1.1", "basic")])
    await city.published()
    grades = {each["grade"]: (each["holding"], each["share"]) for each in (await scope(city))["grades"]}
    assert grades == {"demonstration": (2, 0.6667), "excellent": (3, 1), "qualified": (3, 1)}


async def test_every_target_of_the_cycle_is_told(city: City) -> None:
    await city.school("甲")
    targets = (await scope(city))["targets"]
    assert [(each["year"], each["grade"], each["share"], each["missing"]) for each in targets] == [
        (2022, "qualified", 0.95, 1),
        (2022, "excellent", 0.2, 1),
        (2022, "demonstration", 0.1, 1),
        (2024, "qualified", 1, 1),
    ]


async def test_schools_are_counted_only_when_something_has_changed(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    read = targets.past_awards

    def counting(*args: Any) -> Any:
        counted.append(args)
        return read(*args)

    monkeypatch.setattr(targets, "past_awards", counting)
    school = await city.school("甲", past=["qualified"])
    for _ in range(3):
        assert first_target(await scope(city)) == (1, 1, 0, True)
    await city.get("/api/targets", await city.sign_in("district"))
    assert len(counted) == 1
    # What somebody changes of a school is seen at once.
    body = {"version": 1, "past_awards": []}
    answer = await city.service.patch(f"/api/schools/{school.id}", body, city.officer.token)
    assert answer.status == 200, answer.body
    assert first_target(await scope(city)) == (1, 0, 1, False)
    assert len(counted) == 2


async def test_a_district_sees_its_own(city: City) -> None:
    await city.decided("甲", applied="qualified")
    await city.decided("乙", district="xinghua")
    await city.published()
    answer = await city.get("/api/targets", await city.sign_in("district", district="xinghua"))
    [own] = answer.json["scopes"]
    assert (own["district"], own["name"], own["schools"]) == ("xinghua", "兴化市", 1)
    assert [each["holding"] for each in own["grades"]] == [1, 1, 1]
    for role in ("school", "inspector", "admin"):
        assert (await city.get("/api/targets", await city.sign_in(role))).status == 403
