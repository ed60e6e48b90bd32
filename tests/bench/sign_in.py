"""Signing in by WeChat: how often WeChat is asked for it, and how long it takes beside WeChat's own answer."""

import asyncio
import time
import uuid

from tornado.httpclient import HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from backend.logs import configure_logs
from backend.models.people import Holding, Role
from backend.store import people
from backend.store.migrations import migrate
from backend.store.mongo import close, connect
from backend.store.people import Person, WeChatUser
from tests.bench.figures import RUNS, Figure
from tests.bench.servers import own_mongodb
from tests.http.conftest import Clock, Service, make_deps, running_service
from tests.wechat_stub import Stub, running_stub

LOGINS, LATENCY = 15, 0.1
OPENID = "o-teacher"
_INSPECTOR = Holding(role=Role.INSPECTOR)


def figures() -> list[Figure]:
    """Calls of WeChat's for a sign-in, of which those for a token; its time as a multiple of WeChat's own."""
    configure_logs("warning", "json")
    with own_mongodb() as uri:
        calls, tokens, ratios = zip(*asyncio.run(_runs(uri)), strict=True)
    return [
        Figure("calls of WeChat for a sign-in", calls, "calls", 1, floor=False),
        Figure("of these for a token", tokens, "calls", 0, floor=False),
        Figure("a sign-in, WeChat answering after 100 ms", ratios, "× that call", 1.5, floor=False),
    ]


async def _runs(uri: str) -> list[tuple[float, float, float]]:
    db, clock = connect(uri, "bench"), Clock()
    await migrate(db)
    user = WeChatUser(OPENID, None, clock())
    await people.insert(db, Person(str(uuid.uuid4()), "李老师", "13900000001", (_INSPECTOR,), wechat=user))
    try:
        async with running_stub() as stub:
            stub.latency = LATENCY
            async with running_service(make_deps(db, clock, **stub.settings), clock) as service:
                # A warm-up first: wechatpy is imported with the first call.
                return [await _one_run(service, stub) for _ in range(RUNS + 1)][1:]
    finally:
        close(db)


async def _one_run(service: Service, stub: Stub) -> tuple[float, float, float]:
    stub.calls.clear()
    through = [await _sign_in(service, stub) for _ in range(LOGINS)]
    asked = [name for name, _ in stub.calls]
    alone = [await _ask_wechat(stub) for _ in range(LOGINS)]
    # A hundred logins a minute is what WeChat allows a user.
    stub.platform.advance(61)
    return len(asked) / LOGINS, asked.count("token") / LOGINS, sum(through) / sum(alone)


async def _sign_in(service: Service, stub: Stub) -> float:
    """Seconds of a sign-in over HTTP."""
    code, begun = stub.platform.code_for(OPENID), time.perf_counter()
    answer = await service.post("/api/wechat/sessions", {"code": code})
    assert answer.json["state"] == "signed_in"
    return time.perf_counter() - begun


async def _ask_wechat(stub: Stub) -> float:
    """Seconds of the one call that a sign-in needs, made without the service."""
    client, platform = SimpleAsyncHTTPClient(force_instance=True), stub.platform
    query = f"appid={platform.app_id}&secret={platform.secret}&js_code={platform.code_for(OPENID)}"
    begun = time.perf_counter()
    await client.fetch(HTTPRequest(f"{stub.url}/sns/jscode2session?{query}"))
    client.close()
    return time.perf_counter() - begun
