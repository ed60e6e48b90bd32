"""What the phone asks of the API to know by itself what there is to sync, and whether it still may."""

import pytest

from tests.http.conftest import Service, SignIn
from tests.http.visiting import Visiting, make_visiting


@pytest.fixture
async def visiting(service: Service, signed_in: SignIn) -> Visiting:
    return await make_visiting(service, signed_in)


async def test_the_list_says_which_sheets_have_changed(visiting: Visiting) -> None:
    lead, member = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(), lead, member)
    before = (await visiting.get("/api/visits", lead)).json["items"][0]["own_sheet"]
    assert before == {"state": "draft", "version": 1, "signed_at": None}
    synced = await visiting.score(visit, lead, ("1.1.4", "points", 1))
    for path in ("/api/visits", f"/api/visits/{visit}", f"/api/visits/{visit}/pack"):
        answer = (await visiting.get(path, lead)).json
        shown = answer["items"][0] if "items" in answer else answer.get("visit", answer)
        assert shown["own_sheet"]["version"] == synced["version"] > before["version"], path
    # Another's taps are not one's own, and nobody else has a sheet.
    await visiting.score(visit, member, ("1.1.4", "points", 1))
    again = (await visiting.get("/api/visits", lead)).json["items"][0]["own_sheet"]
    assert again["version"] == synced["version"]
    assert (await visiting.get(f"/api/visits/{visit}")).json["own_sheet"] is None


async def test_a_sync_says_where_the_sheet_stands(visiting: Visiting) -> None:
    lead, member = await visiting.inspectors(2)
    visit = await visiting.plan(await visiting.school(), lead, member)
    synced = await visiting.score(visit, lead, *visiting.everything())
    assert (synced["state"], synced["phase"]) == ("draft", "open")
    assert synced["rubric_sha256"] == visiting.rubric.sha256
    assert (await visiting.get("/api/rubric", lead)).json["sha256"] == visiting.rubric.sha256
    assert (await visiting.sign(visit, lead)).status == 200
    phone = visiting.phone(lead)
    late = await visiting.send(visit, phone, visiting.operations(phone, [("1.1.4", "points", 0)]))
    assert late.json["state"] == "signed" and [each["code"] for each in late.json["refused"]] == ["sheet_signed"]
    path = f"/api/visits/{visit}/sheets/{lead.person.id}/reopen"
    assert (await visiting.post(path, {"reason": "漏看一处"})).status == 204
    listed = (await visiting.get("/api/visits", lead)).json["items"][0]["own_sheet"]
    assert listed["state"] == "draft" and listed["version"] > synced["version"]
    assert (await visiting.score(visit, lead, ("1.1.4", "points", 0)))["state"] == "draft"


async def test_the_server_says_what_time_it_is(visiting: Visiting) -> None:
    (lead,) = await visiting.inspectors(1)
    visit = await visiting.plan(await visiting.school(), lead)
    now = visiting.service.clock().isoformat().replace("+00:00", "Z")
    for path in ("/api/app", f"/api/visits/{visit}/pack", f"/api/visits/{visit}/sheet"):
        assert (await visiting.get(path, lead)).json["server_now"] == now, path
    assert (await visiting.service.get("/api/app")).json["oldest_app"] >= 1
