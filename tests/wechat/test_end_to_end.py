"""The whole way through HTTP only: login, binding, accept, publication, and the message at WeChat."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from rich.progress import Progress

from backend.config_files import default_config_folder, load_cycle, load_rubric
from backend.demonstration import cycle
from backend.demonstration.registration import City, Member
from backend.deps import utc_now
from backend.store.embedded import Embedded
from backend.store.migrations import migrate
from backend.store.mongo import close, connect
from tests.faults.processes import ServiceProcess, free_port
from tests.faults.world import city_on
from tests.http.conftest import new_id
from tests.wechat.conftest import template_of
from tests.wechat_stub import Stub

CONTACT, LEAD = "o-contact", "o-lead"
PUBLISHED = template_of("result.published")


@pytest.fixture
async def served(mongodb: Embedded, stub: Stub, tmp_path: Path, notices_folder: Path) -> AsyncIterator[City]:
    """`python -m backend serve` with the stub for WeChat, and the demonstration's city in it."""
    config = tmp_path / "config"
    shutil.copytree(default_config_folder(), config)
    shutil.copy(notices_folder / "notices.yaml", config)
    chosen = {"mongodb_uri": mongodb.uri, "database": "wechat", "config_folder": config, **stub.settings}
    process = ServiceProcess(tmp_path, {name: str(value) for name, value in chosen.items()}, free_port())
    db = connect(mongodb.uri, "wechat")
    await db.client.drop_database("wechat")
    await migrate(db)
    folder = default_config_folder()
    city = await city_on(db, f"http://127.0.0.1:{process.port}", load_rubric(folder, load_cycle(folder, "2022").rubric))
    stub.push_url = f"http://127.0.0.1:{process.port}/wechat/push"
    stub.tells = True
    try:
        await process.start()
        yield city
    finally:
        city.api.close()
        process.kill()
        await db.client.drop_database("wechat")
        close(db)


async def login(city: City, stub: Stub, openid: str) -> Any:
    return await city.api.call("POST", "/api/wechat/sessions", body={"code": stub.platform.code_for(openid)})


async def bind_by_phone(city: City, stub: Stub, openid: str, person: Member) -> None:
    unbound = await login(city, stub, openid)
    assert unbound["state"] == "unbound"
    body = {"ticket": unbound["ticket"], "phone_code": stub.platform.phone_code(person.phone)}
    opened = await city.api.call("POST", "/api/wechat/bindings", body=body)
    assert opened["me"]["person_id"] == person.id


async def bind_by_invitation(city: City, stub: Stub, openid: str, person: Member) -> None:
    path = f"/api/people/{person.id}/invitations"
    invitation = await city.api.call("POST", path, city.officer.token, {})
    body = {"ticket": (await login(city, stub, openid))["ticket"], "invitation": invitation["code"]}
    opened = await city.api.call("POST", "/api/wechat/bindings", body=body)
    assert opened["me"]["person_id"] == person.id


async def accept(city: City, stub: Stub, openid: str, template: str) -> str:
    """The person comes in and taps on "accept"; mini-program and WeChat both report it. Gives the session."""
    signed_in = await login(city, stub, openid)
    token = str(signed_in["session"]["token"])
    stub.platform.accept(openid, template)
    now = utc_now().isoformat()
    report = {"id": new_id(), "template_id": template, "result": "accept", "at": now}
    quotas = await city.api.call("POST", "/api/wechat/accepts", token, {"device_now": now, "accepts": [report]})
    row = {"TemplateId": template, "SubscribeStatusString": "accept", "PopupScene": "0"}
    assert await stub.push(stub.event(openid, "subscribe_msg_popup_event", row)) == (200, "success")
    (offered,) = [each for each in quotas["quotas"] if each["template_id"] == template]
    assert (offered["events"], offered["left"]) == (["result.published"], 1)
    assert await city.api.call("GET", "/api/wechat/accepts", token) == quotas
    return token


async def finished(city: City, publication_id: str) -> Any:
    """Where the publication's messages stand, once none waits any more."""
    async with asyncio.timeout(60):
        while True:
            view = await city.api.call("GET", f"/api/publications/{publication_id}", city.officer.token)
            if view["deliveries"]["waiting"] == 0:
                return view["deliveries"]
            await asyncio.sleep(0.1)


async def test_from_login_to_the_message(served: City, stub: Stub) -> None:
    city = served
    with Progress(disable=True) as progress:
        entrant = await cycle.one_school(city, progress, "2022")
    await bind_by_phone(city, stub, CONTACT, entrant.contact)
    await bind_by_invitation(city, stub, LEAD, city.inspectors[0])
    assert (await login(city, stub, LEAD))["session"]["me"]["holding"]["role"] == "inspector"
    token = await accept(city, stub, CONTACT, PUBLISHED)

    published = await city.api.call("POST", "/api/publications", city.officer.token, {})
    deliveries = await finished(city, published["id"])
    assert (deliveries["sent"], deliveries["dead"], deliveries["refused"]) == (1, 0, 0)
    (message,) = [each for each in stub.messages if each["template_id"] == PUBLISHED]
    assert (message["touser"], message["miniprogram_state"]) == (CONTACT, "formal")
    assert message["page"].startswith("pages/")
    assert entrant.school.name.startswith(message["data"]["thing1"]["value"].rstrip("…"))
    # The accept is used up; the result stands in the inbox as well, and in the session of the mini-program.
    (left,) = [
        each["left"]
        for each in (await city.api.call("GET", "/api/wechat/accepts", token))["quotas"]
        if each["template_id"] == PUBLISHED
    ]
    assert left == 0
    inbox = await city.api.call("GET", "/api/inbox", token)
    assert "result.published" in [each["event"] for each in inbox["items"]]
    ticket = await city.api.call("POST", "/api/wechat/web-view-tickets", token)
    web_view = await city.api.sign_in(ticket["url"])
    results = await city.api.call("GET", "/api/results", web_view)
    assert [each["school_id"] for each in results["items"]] == [entrant.id]
