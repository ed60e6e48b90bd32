"""The endpoints of WeChat, and one to steer the stub by hand."""

import asyncio
import json
import uuid
from typing import TYPE_CHECKING, Any

from tornado.web import HTTPError, RequestHandler

from tests.wechat_stub.fields import wrong_field
from tests.wechat_stub.rules import ENDPOINTS, Rule, body_of

if TYPE_CHECKING:
    from tests.wechat_stub.server import Stub

_HTML = "<!DOCTYPE html><html><body><h1>Service Unavailable</h1></body></html>"
_PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)

Body = dict[str, Any]


class Api(RequestHandler):
    """Every endpoint: waits, logs, fails as the rules say, or answers."""

    def initialize(self, stub: "Stub") -> None:
        self.stub = stub

    async def get(self) -> None:
        """code2Session is the only one by GET."""
        await self._handle({name: self.get_query_argument(name) for name in self.request.query_arguments})

    async def post(self) -> None:
        """All others."""
        try:
            body = json.loads(self.request.body)
        except ValueError:
            self.finish(body_of(47001))
            return
        await self._handle(body | {"access_token": self.get_query_argument("access_token", "")})

    async def _handle(self, asked: Body) -> None:
        name = ENDPOINTS[self.request.path]
        stub, rule = self.stub, self.stub.rule_for(name, asked)
        stub.calls.append((name, {key: value for key, value in asked.items() if key != "access_token"}))
        if gate := stub.gates.get(f"{name}.arrived"):
            await gate.pass_through()
        under_way = stub.begin(name, asked)
        try:
            await asyncio.sleep(stub.latency + (rule.delay if rule else 0))
            if rule is None or not rule.fails or rule.after:
                answer = self._answer(name, asked)
        finally:
            stub.end(under_way)
        if gate := stub.gates.get(f"{name}.done"):
            await gate.pass_through()
        if rule is not None and rule.fails:
            await self._fail(rule)
        elif isinstance(answer, bytes):
            self.set_header("Content-Type", "image/png")
            self.finish(answer)
        else:
            self.finish(answer)

    async def _fail(self, rule: Rule) -> None:
        if rule.hang:
            await self.stub.stopping.wait()
        if rule.drip:
            self.set_header("Content-Length", "1000000")
            while not self.stub.stopping.is_set() and not self.request.connection.stream.closed():  # type: ignore[union-attr]  # It is open.
                self.write(b" ")
                await self.flush()
                await asyncio.sleep(0.2)
        if rule.cut or rule.hang or rule.drip:
            self.request.connection.stream.close()  # type: ignore[union-attr]  # As above.
            return
        if rule.errcode is not None:
            self.finish(body_of(rule.errcode, rule.field))
            return
        self.set_status(rule.status or 200)
        self.set_header("Content-Type", "text/html")
        self.finish(_HTML)

    def _answer(self, name: str, asked: Body) -> Body | bytes:
        if name in ("login", "token"):
            return _login(self.stub, asked) if name == "login" else _token(self.stub, asked)
        error = self.stub.platform.token_error(asked["access_token"])
        if error is not None:
            return body_of(error)
        return _ANSWERS[name](self.stub, asked)


def _login(stub: "Stub", asked: Body) -> Body:
    platform = stub.platform
    if asked.get("appid") != platform.app_id:
        return body_of(40013)
    if asked.get("secret") != platform.secret:
        return body_of(40125)
    openid = platform.redeem(platform.login_codes, asked.get("js_code", ""))
    if isinstance(openid, int):
        return body_of(openid)
    if platform.too_often(openid):
        return body_of(45011)
    platform.visited[openid] = platform.now
    unionid = {"unionid": f"union-{openid}"} if platform.unionids else {}
    return {"openid": openid, "session_key": "c3R1Yi1zZXNzaW9uLWtleQ==", **unionid}


