"""The inspection report: three ways of scores, differences, rulings, photos and signatures, each as the API has it."""

import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import pytest
from docx.document import Document as Docx
from PIL import Image

from backend.documents.archive import verify
from backend.services import report_bundles
from tests.documents import HOSTILE, foot, opened, rows
from tests.http.conftest import Clock, SignedIn, StartService
from tests.http.world import ITEM, Subject, World, make_world
from tests.wechat_stub import running_stub


@pytest.fixture
async def world(start_service: StartService, clock: Clock) -> AsyncIterator[World]:
    async with running_stub() as stub, start_service(**stub.settings) as service:
        yield await make_world(service, clock, stub)


async def report(world: World, subject: Subject, by: SignedIn | None = None) -> Docx:
    answer = await world.send(
        "GET", f"/api/submissions/{subject.submission_id}/inspection-report", None, by or world.city
    )
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    return opened(answer.body)


async def rule(world: World, subject: Subject, reason: str) -> None:
    body = {"item": ITEM, "points": 0.5, "reason": reason}
    await world.post(f"/api/visits/{subject.visit_id}/rulings", body)


def number(points: Any) -> str:
    return "" if points is None else str(points)


async def test_the_report_says_what_the_api_says(world: World) -> None:
    subject = await world.subject("closed")
    reviewed = {"review.items": {"1_1_4": {"remark": "需补充", "points": 50}}}
    own = {"items.1_1_4": {"points": 100, "clauses": {}, "note": None, "evidence": []}}
    await world.db.submissions.update_one({"_id": subject.submission_id}, {"$set": {**reviewed, **own}})
    await rule(world, subject, "现场核实，设备未启用")
    visit = f"/api/visits/{subject.visit_id}"
    agreed = (await world.send("GET", f"{visit}/reconciliation", None, world.city)).json
    document = await report(world, subject)
    facts, scores, differences, rulings, signatures = document.tables
    assert rows(facts)[0] == ["学校名称", subject.name, "市（区）", "海陵区"]
    assert f"现场评定总分 {agreed['total']} 分" in rows(facts)[3][1]
    printed = {row[0]: row for row in rows(scores)}
    assert printed["指标"] == ["指标", "评估内容", "分值", "自评", "初评", "现场", "未达要求"]
    for item in agreed["items"]:
        row = printed[item["item"]]
        assert row[1] == world.rubric.items[item["item"]].text
        assert row[3] == number(item["self_assessment"]["points"])
        assert row[5] == number(item["agreed_points"])
        unmet = [each["name"] for each in item["clauses"] if each["verdict"] is False]
        assert len([each for each in row[6].split("、") if each]) == len(unmet)
    assert printed[ITEM][3:6] == ["1", "0.5", "0.5"]
    found = (await world.send("GET", f"/api/submissions/{subject.submission_id}/discrepancies", None, world.city)).json
    assert [row[0] for row in rows(differences)[1:]] == [each["item"] for each in found["items"]]
    assert rows(rulings)[1][:2] == [ITEM, "0.5"]
    assert rows(rulings)[1][5] == "现场核实，设备未启用"
    signed = rows(signatures)
    assert [row[0] for row in signed[1:]].count("组长") == 1
    assert {row[1] for row in signed[1:]} == {subject.lead.person.name, subject.member.person.name, "陈校长"}
    # The picture of this one is none.
    assert signed[-1][2] == "已签字（图片无法显示）"


async def test_photos_and_signatures_are_shown(world: World) -> None:
    subject = await world.everything("hailing")
    picture = io.BytesIO()
    Image.new("RGB", (300, 120), "white").save(picture, "PNG")
    await world.db.countersignatures.update_one({"_id": subject.visit_id}, {"$set": {"png": picture.getvalue()}})
    document = await report(world, subject)
    assert len(document.inline_shapes) == 1
    captions = next(rows(each) for each in document.tables if "拍摄人" in rows(each)[0])
    photo = await world.db.visit_photos.find_one({"_id": subject.photo_id})
    assert captions[1] == [ITEM, "2022-09-05 09:55", subject.member.person.name, photo["sha256"][:16]]


