"""A client of our own API, as thin as may be: what the demonstration does, any program could do."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.simple_httpclient import SimpleAsyncHTTPClient

# The service limits how often a person may ask; the demonstration is many people, a few of them at a time.
AT_ONCE = 8
MOST_WAITS = 30


class ApiError(Exception):
    """An answer that is no success; its text says which request it was and what the service answered."""


@dataclass(frozen=True, slots=True)
class Api:
    """The service at `base_url`."""

    base_url: str
    _http: SimpleAsyncHTTPClient = field(
        default_factory=lambda: SimpleAsyncHTTPClient(force_instance=True, max_clients=AT_ONCE)
    )

    async def call(self, method: str, path: str, token: str | None = None, body: Any = None) -> Any:
        """Sends the request and gives the JSON of the answer; raises `ApiError`."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        return await self._send(method, path, token, headers, None if body is None else json.dumps(body).encode())

    async def upload(self, token: str, data: bytes, **metadata: str) -> Any:
        """Uploads a file with its metadata in one request of the tus protocol; gives the receipt, raises `ApiError`."""
        said = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(data)),
            "Upload-Metadata": ",".join(said),
        }
        return (await self._send("POST", "/api/uploads", token, headers, data))["receipt"]

    async def _send(
        self, method: str, path: str, token: str | None, headers: Mapping[str, str], body: bytes | None
    ) -> Any:
        request = HTTPRequest(
            self.base_url + path,
            method,
            headers={**headers, **({"Authorization": f"Bearer {token}"} if token else {})},
            body=body,
            allow_nonstandard_methods=True,
            request_timeout=60,
        )
        try:
            answer = await self._fetch(request)
        except HTTPClientError as error:
            said = error.response.body.decode() if error.response is not None else str(error)
            raise ApiError(f"{method} {path} → {error.code}\n{said}") from error
        except OSError as error:
            raise ApiError(f"{self.base_url} 没有回应（{error}）。请先执行 make run 启动服务。") from error
        return json.loads(answer.body) if answer.body else None

    async def _fetch(self, request: HTTPRequest) -> HTTPResponse:
        """The answer; one that says "too often" or "not now" is asked for again when it says."""
        for _ in range(MOST_WAITS):
            answer = await self._http.fetch(request, raise_error=False)
            if answer.code not in (429, 503):
                break
            await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
        answer.rethrow()
        return answer

    async def all(self, path: str, token: str) -> list[Any]:
        """Every item of a list, page after page."""
        items: list[Any] = []
        cursor = None
        while True:
            page = await self.call("GET", f"{path}{'&' if '?' in path else '?'}limit=200{_next(cursor)}", token)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def sign_in(self, link: str) -> str:
        """Redeems a sign-in link; gives the token of the session."""
        opened = await self.call("POST", "/api/sessions", body={"link": link.partition("#")[2]})
        return str(opened["token"])

    def close(self) -> None:
        """Ends the client."""
        self._http.close()


def _next(cursor: str | None) -> str:
    return f"&cursor={cursor}" if cursor else ""
