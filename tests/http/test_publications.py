"""Publications: never half of one, each message once, hashes that anybody can check, corrections as new versions."""

import asyncio
import contextlib
import json
import random
from hashlib import sha256
from typing import Any

import pytest

from backend.models.publications import Publish
from backend.services import publications as steps
from backend.store import mongo
from tests.http.conftest import Service, SignIn, new_id
from tests.http.scored import City, Scored, make_city, seeds

BELOW: dict[str, Any] = {"unmet": [("1.1.1", "basic")]}


@pytest.fixture
async def city(service: Service, signed_in: SignIn) -> City:
    return await make_city(service, signed_in)


def canonical(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


async def public(city: City) -> Any:
    """What anybody reads without signing in; None before the first publication."""
    answer = await city.service.get("/api/public/publications/latest")
    return answer.json if answer.status == 200 else None


async def test_the_public_reads_the_awarded_schools(city: City) -> None:
    assert (await city.service.get("/api/public/publications/latest")).status == 404
    await city.decided("乙小学", district="xinghua")
    await city.decided("甲小学", applied="qualified")
    failed = await city.decided("丙小学", **BELOW)
    publication = await city.published()
    answer = await city.service.get("/api/public/publications/latest")
    assert answer.status == 200
    read = answer.json
    assert read["schools"] == publication["awarded"]
    assert [(each["school"], each["grade"]) for each in read["schools"]] == [("乙小学", "示范型"), ("甲小学", "合格型")]
    assert failed.name.encode() not in answer.body
    hashed = {name: read[name] for name in ("cycle", "kind", "reason", "schools", "title", "version")}
    assert sha256(canonical(hashed)).hexdigest() == read["public_sha256"]
    assert (read["version"], read["kind"], read["title"]) == (1, "publication", "2022年泰州市智慧校园创建评估结果")
    assert read["published_at"] == "2022-10-10T02:00:00Z"


async def test_everybody_signed_in_reads_the_same_list(city: City) -> None:
    school = await city.decided("甲小学")
    failed = await city.decided("丙小学", **BELOW)
    publication = await city.published()
    for who in (await city.contact(school), await city.sign_in("district"), await city.sign_in("inspector")):
        answer = await city.get(f"/api/publications/{publication['id']}", who)
        assert answer.json == publication
        assert failed.name.encode() not in answer.body
        for part in ("entries", "snapshot", "verify"):
            assert (await city.get(f"/api/publications/{publication['id']}/{part}", who)).status == 403
        assert (await city.post("/api/publications", {}, who)).status == 403
        assert (await city.post(f"/api/publications/{publication['id']}/corrections", {}, who)).status == 403
        [listed] = (await city.get("/api/publications", who)).json["items"]
        assert listed == {name: value for name, value in publication.items() if name not in ("awarded", "deliveries")}


async def test_the_city_reads_all_of_it_and_checks_the_hash(city: City) -> None:
    await city.decided("甲小学", lost=350, applied="qualified")
    await city.decided("丙小学", **BELOW)
    publication = await city.published()
    path = f"/api/publications/{publication['id']}"
    snapshot = (await city.get(f"{path}/snapshot")).body
    assert sha256(snapshot).hexdigest() == publication["sha256"]
    whole = json.loads(snapshot)
    assert canonical(whole) == snapshot
    assert [(each["school"], each["awarded"], each["statement"]) for each in whole["schools"]] == [
        ("甲小学", "qualified", "已达示范型条件，按申报类型认定为合格型"),
        ("丙小学", None, "未达标"),
    ]
    assert whole["schools"][0]["total"] == 106.5
    first = (await city.get(f"{path}/entries?limit=1")).json
    second = (await city.get(f"{path}/entries?limit=1&cursor={first['next_cursor']}")).json
    entries = first["items"] + second["items"]
    assert [json.loads(each["content"]) for each in entries] == whole["schools"]
    assert (await city.get(f"{path}/verify")).json["intact"] is True
    # Whoever edits what is published is found out.
    changed = entries[1]["content"].replace("null", '"qualified"', 1)
    entry = {"content": entries[1]["content"]}
    await city.service.deps.db.publication_entries.update_one(entry, {"$set": {"content": changed}})
    verified = (await city.get(f"{path}/verify")).json
    assert verified["intact"] is False
    assert verified["found_sha256"] != verified["sha256"] == publication["sha256"]
    assert verified["found_public_sha256"] == verified["public_sha256"]


async def test_each_is_told_their_own_result_once(city: City) -> None:
    good = await city.decided("甲小学", applied="excellent", lost=2050)
    modest = await city.decided("乙小学", applied="qualified", unmet=[("1.1.5", "demonstration")])
    failed = await city.decided("丙小学", district="xinghua", **BELOW)
    people = {school.name: await city.contact(school) for school in (good, modest, failed)}
    colleague = await city.sign_in("school", school_id=good.id)
    own, other = await city.sign_in("district", district="xinghua"), await city.sign_in("district", district="hailing")
    await city.published()
    assert (await city.publish()).error["code"] == "nothing_decided"
    told = {name: await city.inbox(who) for name, who in people.items()}
    assert {name: [event for event, _ in messages] for name, messages in told.items()} == {
        "甲小学": ["result.published"],
        "乙小学": ["result.published"],
        "丙小学": ["result.published"],
    }
    assert told["甲小学"][0][1].startswith("甲小学：认定为优秀型。")
    assert told["乙小学"][0][1].startswith("乙小学：已达优秀型条件，按申报类型认定为合格型。")
    assert told["丙小学"][0][1].startswith("丙小学：未达标。")
    assert await city.inbox(colleague) == told["甲小学"]
    assert [text.partition("。")[0] for _, text in await city.inbox(own)] == ["丙小学：未达标"]
    assert await city.inbox(other) == []


async def test_the_preview_is_what_is_then_sent(city: City) -> None:
    good = await city.decided("甲小学", applied="excellent", lost=2050)
    failed = await city.decided("丙小学", district="xinghua", **BELOW)
    mute = await city.decided("无联系人小学")
    await city.school("未认定小学")
    people = [await city.contact(good), await city.contact(failed), await city.sign_in("district", district="xinghua")]
    db = city.service.deps.db
    before = await db.outbox.count_documents({})
    answer = await city.get("/api/publications/preview")
    assert answer.status == 200, answer.body
    preview = answer.json
    assert (await db.outbox.count_documents({}), await city.state(good)) == (before, "decided")
    summary = preview["summary"]
    assert (summary["schools"], summary["without_contact"], summary["before"], summary["obstacles"]) == (3, 1, 0, [])
    counts = {each["grade"]: each["count"] for each in summary["awards"]}
    assert counts == {"demonstration": 1, "excellent": 1, "qualified": 0, None: 1}
    shown = {each["school_id"]: each for each in preview["items"]}
    assert set(shown) == {good.id, failed.id, mute.id}
    assert (shown[good.id]["public"], shown[failed.id]["public"], shown[mute.id]["messages"]) == (True, False, [])
    assert [each["role"] for each in shown[failed.id]["messages"]] == ["school", "district"]
    first = (await city.get("/api/publications/preview?limit=2")).json
    rest = (await city.get(f"/api/publications/preview?limit=2&cursor={first['next_cursor']}")).json
    assert rest["summary"] is None
    assert first["items"] + rest["items"] == preview["items"]
    await city.published()
    messages = [message for each in preview["items"] for message in each["messages"]]
    told = {(each["event"], each["person_id"], each["title"], each["text"]) for each in messages}
    sent = await db.inbox.find({"event": {"$regex": "result"}}).to_list(None)
    assert told == {(each["event"], each["person_id"], each["title"], each["text"]) for each in sent}
    assert {each["person_id"] for each in messages} == {each.person.id for each in people}
    after = (await city.get("/api/publications/preview")).json
    assert (after["items"], after["summary"]["before"]) == ([], 3)
    assert after["summary"]["obstacles"] == ["没有已认定而未公布的学校，请先认定"]


async def test_the_preview_says_what_stands_against_publishing(city: City) -> None:
    school = await city.decided("甲小学")
    notice = await city.post("/api/public-notices", {"until": "2022-10-31", "text": "现予公示"})
    objection = {"school_id": school.id, "text": "机房未开放", "from": "家长"}
    path = f"/api/public-notices/{notice.json['id']}/objections"
    assert (await city.post(path, objection)).status == 201
    obstacles = (await city.get("/api/publications/preview")).json["summary"]["obstacles"]
    refused = await city.publish()
    assert refused.status == 409
    assert obstacles == [each["message"] for each in refused.error["details"]]
    assert len(obstacles) == 2


async def test_results_are_ones_own(city: City) -> None:
    mine = await city.decided("甲小学", applied="excellent", unmet=[("1.1.5", "demonstration")], lost=1050)
    failed = await city.decided("丙小学", **BELOW)
    await city.decided("乙小学", district="xinghua")
    contact = await city.contact(mine)
    for who in (contact, await city.sign_in("district")):
        assert (await city.get("/api/results", who)).json == {"items": [], "next_cursor": None}
    publication = await city.published()
    [result] = (await city.get("/api/results", contact)).json["items"]
    assert (result["school_id"], result["publication_id"], result["version"]) == (mine.id, publication["id"], 1)
    assert result["grade"]["total"] == 99.5
    assert result["grade"]["shortest_path"] == ["1.1.5"]
    [own] = (await city.get("/api/results", await city.contact(failed))).json["items"]
    assert (own["grade"]["statement"], own["grade"]["awarded"]) == ("未达标", None)
    district = await city.sign_in("district", district="hailing")
    assert [each["school"] for each in (await city.get("/api/results", district)).json["items"]] == ["甲小学", "丙小学"]
    assert len((await city.get("/api/results")).json["items"]) == 3
    assert (await city.get("/api/results", await city.sign_in("school"))).json["items"] == []
    assert (await city.get("/api/results", await city.sign_in("inspector"))).status == 403


async def test_a_later_publication_holds_what_came_before(city: City) -> None:
    await city.decided("甲小学")
    first = await city.published()
    assert await city.state(await city.decided("乙小学")) == "decided"
    second = await city.published()
    assert (second["version"], [each["school"] for each in second["awarded"]]) == (2, ["乙小学", "甲小学"])
    assert (await city.get(f"/api/publications/{first['id']}")).json | {"deliveries": None} == first
    assert (await city.get(f"/api/publications/{first['id']}/verify")).json["intact"] is True
    assert [each["version"] for each in (await city.get("/api/publications")).json["items"]] == [2, 1]
    assert (await public(city))["version"] == 2


async def test_published_is_final(city: City) -> None:
    school = await city.decided("甲小学", own={"1.1.2": 100}, agreed={"1.1.2": 0})
    await city.published()
    assert await city.state(school) == "published"
    assert (await city.post(f"{school.path}/reopen-decision", {"reason": "x"})).error["code"] == "wrong_state"
    assert (await city.decide(school)).error["code"] == "wrong_state"
    assert (await city.get("/api/discrepancies")).json["items"] == []
    trail = (await city.get(f"/api/tables/audit-events?object_id={school.submission_id}")).json["items"]
    assert [event["event"] for event in trail].count("submission.publish") == 1
    assert (await city.get(f"/api/publications/{new_id()}")).status == 404


async def test_ten_at_once_publish_once(city: City) -> None:
    schools = [await city.decided(f"{number}校") for number in range(6)]
    contact = await city.contact(schools[0])
    answers = await asyncio.gather(*(city.publish() for _ in range(10)))
    # Whoever comes while it goes on helps, and is told of the same.
    assert {answer.status for answer in answers} <= {201, 409}
    assert {answer.json["id"] for answer in answers if answer.status == 201} == {
        (await city.get("/api/publications")).json["items"][0]["id"]
    }
    assert await city.service.deps.db.publications.count_documents({}) == 1
    assert len(await city.inbox(contact)) == 1


async def correct(city: City, publication: Any, school: Scored, item: str = "1.1.1", **ruling: Any) -> Any:
    ruled = {"item": item} | (ruling or {"clauses": {"basic": True}})
    body = {"submission_id": school.submission_id, "reason": "复核发现误判", "rulings": [ruled]}
    return await city.post(f"/api/publications/{publication['id']}/corrections", body)


async def test_a_correction_is_a_new_version_with_a_reason(city: City) -> None:
    failed = await city.decided("丙小学", **BELOW)
    other = await city.decided("甲小学")
    contact, officer = await city.contact(failed), await city.sign_in("district", district="hailing")
    bystander = await city.contact(other)
    first = await city.published()
    answer = await correct(city, first, failed)
    assert answer.status == 201, answer.body
    second = answer.json
    assert (second["version"], second["kind"], second["reason"]) == (2, "correction", "复核发现误判")
    assert [each["school"] for each in second["awarded"]] == ["丙小学", "甲小学"]
    assert (await city.get(f"/api/publications/{first['id']}")).json | {"deliveries": None} == first
    for publication in (first, second):
        assert (await city.get(f"/api/publications/{publication['id']}/verify")).json["intact"] is True
    assert (await public(city))["public_sha256"] == second["public_sha256"]
    [result] = (await city.get("/api/results", contact)).json["items"]
    assert (result["grade"]["awarded"], result["version"]) == ("demonstration", 2)
    made = (await city.get(f"{failed.path}/decision")).json["made"]
    assert [(each["version"], each["correction"], each["opinion"]) for each in made] == [
        (1, None, "同意"),
        (2, "复核发现误判", "同意"),
    ]
    assert await city.state(failed) == "published"
    assert (await city.get("/api/discrepancies")).json["items"] == []
    told = [text for event, text in await city.inbox(contact) if event == "result.corrected"]
    assert told == ["丙小学：认定为示范型。更正原因：复核发现误判"]
    assert sorted(event for event, _ in await city.inbox(officer)) == [
        "district_result.corrected",
        "district_result.published",
    ]
    assert [event for event, _ in await city.inbox(bystander)] == ["result.published"]
    targets = (await city.get("/api/targets")).json
    assert (targets["publication_version"], targets["scopes"][0]["grades"][0]["holding"]) == (2, 2)


async def test_what_cannot_be_corrected(city: City) -> None:
    failed = await city.decided("丙小学", **BELOW)
    first = await city.published()
    decided = await city.decided("甲小学")
    assert (await correct(city, {"id": new_id()}, failed)).status == 404
    assert (await correct(city, first, decided)).status == 404
    assert (await correct(city, first, failed, item="9.9.9")).paths == ["/rulings/0/item"]
    assert (await correct(city, first, failed, points=0.25)).paths == ["/rulings/0/points"]
    assert (await correct(city, first, failed, clauses={})).paths == ["/rulings/0"]
    assert await city.service.deps.db.publications.count_documents({}) == 1
    submission = {"_id": failed.submission_id}
    review = {"$set": {"review.reviewers": [city.officer.person.id]}}
    await city.service.deps.db.submissions.update_one(submission, review)
    assert [each["code"] for each in (await correct(city, first, failed)).error["details"]] == ["second_person"]
    await city.service.deps.db.submissions.update_one(submission, {"$set": {"review.reviewers": []}})
    answers = await asyncio.gather(*(correct(city, first, failed) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]
    assert {answer.error["code"] for answer in answers if answer.status == 409} == {"version_conflict"}


class Killed(BaseException):
    """As if the process had been killed: nothing in between catches it."""


@pytest.mark.parametrize("seed", seeds())
async def test_killed_in_between_it_is_never_half_published(
    city: City, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Killed before or behind commits, begun again by an officer or a start: what is seen is all or nothing."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    schools = [await city.decided(f"{number}校", **(BELOW if number % 3 == 0 else {})) for number in range(5)]
    contacts = [await city.contact(school) for school in schools]
    awarded = sorted(school.name for number, school in enumerate(schools) if number % 3)
    deps, real = city.service.deps, mongo.transact

    async def transact(db: Any, work: Any) -> Any:
        fate = chance.random()
        if fate < 0.2:
            raise Killed
        result = await real(db, work)
        if fate > 0.8:
            raise Killed
        return result

    monkeypatch.setattr(steps, "BATCH", chance.choice([1, 2, 3]))
    monkeypatch.setattr(steps, "transact", transact)
    done = False
    while not done:
        with contextlib.suppress(Killed):
            if chance.random() < 0.5:
                await steps.publish(deps, city.officer.actor, Publish())
                done = True
            else:
                done = await steps.resume(deps) > 0
        seen = await public(city)
        assert seen is None or sorted(each["school"] for each in seen["schools"]) == awarded
        results = [(await city.get("/api/results", who)).json["items"] for who in contacts]
        assert {len(each) for each in results} == ({1} if seen else {0})
        holding = (await city.get("/api/targets")).json["scopes"][0]["grades"][-1]["holding"]
        assert holding == (len(awarded) if seen else 0)
        if seen is None:
            assert [await city.inbox(who) for who in contacts] == [[]] * len(contacts)
        if await deps.db.publishing.count_documents({"latest": {"$ne": None}, "preparing": None}):
            # It was killed behind the very last commit.
            done = True
    monkeypatch.setattr(steps, "transact", real)
    assert await steps.resume(deps) == 0
    assert await deps.db.publications.count_documents({}) == 1
    for who, school in zip(contacts, schools, strict=True):
        assert [event for event, _ in await city.inbox(who)] == ["result.published"]
        assert await city.state(school) == "published"
    trail = (await city.get("/api/tables/audit-events?event=submission.publish")).json["items"]
    assert len(trail) == len(schools)
    [publication] = (await city.get("/api/publications")).json["items"]
    assert (await city.get(f"/api/publications/{publication['id']}/verify")).json["intact"] is True
    assert await deps.db.outbox.count_documents({"event": "result.published"}) == len(schools)


async def test_nothing_moves_under_a_publication_that_was_interrupted(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    school = await city.decided("甲小学")

    async def stop(*_: Any) -> bool:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(steps, "_move_some", stop)
        with pytest.raises(RuntimeError, match="killed"):
            await steps.publish(city.service.deps, city.officer.actor, Publish())
    assert await public(city) is None
    assert (await city.get("/api/publications")).json["items"] == []
    found = await city.service.deps.db.publications.find_one({})
    assert found is not None
    assert (await city.get(f"/api/publications/{found['_id']}")).status == 404
    for path, body in (
        (f"{school.path}/reopen-decision", {"reason": "改"}),
        ("/api/public-notices", {"until": "2022-10-20", "text": "x"}),
    ):
        answer = await city.post(path, body)
        assert (answer.status, answer.error["code"]) == (409, "publishing")
    later = await city.decided("乙小学")
    publication = await city.published()
    assert [each["school"] for each in publication["awarded"]] == ["甲小学"]
    assert await city.state(later) == "decided"
    assert (await city.published())["version"] == 2
