"""WeChat, for the event loop: wechatpy in a few threads of its own, every call with an end, one token for all.

Each call gives an answer of the closed set in `wechat_answers`, never a raw exception. wechatpy takes a third of a
second to import, so that only a thread that calls WeChat does it.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from backend.gateways.wechat_answers import (
    Answer,
    Fault,
    Login,
    Misconfigured,
    Phone,
    RetryLater,
    Subscribe,
    TextCheck,
    Token,
    Wrong,
)
from backend.gateways.wechat_tokens import SharedTokens, Tokens

if TYPE_CHECKING:
    from backend.gateways.wechat_client import Client

_THREADS = 16
_MOST_WAITING = 40
# A little more than a client takes at the very most: whoever waits is let go even if a thread is stuck.
CALL_SECONDS = 10.0

# What the mini-program's states are called by the two calls that want one.
_ENV_VERSIONS = {"developer": "develop", "trial": "trial", "formal": "release"}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Account:
    """The mini-program: its id and secret, WeChat's base address, and its state (developer, trial or formal)."""

    app_id: str
    secret: str = field(repr=False)
    base_url: str
    state: str


class WeChat:
    """The calls of the mini-program's server side."""

    def __init__(self, account: Account, shared: SharedTokens, clock: Callable[[], datetime]) -> None:
        self.account = account
        self.tokens = Tokens(account.secret, shared, self._fetch, clock)
        self._pool = ThreadPoolExecutor(_THREADS, "wechat")
        self._local = threading.local()
        self._clients: list[Client] = []
        self._free = asyncio.Semaphore(_THREADS)
        self._under_way = 0

    async def code_to_session(self, code: str) -> Answer[Login]:
        """Who the code of `wx.login` stands for. One round trip; no token is needed."""
        return await self._run(lambda client: client.code_to_session(code))

    async def phone_number(self, code: str) -> Answer[Phone]:
        """The verified number behind a code of the mini-program's `getPhoneNumber`."""
        return await self._with_token(lambda client, token: client.phone_number(token, code))

    async def send(self, message: Subscribe) -> Answer[str]:
        """Sends a subscription message; gives WeChat's id of it, which may be empty."""
        return await self._with_token(lambda client, token: client.send(token, message, self.account.state))

    async def check_text(self, openid: str, scene: int, content: str) -> Answer[TextCheck]:
        """What WeChat thinks of at most 2500 characters; scene 1 profile, 2 comment, 3 forum, 4 log."""
        return await self._with_token(lambda client, token: client.check_text(token, openid, scene, content))

    async def check_media(self, openid: str, scene: int, url: str) -> Answer[str]:
        """Has the picture at `url` checked; gives the trace id under which the result is pushed within 30 minutes."""
        return await self._with_token(lambda client, token: client.check_media(token, openid, scene, url))

    async def mini_program_code(self, scene: str, page: str) -> Answer[bytes]:
        """The picture of a code that opens `page` with `scene` (at most 32 of WeChat's characters)."""
        state = _ENV_VERSIONS[self.account.state]
        return await self._with_token(lambda client, token: client.mini_program_code(token, scene, page, state))

    def close(self) -> None:
        """Ends the threads; a call under way ends by itself within seconds."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for client in self._clients:
            client.close()

    async def _fetch(self) -> Answer[Token]:
        return await self._run(lambda client: client.stable_token())

    async def _with_token(self, call: "Callable[[Client, str], Answer[_T]]") -> Answer[_T]:
        """Makes the call with the shared token; where WeChat rejects that, once more with the next, and no more."""
        rejected: str | None = None
        while True:
            token = await self.tokens.current(rejected)
            if not isinstance(token, str):
                return token
            answer = await self._run(partial(_flipped, call, token))
            if rejected is not None or not _rejects_token(answer):
                return answer
            rejected = token

    async def _run(self, work: "Callable[[Client], Answer[_T]]") -> Answer[_T]:
        if self._under_way >= _MOST_WAITING:
            return RetryLater(Fault.OVERLOADED)
        self._under_way += 1
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._free.acquire()
        except BaseException as error:
            self._under_way -= 1
            if isinstance(error, TimeoutError):
                return RetryLater(Fault.OVERLOADED)
            raise
        future = asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(self._client()))
        # The thread is free when its work ends, which may be after those who waited for it have gone.
        future.add_done_callback(self._freed)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await asyncio.shield(future)
        except TimeoutError:
            return RetryLater(Fault.NO_ANSWER, maybe_done=True)

    def _freed(self, future: "asyncio.Future[Any]") -> None:
        self._under_way -= 1
        self._free.release()

    def _client(self) -> "Client":
        """This thread's own: a session of requests is not for several."""
        if not hasattr(self._local, "client"):
            from backend.gateways.wechat_client import Client

            self._local.client = Client(self.account.app_id, self.account.secret, self.account.base_url)
            self._clients.append(self._local.client)
        client: Client = self._local.client
        return client


def _flipped(call: "Callable[[Client, str], _T]", token: str, client: "Client") -> _T:
    return call(client, token)


def _rejects_token(answer: object) -> bool:
    """Whether a new token might help: 40125 and 40013 are not about the token."""
    return isinstance(answer, Misconfigured) and answer.reason is Wrong.CREDENTIALS
