"""A phone that uploads photos and never gives up: it asks how far each has come, and goes on from there."""

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from tests.http.uploading import BYTES, TUS, checksum, encoded

_SECONDS = 120
_HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


@dataclass(slots=True)
class Phone:
    """Sends photos one after the other, some in one request, the others in pieces of some size, some of these with
    checksums. `receipts` are by evidence id."""

    port: int
    token: str
    visit_id: str
    items: tuple[str, ...]
    chance: Random
    receipts: dict[str, Any] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)
    answers: int = 0
    done: bool = False
    lost: int = 0
    resumed: int = 0
    _http: SimpleAsyncHTTPClient = field(default_factory=lambda: SimpleAsyncHTTPClient(force_instance=True))

    async def run(self, photos: int) -> None:
        """So many photos, until each has its receipt."""
        async with asyncio.timeout(_SECONDS):
            for _ in range(photos):
                await self._send_photo()
        self.done = True

    async def _send_photo(self) -> None:
        chance = self.chance
        data = _HEAD + chance.randbytes(chance.choice((30_000, 700_000, 1_500_000, 2_500_000)))
        evidence_id = f"{chance.getrandbits(32):08x}-0000-4000-8000-{chance.getrandbits(48):012x}"
        self.hashes[evidence_id] = hashlib.sha256(data).hexdigest()
        said = {
            "evidence_id": evidence_id,
            "visit_id": self.visit_id,
            "item": chance.choice(self.items),
            "taken_at": "2022-09-05T09:30:00+08:00",
        }
        headers = {"Upload-Length": str(len(data)), "Upload-Metadata": encoded(said)}
        if chance.random() < 0.4:
            # In one request; again from the beginning, where it was not answered.
            created = await self._until("POST", "/api/uploads", {**headers, **BYTES}, 201, data)
            self._note(evidence_id, json.loads(created.body)["receipt"])
            return
        url = (await self._until("POST", "/api/uploads", headers, 201)).headers["Location"]
        checked = chance.random() < 0.3
        while (receipt := await self._receipt(url)) is None:
            offset = int((await self._until("HEAD", url, {}, 200)).headers["Upload-Offset"])
            piece = data[offset : offset + chance.choice((100_000, 600_000, len(data)))]
            headers = {**BYTES, "Upload-Offset": str(offset), **(checksum(piece) if checked else {})}
            answer = await self._once("PATCH", url, headers, piece)
            # Nothing, 503, 409 and 423 alike: ask how far it has come, and go on.
            self.resumed += answer is None or answer.code != 204
            assert answer is None or answer.code in (204, 409, 423, 503), (answer.code, answer.body)
            if answer is not None and answer.code == 423:
                await asyncio.sleep(0.1)
        self._note(evidence_id, receipt)

    def _note(self, evidence_id: str, receipt: Any) -> None:
        assert receipt["sha256"] == self.hashes[evidence_id]
        self.receipts[evidence_id] = receipt

    async def _receipt(self, url: str) -> Any:
        answer = await self._until("GET", url, {}, 200)
        return json.loads(answer.body)["receipt"]

    async def _until(
        self, method: str, path: str, headers: dict[str, str], expected: int, body: bytes = b""
    ) -> HTTPResponse:
        """Sends it until it is answered as expected."""
        while True:
            answer = await self._once(method, path, headers, body if method == "POST" else None)
            if answer is not None and answer.code == expected:
                return answer
            assert answer is None or answer.code in (423, 503), (method, answer.code, answer.body)
            await asyncio.sleep(0.1)

    async def _once(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None = None
    ) -> HTTPResponse | None:
        """The answer; None where there was none."""
        request = HTTPRequest(
            f"http://127.0.0.1:{self.port}{path}",
            method,
            headers={**TUS, "Authorization": f"Bearer {self.token}", **headers},
            body=body,
            allow_nonstandard_methods=True,
            request_timeout=30,
        )
        try:
            answer = await self._http.fetch(request, raise_error=False)
        except (OSError, HTTPClientError):
            self.lost += 1
            await asyncio.sleep(0.05)
            return None
        self.answers += 1
        return answer

    def close(self) -> None:
        """Ends the client."""
        self._http.close()
