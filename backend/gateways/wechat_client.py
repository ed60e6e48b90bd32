"""wechatpy, held to what we need of it: bounded in time and size, no token of its own, no secret in what it says.

Synchronous, and not to be shared by threads. `backend.gateways.wechat` runs it.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import requests
from wechatpy.client import WeChatClient
from wechatpy.exceptions import WeChatClientException

from backend.gateways.wechat_answers import (
    Answer,
    Done,
    Failed,
    Fault,
    Login,
    Misconfigured,
    Phone,
    Refusal,
    Refused,
    RetryLater,
    Subscribe,
    TextCheck,
    Token,
    Wrong,
)

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
# For one HTTP request and its answer, whatever the pace at which that comes.
TOTAL_SECONDS = 8.0
_MOST_BYTES = 4 * 1024 * 1024

# WeChat rejects the token: fetch a new one, and try once more.
TOKEN_REJECTED = frozenset({40001, 40014, 42001})

_FAULTS: Mapping[int, Fault] = {-1: Fault.BUSY, 45011: Fault.TOO_OFTEN, 43108: Fault.AT_ONCE, 45009: Fault.DAY_LIMIT}
_WRONG: Mapping[int, Wrong] = {
    **dict.fromkeys(TOKEN_REJECTED, Wrong.CREDENTIALS),
    40125: Wrong.CREDENTIALS,
    41002: Wrong.APP_ID,
    40013: Wrong.APP_ID,
    40164: Wrong.ADDRESS,
    48001: Wrong.NOT_ALLOWED,
}
_REFUSALS: Mapping[int, Refusal] = {
    40029: Refusal.BAD_CODE,
    40163: Refusal.BAD_CODE,
    40226: Refusal.BLOCKED,
    43101: Refusal.NOT_ACCEPTED,
    40003: Refusal.NO_SUCH_USER,
    61010: Refusal.NOT_VISITED,
    40037: Refusal.BAD_TEMPLATE,
    41030: Refusal.BAD_PAGE,
    47003: Refusal.BAD_FIELD,
}
# "argument invalid! data.thing1.value invalid"
_FIELD = re.compile(r"data\.(\w{1,40})")

_T = TypeVar("_T")


class _Redacting(logging.Filter):
    """urllib3 writes every address into its debug log, with all the secrets that WeChat wants in the query."""

    _secret = re.compile(r"\b(secret|access_token|js_code)=[^&\s\"']+")

    def filter(self, record: logging.LogRecord) -> bool:
        """Blanks them; lets every record pass."""
        record.msg, record.args = self._secret.sub(r"\1=[redacted]", record.getMessage()), ()
        return True


for _name in ("urllib3.connectionpool", "urllib3.util.retry", "requests"):
    logging.getLogger(_name).addFilter(_Redacting())


class _NotWeChatError(Exception):
    """An answer that is none of WeChat's: not JSON, too long, or without what it is there for."""


class _Http(requests.Session):
    """HTTP that ends in time: `timeout` of requests counts anew with every packet that comes."""

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """The answer with all of its body. Follows no redirection: it would carry the token to wherever."""
        deadline = time.monotonic() + TOTAL_SECONDS
        kwargs |= {"stream": True, "allow_redirects": False}
        response = super().send(request, **kwargs)
        parts: list[bytes] = []
        try:
            while part := response.raw.read1(65536, decode_content=True):
                parts.append(part)
                if time.monotonic() > deadline:
                    raise requests.ReadTimeout("the answer took too long")
                if sum(map(len, parts)) > _MOST_BYTES:
                    raise _NotWeChatError
        except BaseException:
            response.close()
            raise
        response._content = b"".join(parts)
        return response


