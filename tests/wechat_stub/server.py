"""The stub as a server on a free port, and the handle by which a test steers it."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.web import Application

from tests.wechat_stub import push
from tests.wechat_stub.handlers import Api, Control
from tests.wechat_stub.platform import Platform
from tests.wechat_stub.rules import ENDPOINTS, Gate, Rule


@dataclass(slots=True)
class Stub:
    """A running stub. `calls` is what it was asked, in order; `messages` what it delivered."""

    port: int = 0
    platform: Platform = field(default_factory=Platform)
    rules: list[Rule] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    latency: float = 0
    # Calls that met another one to the same openid.
    overlaps: int = 0
    # By "send.arrived" (before anything happens) and "send.done" (before the answer).
    gates: dict[str, Gate] = field(default_factory=dict)
    push_url: str | None = None
    push_token: str = "AAAAA"
    aes_key: str = "A" * 43
    # Whether each message is followed by subscribe_msg_sent_event.
    tells: bool = False
    # Whether it pushes in safe mode, where a push does not say.
    safe: bool = True
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _under_way: Counter[str] = field(default_factory=Counter)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set)

    @property
    def url(self) -> str:
        """What `ZHIPING_WECHAT_BASE_URL` is set to."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a service that uses it."""
        return {
            "wechat_app_id": self.platform.app_id,
            "wechat_app_secret": self.platform.secret,
            "wechat_base_url": self.url,
            "wechat_push_token": self.push_token,
            "wechat_aes_key": self.aes_key,
        }

    def asked(self, name: str) -> list[dict[str, Any]]:
        """What the endpoint was asked."""
        return [body for endpoint, body in self.calls if endpoint == name]

    def rule_for(self, name: str, asked: dict[str, Any]) -> Rule | None:
        """The first rule for the call; uses it up."""
        for rule in self.rules:
            if rule.endpoint == name and rule.times != 0 and (rule.only is None or rule.only(asked)):
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    def begin(self, name: str, asked: dict[str, Any]) -> str | None:
        """Notes that a message to a person is under way."""
        if name != "send":
            return None
        openid = str(asked["touser"])
        self._under_way[openid] += 1
        self.overlaps += self._under_way[openid] > 1
        return openid

    @property
    def idle(self) -> bool:
        """Whether no message is under way."""
        return not any(self._under_way.values())

    def end(self, openid: str | None) -> None:
        """Notes that it is no more."""
        if openid is not None:
            self._under_way[openid] -= 1

    def sent(self, asked: dict[str, Any]) -> int:
        """Delivers a message; gives its id."""
        number = next(self._numbers)
        self.messages.append({key: value for key, value in asked.items() if key != "access_token"} | {"msgid": number})
        if self.tells and self.push_url is not None:
            task = asyncio.create_task(self.push(self.sent_event(self.messages[-1])))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return number

    def event(self, openid: str, name: str, rows: Any) -> dict[str, Any]:
        """A subscribe event; `rows` is an object or an array of them, as WeChat sends both."""
        head = {"ToUserName": "gh_stub", "FromUserName": openid, "CreateTime": int(self.platform.now)}
        return head | {"MsgType": "event", "Event": name, "List": rows}

    def sent_event(self, message: dict[str, Any], errcode: str = "0", status: str = "success") -> dict[str, Any]:
        """subscribe_msg_sent_event of a message."""
        row = {"TemplateId": message["template_id"], "MsgID": str(message["msgid"])}
        row |= {"ErrorCode": errcode, "ErrorStatus": status}
        return self.event(message["touser"], "subscribe_msg_sent_event", row)

    async def push(
        self, event: dict[str, Any], *, form: str = "json", safe: bool | None = None, age: int = 0
    ) -> tuple[int, str]:
        """Pushes an event to `push_url`; gives the status and the body of the answer."""
        if self.push_url is None:
            raise AssertionError("no push_url")
        query, body = push.request_of(
            event,
            token=self.push_token,
            aes_key=self.aes_key,
            app_id=self.platform.app_id,
            timestamp=int(self.platform.now) - age,
            form=form,
            safe=self.safe if safe is None else safe,
        )
        client = SimpleAsyncHTTPClient(force_instance=True)
        kind = "application/json" if form == "json" else "text/xml"
        request = HTTPRequest(
            f"{self.push_url}?{urlencode(query)}", "POST", {"Content-Type": kind}, body, request_timeout=5
        )
        try:
            answer = await client.fetch(request, raise_error=False)
            return answer.code, answer.body.decode()
        finally:
            client.close()


@asynccontextmanager
async def running_stub(port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[Stub]:
    """Serves for as long as the block lasts."""
    stub = Stub()
    routes: list[Any] = [(path, Api, {"stub": stub}) for path in ENDPOINTS]
    server = HTTPServer(Application([*routes, (r"/control/([a-z-]+)", Control, {"stub": stub})], log_function=_quiet))
    sockets = bind_sockets(port, host)
    stub.port = sockets[0].getsockname()[1]
    server.add_sockets(sockets)
    try:
        yield stub
    finally:
        stub.stopping.set()
        for gate in stub.gates.values():
            gate.opened.set()
        server.stop()
        await server.close_all_connections()


def _quiet(handler: Any) -> None:
    """No access log: its lines would quote tokens."""