async def test_a_school_reads_it_when_it_is_published_and_without_the_districts_points(world: World) -> None:
    closed, published = await world.subject("closed"), await world.everything("hailing")
    for subject in (closed, published):
        points = {"review.items": {"1_1_4": {"remark": "需补充", "points": 50}}}
        await world.db.submissions.update_one({"_id": subject.submission_id}, {"$set": points})
    officer = await world.sign_in("district", district="hailing")
    for who in (closed.contact, officer):
        path = f"/api/submissions/{closed.submission_id}/inspection-report"
        assert (await world.service.get(path, who.token)).status == 404
    own, districts = [await report(world, published, who) for who in (published.contact, officer)]
    assert rows(own.tables[1])[0] == ["指标", "评估内容", "分值", "自评", "现场", "未达要求"]
    assert "初评" in rows(districts.tables[1])[0]
    codes = [foot(document).splitlines()[0].removeprefix("验证码：") for document in (own, districts)]
    assert codes[0] != codes[1]
    for code, kind in zip(codes, ("schools_inspection_report", "inspection_report"), strict=True):
        verified = (await world.service.get(f"/api/verify?code={code}")).json
        assert (verified["kind"], verified["state"]) == (kind, "current")


async def test_another_ruling_supersedes(world: World) -> None:
    subject = await world.subject("closed")
    code = foot(await report(world, subject)).splitlines()[0].removeprefix("验证码：")
    assert (await world.service.get(f"/api/verify?code={code}")).json["state"] == "current"
    await rule(world, subject, "现场核实")
    assert (await world.service.get(f"/api/verify?code={code}")).json["state"] == "superseded"


async def test_reasons_come_out_as_typed(world: World) -> None:
    subject = await world.subject("closed")
    for text in HOSTILE:
        await rule(world, subject, text)
    rulings = next(rows(each) for each in (await report(world, subject)).tables if "裁定人" in rows(each)[0])
    assert [row[5] for row in rulings[1:]] == list(HOSTILE)


async def test_a_refused_signature(world: World) -> None:
    subject = await world.subject("signed")
    body = {"refused": True, "reason": "对评分有异议"}
    await world.send("PUT", f"/api/visits/{subject.visit_id}/countersignature", body, subject.lead)
    await world.post(f"/api/visits/{subject.visit_id}/close", None, subject.lead)
    assert rows((await report(world, subject)).tables[-1])[-1][2] == "拒签：对评分有异议"


@pytest.mark.parametrize("few", [0, 20])
async def test_the_reports_of_many_schools_come_as_one_file(
    world: World, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By processes, and by threads.
    monkeypatch.setattr(report_bundles, "FEW", few)
    own = await world.subject("closed")
    elsewhere = await world.subject("closed", "jingjiang")
    await world.subject("planned")
    answer = await world.send("GET", "/api/inspection-reports", None, world.city)
    assert answer.headers["Content-Type"] == "application/zip"
    assert unquote(answer.headers["Content-Disposition"]).endswith("现场评估报告-全市-2份-20220905.zip")
    # The archive's own check: every member is whole.
    assert verify(io.BytesIO(answer.body)).files == 2
    with zipfile.ZipFile(io.BytesIO(answer.body)) as found:
        names = [name for name in found.namelist() if name.endswith(".docx")]
        documents = {name: opened(found.read(name)) for name in names}
    assert {name.partition("/")[0] for name in names} == {"海陵区", "靖江市"}
    for school in (own, elsewhere):
        [name] = [name for name in names if school.name in name]
        assert rows(documents[name].tables[0])[0][1] == school.name
        # It is the report that the school's address gives, under the same code.
        alone = await report(world, school)
        assert [rows(each) for each in alone.tables] == [rows(each) for each in documents[name].tables]
        assert foot(alone) == foot(documents[name])
    answer = await world.send("GET", "/api/inspection-reports?district=jingjiang", None, world.city)
    assert verify(io.BytesIO(answer.body)).files == 1
    nothing = await world.service.get("/api/inspection-reports?district=taixing", world.city.token)
    assert nothing.status == 404


async def test_two_batches_of_reports_are_not_made_at_once(world: World) -> None:
    await world.subject("closed")
    await world.service.deps.making.acquire()
    busy = await world.service.get("/api/inspection-reports", world.city.token)
    assert (busy.status, busy.error["code"]) == (503, "busy")
    world.service.deps.making.release()
    assert (await world.service.get("/api/inspection-reports", world.city.token)).status == 200