class Client(WeChatClient):  # type: ignore[misc]  # wechatpy has no types.
    """The calls that we make. Every one gives an answer of the closed set; those with a `token` use that one."""

    def __init__(self, app_id: str, secret: str, base_url: str) -> None:
        # Its own retry has no end where WeChat rejects every token.
        super().__init__(app_id, secret, timeout=(CONNECT_SECONDS, READ_SECONDS), auto_retry=False)
        self._http = _Http()
        self._base = base_url.rstrip("/") + "/"

    def close(self) -> None:
        """Closes the connections that wait for another call."""
        self._http.close()

    def fetch_access_token(self) -> None:
        """Never: tokens are given to the calls, for all processes share one."""
        raise NotImplementedError

    def stable_token(self) -> Answer[Token]:
        """The token that is good now. WeChat gives the same one until five minutes before its end."""
        body = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret, "force_refresh": False}

        def read(answer: Mapping[str, Any]) -> Token:
            return Token(_text(answer, "access_token"), max(0, int(answer.get("expires_in", 7200))))

        return self._ask("cgi-bin/stable_token", read, body)

    def code_to_session(self, code: str) -> Answer[Login]:
        """Who the code of `wx.login` stands for; each is good once, for five minutes."""
        query = [
            ("appid", self.appid),
            ("secret", self.secret),
            ("js_code", code),
            ("grant_type", "authorization_code"),
        ]
        return self._ask(
            "sns/jscode2session", lambda answer: Login(_text(answer, "openid"), answer.get("unionid")), query=query
        )

    def phone_number(self, token: str, code: str) -> Answer[Phone]:
        """The verified number behind a code of `getPhoneNumber`."""

        def read(answer: Mapping[str, Any]) -> Phone:
            info = answer["phone_info"]
            return Phone(_text(info, "purePhoneNumber"), str(info["countryCode"]))

        return self._ask("wxa/business/getuserphonenumber", read, {"code": code}, token)

    def send(self, token: str, message: Subscribe, state: str) -> Answer[str]:
        """Sends a subscription message; gives WeChat's id of it, which may be empty."""
        body = {
            "touser": message.openid,
            "template_id": message.template_id,
            "page": message.page,
            "data": {key: {"value": value} for key, value in message.data.items()},
            "miniprogram_state": state,
            "lang": "zh_CN",
        }
        return self._ask("cgi-bin/message/subscribe/send", lambda answer: str(answer.get("msgid", "")), body, token)

    def check_text(self, token: str, openid: str, scene: int, content: str) -> Answer[TextCheck]:
        """What WeChat thinks of a text (msgSecCheck version 2)."""
        body = {"version": 2, "openid": openid, "scene": scene, "content": content}

        def read(answer: Mapping[str, Any]) -> TextCheck:
            result = answer["result"]
            if result["suggest"] not in ("pass", "review", "risky"):
                raise _NotWeChatError
            return TextCheck(result["suggest"], int(result["label"]))

        return self._ask("wxa/msg_sec_check", read, body, token)

    def check_media(self, token: str, openid: str, scene: int, url: str) -> Answer[str]:
        """Has a picture checked (mediaCheckAsync version 2); gives the id under which the result is pushed."""
        body = {"media_url": url, "media_type": 2, "version": 2, "scene": scene, "openid": openid}
        return self._ask("wxa/media_check_async", lambda answer: _text(answer, "trace_id"), body, token)

    def mini_program_code(self, token: str, scene: str, page: str, state: str) -> Answer[bytes]:
        """The picture of a mini-program code; `state` is the version that it opens: develop, trial, release."""
        body = {"scene": scene, "page": page, "check_path": False, "env_version": state}

        def read(response: object) -> bytes:
            if isinstance(response, requests.Response) and response.headers.get("Content-Type", "").startswith(
                "image/"
            ):
                return bytes(response.content)
            raise _NotWeChatError

        return self._answer(lambda: read(self._call("wxa/getwxacodeunlimit", body, token)))

    def _ask(
        self,
        path: str,
        read: Callable[[Mapping[str, Any]], _T],
        body: Mapping[str, Any] | None = None,
        token: str | None = None,
        query: list[tuple[str, str]] | None = None,
    ) -> Answer[_T]:
        """A call that is answered by JSON."""

        def work() -> _T:
            answer = self._call(path, body, token, query)
            if not isinstance(answer, dict):
                raise _NotWeChatError
            return read(answer)

        return self._answer(work)

    def _call(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        token: str | None,
        query: list[tuple[str, str]] | None = None,
    ) -> object:
        # To a query that is a list wechatpy adds no token of its own, which it would fetch first.
        params = query or ([] if token is None else [("access_token", token)])
        if body is None:
            return self.get(path, api_base_url=self._base, params=params)
        return self.post(path, api_base_url=self._base, params=params, data=dict(body))

    def _answer(self, work: Callable[[], _T]) -> Answer[_T]:
        try:
            return Done(work())
        except WeChatClientException as error:
            return _failure(error)
        except requests.ConnectTimeout:
            return RetryLater(Fault.UNREACHABLE)
        except requests.ConnectionError as error:
            return RetryLater(Fault.UNREACHABLE) if _never_connected(error) else RetryLater(Fault.NO_ANSWER, True)
        except requests.Timeout:
            return RetryLater(Fault.NO_ANSWER, maybe_done=True)
        except (_NotWeChatError, KeyError, TypeError, ValueError):
            return RetryLater(Fault.NOT_WECHAT)
        except Exception:
            # urllib3's own, from a body that breaks off. What it says is not passed on: it quotes the address.
            return RetryLater(Fault.NO_ANSWER, maybe_done=True)


def _never_connected(error: requests.ConnectionError) -> bool:
    """Whether the request can't have left: no name, no route, nobody listening."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return type(cause).__name__ in ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def _failure(error: WeChatClientException) -> Failed:
    code = error.errcode
    if code is None:
        # Its HTTP status is an error: that is a gateway on the way, for WeChat itself always answers 200. One that gave
        # up waiting (504) knows no more than we would.
        waited = getattr(error.response, "status_code", None) == 504
        return RetryLater(Fault.NO_ANSWER, maybe_done=True) if waited else RetryLater(Fault.NOT_WECHAT)
    if code in _FAULTS:
        return RetryLater(_FAULTS[code])
    if code in _WRONG:
        return Misconfigured(_WRONG[code], code)
    found = _FIELD.search(str(error.errmsg)) if code == 47003 else None
    return Refused(_REFUSALS.get(code, Refusal.OTHER), code, found[1] if found else None)


def _text(answer: Mapping[str, Any], key: str) -> str:
    value = answer[key]
    if not isinstance(value, str) or not value:
        raise _NotWeChatError
    return value