def _token(stub: "Stub", asked: Body) -> Body:
    platform = stub.platform
    if asked.get("appid") != platform.app_id:
        return body_of(40013)
    if asked.get("secret") != platform.secret:
        return body_of(40001)
    token, seconds = platform.stable_token(force=bool(asked.get("force_refresh")))
    return {"access_token": token, "expires_in": seconds}


def _phone(stub: "Stub", asked: Body) -> Body:
    number = stub.platform.redeem(stub.platform.phone_codes, asked.get("code", ""))
    if isinstance(number, int):
        return body_of(40029)
    info = {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86"}
    return {"errcode": 0, "errmsg": "ok", "phone_info": info}


def _send(stub: "Stub", asked: Body) -> Body:
    platform, openid, template = stub.platform, asked["touser"], asked["template_id"]
    if openid not in platform.users:
        return body_of(40003)
    if platform.templates is not None and template not in platform.templates:
        return body_of(40037)
    if asked.get("miniprogram_state") not in ("developer", "trial", "formal") or asked.get("lang") != "zh_CN":
        return body_of(47003, "miniprogram_state")
    if not str(asked.get("page", "")).startswith("pages/"):
        return body_of(41030)
    if (wrong := wrong_field(asked["data"])) is not None:
        return body_of(47003, wrong)
    if template not in platform.long_term:
        if platform.accepts[openid, template] < 1:
            return body_of(43101)
        platform.accepts[openid, template] -= 1
    return {"errcode": 0, "errmsg": "ok", "msgid": stub.sent(asked)}


def _text(stub: "Stub", asked: Body) -> Body:
    platform = stub.platform
    if asked.get("version") != 2 or len(asked["content"]) > 2500:
        return body_of(47003, "content")
    if platform.visited.get(asked["openid"], 0) < platform.now - 7200:
        return body_of(61010)
    return {
        "errcode": 0,
        "errmsg": "ok",
        "result": platform.text_result(asked["content"]),
        "detail": [],
        "trace_id": "t",
    }


def _media(stub: "Stub", asked: Body) -> Body:
    return {"errcode": 0, "errmsg": "ok", "trace_id": f"trace-{uuid.uuid4()}"}


def _code(stub: "Stub", asked: Body) -> Body | bytes:
    return body_of(40169) if not 0 < len(asked.get("scene", "")) <= 32 else _PNG


_ANSWERS = {"phone": _phone, "send": _send, "text": _text, "media": _media, "code": _code}


class Control(RequestHandler):
    """POST /control/NAME with a JSON object: what a test does by Python, for trying things by hand."""

    def initialize(self, stub: "Stub") -> None:
        self.stub = stub

    async def get(self, name: str) -> None:
        """What was asked, what was sent."""
        shown = {"calls": self.stub.calls, "messages": self.stub.messages}
        if name not in shown:
            raise HTTPError(404)
        self.finish(json.dumps(shown[name], ensure_ascii=False, indent=1))

    async def post(self, name: str) -> None:
        """Steers the stub."""
        given = json.loads(self.request.body or b"{}")
        stub, platform = self.stub, self.stub.platform
        if name == "login-code":
            self.finish({"code": platform.code_for(given["openid"])})
        elif name == "phone-code":
            self.finish({"code": platform.phone_code(given["number"])})
        elif name == "accept":
            platform.accept(given["openid"], given["template_id"], given.get("count", 1))
            self.finish({"left": platform.accepts[given["openid"], given["template_id"]]})
        elif name == "rule":
            stub.rules.append(Rule(**given))
            self.finish({"rules": len(stub.rules)})
        elif name == "latency":
            stub.latency = float(given["seconds"])
            self.finish({"latency": stub.latency})
        elif name == "advance":
            platform.advance(float(given["seconds"]))
            self.finish({"ahead": platform.ahead})
        elif name == "drop-tokens":
            platform.drop_tokens()
            self.finish({})
        elif name == "push":
            status, body = await stub.push(given["event"], form=given.get("form", "json"), safe=given.get("safe"))
            self.finish({"status": status, "body": body})
        else:
            raise HTTPError(404)
