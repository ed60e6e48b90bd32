"""WeChat's check of what schools type, when they submit: risky is refused, review is marked, no answer stops nobody."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.services import content_check
from backend.services.content_check import MOST_CHARACTERS, Piece, chunks
from backend.services.form_fields import FormField
from backend.store.mongo import Database
from tests.http.conftest import Answer, Clock, SignIn, StartService
from tests.http.submitted import Registered, World, change, make_world
from tests.wechat_stub import Rule, Stub

OPENID = "o-teacher"
NOTE, HIGHLIGHTS, NAME = "/items/1.1.1/note", "/application/highlights", "/application/contact/name"
INDICATOR = "/indicators/1.1/note"


@pytest.fixture
async def world(start_service: StartService, stub: Stub, clock: Clock, signed_in: SignIn) -> AsyncIterator[World]:
    async with start_service(**stub.settings, wechat_content_check=True) as service:
        stub.platform.ahead = clock().timestamp() - time.time()
        yield await make_world(service, signed_in)


@pytest.fixture
async def school(world: World, stub: Stub, database: Database, clock: Clock) -> Registered:
    """A school that is ready to submit, its contact just come in through WeChat."""
    school = await world.register()
    await world.fill_in(school)
    user = {"openid": OPENID, "unionid": None, "bound_at": clock()}
    await database.people.update_one({"_id": school.contact.person.id}, {"$set": {"wechat": user}})
    stub.platform.visited[OPENID] = stub.platform.now
    return school


async def typed(world: World, school: Registered, **texts: str) -> None:
    view = await world.read(school)
    changes = [change(name, text, view["versions"].get(name, 0)) for name, text in texts.items()]
    assert (await world.save(school, *changes)).status == 200


async def submit(world: World, school: Registered) -> Answer:
    return await world.post(school, "submit", by=school.contact)


async def mark(world: World, school: Registered) -> Any:
    """What the officer is told; the school is told nothing."""
    assert (await world.read(school))["content_check"] is None
    return (await world.read(school, by=world.officer))["content_check"]


async def test_harmless_texts_pass_in_few_checks(world: World, school: Registered, stub: Stub) -> None:
    await typed(world, school, **{NOTE: "拓扑图见附件", INDICATOR: "已建成"})
    assert (await submit(world, school)).status == 200
    assert await mark(world, school) == {"at": "2022-08-15T02:00:00Z", "review": [], "unchecked": []}
    (asked,) = stub.asked("text")
    for text in ("数据驱动的课堂", "陈校长", "周老师", "拓扑图见附件", "已建成"):
        assert text in asked["content"]
    assert (asked["openid"], asked["version"]) == (OPENID, 2)
    # Numbers are nobody's prose, and telephone numbers nobody else's business.
    assert "13800000001" not in asked["content"]


async def test_risky_texts_are_refused_each_by_its_field(world: World, school: Registered, stub: Stub) -> None:
    await typed(world, school, **{NOTE: "这里有违禁内容", HIGHLIGHTS: "违禁", INDICATOR: "可疑"})
    answer = await submit(world, school)
    assert (answer.status, answer.error["code"]) == (409, "risky_content")
    assert answer.paths == [HIGHLIGHTS, NOTE]
    assert "1.1.1" in answer.error["details"][1]["message"]
    assert (await world.read(school))["state"] == "draft"
    await typed(world, school, **{NOTE: "拓扑图见附件", HIGHLIGHTS: "智慧课堂"})
    assert (await submit(world, school)).status == 200
    assert (await mark(world, school))["review"] == [INDICATOR]


async def test_doubtful_texts_pass_and_are_marked(world: World, school: Registered) -> None:
    await typed(world, school, **{NAME: "可疑"})
    assert (await submit(world, school)).status == 200
    assert (await mark(world, school))["review"] == [NAME]


@pytest.mark.parametrize(
    "rule",
    [
        Rule("text", errcode=-1, times=None),
        Rule("text", html=True, times=None),
        Rule("text", status=503, times=None),
        Rule("text", errcode=61010, times=None),
        Rule("token", errcode=40001, times=None),
        Rule("text", cut=True, times=None),
    ],
)
async def test_an_unreachable_checker_stops_nobody_and_is_marked(
    world: World, school: Registered, stub: Stub, rule: Rule
) -> None:
    stub.rules.append(rule)
    await typed(world, school, **{NOTE: "违禁"})
    assert (await submit(world, school)).status == 200
    marked = await mark(world, school)
    assert {NOTE, HIGHLIGHTS, NAME} <= set(marked["unchecked"])
    assert marked["review"] == []


async def test_a_checker_that_hangs_is_waited_for_so_long_and_no_longer(
    world: World, school: Registered, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content_check, "SECONDS", 0.3)
    stub.rules.append(Rule("text", delay=2, times=None))
    begun = time.monotonic()
    assert (await submit(world, school)).status == 200
    assert time.monotonic() - begun < 2
    assert HIGHLIGHTS in (await mark(world, school))["unchecked"]


async def test_whoever_came_by_a_link_is_marked(
    world: World, school: Registered, database: Database, stub: Stub
) -> None:
    await database.people.update_many({}, {"$set": {"wechat": None}})
    assert (await submit(world, school)).status == 200
    assert HIGHLIGHTS in (await mark(world, school))["unchecked"]
    assert stub.asked("text") == []


async def test_what_can_not_be_submitted_is_not_checked(world: World, school: Registered, stub: Stub) -> None:
    await typed(world, school, **{NAME: ""})
    answer = await submit(world, school)
    assert (answer.status, answer.paths) == (409, [NAME])
    await typed(world, school, **{NAME: "周老师"})
    assert stub.asked("text") == []
    assert (await submit(world, school)).status == 200
    stub.calls.clear()
    assert (await submit(world, school)).error["code"] == "wrong_state"
    assert stub.asked("text") == []


async def test_what_is_changed_meanwhile_is_not_submitted_unchecked(
    world: World, school: Registered, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = content_check.check

    async def and_then_somebody_types(*args: Any) -> Any:
        found = await checked(*args)
        await typed(world, school, **{NOTE: "违禁"})
        return found

    monkeypatch.setattr(content_check, "check", and_then_somebody_types)
    answer = await submit(world, school)
    assert (answer.status, answer.error["code"]) == (409, "version_conflict")
    monkeypatch.undo()
    assert (await submit(world, school)).error["code"] == "risky_content"


async def test_switched_off_nothing_is_asked(
    start_service: StartService, stub: Stub, signed_in: SignIn, clock: Clock
) -> None:
    async with start_service(**stub.settings) as service:
        world = await make_world(service, signed_in)
        school = await world.submitted()
        assert await mark(world, school) is None
        assert stub.calls == []


async def test_much_text_goes_in_pieces_that_a_check_can_hold(world: World, school: Registered, stub: Stub) -> None:
    long = {f"/items/1.1.{number}/note": f"{number}" * 1999 + "。" for number in range(1, 5)}
    await typed(world, school, **long | {HIGHLIGHTS: "特色" * 1000})
    assert (await submit(world, school)).status == 200
    contents = [each["content"] for each in stub.asked("text")]
    assert max(map(len, contents)) <= 2500
    assert all(any(text in content for content in contents) for text in long.values())
    assert (await mark(world, school))["unchecked"] == []


@given(st.lists(st.integers(1, MOST_CHARACTERS), max_size=30))
def test_chunks_hold_every_piece_in_order_and_fit(sizes: list[int]) -> None:
    pieces = [Piece(FormField(str(number), "", "note", ""), "字" * size) for number, size in enumerate(sizes)]
    packed = chunks(pieces)
    assert [piece for chunk in packed for piece in chunk] == pieces
    assert all(len("\n".join(piece.text for piece in chunk)) <= MOST_CHARACTERS for chunk in packed)
    assert all(packed)
