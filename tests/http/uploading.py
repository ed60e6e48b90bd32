"""Uploads for tests: what a client of the tus protocol sends, over the service's own client and over a raw socket."""

import asyncio
import base64
import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.http.conftest import Answer, Service, new_id

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}
ITEM = "1.1.4"
TAKEN_AT = "2022-09-05T09:30:00+08:00"
# What a JPEG begins with: the receipt is given by the first bytes, the picture is looked at later.
_JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"


def jpeg(size: int) -> bytes:
    """So many bytes that begin like a JPEG, never the same twice."""
    return (_JPEG + random.randbytes(max(0, size - len(_JPEG))))[:size]


def sha256(data: bytes) -> str:
    """The hash as receipts name it."""
    return hashlib.sha256(data).hexdigest()


def encoded(metadata: Mapping[str, str]) -> str:
    """Metadata as a header."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())


def checksum(data: bytes, name: str = "sha256") -> dict[str, str]:
    """The header with the checksum of a body."""
    return {"Upload-Checksum": f"{name} {base64.b64encode(hashlib.new(name, data).digest()).decode()}"}


def of_visit(visit_id: str, evidence_id: str | None = None, **more: str) -> dict[str, str]:
    """The metadata of a photo of a visit."""
    known = {"evidence_id": evidence_id or new_id(), "visit_id": visit_id, "item": ITEM, "taken_at": TAKEN_AT}
    return known | more


def of_submission(submission_id: str, evidence_id: str | None = None, **more: str) -> dict[str, str]:
    """The metadata of a school's photo."""
    return {"evidence_id": evidence_id or new_id(), "submission_id": submission_id, "name": "机房.jpg"} | more


@dataclass(slots=True)
class Client:
    """Somebody who uploads."""

    service: Service
    token: str

    async def create(self, metadata: Mapping[str, str], length: int, body: bytes | None = None, **more: str) -> Answer:
        """Begins an upload, with its first bytes or without."""
        headers = TUS | {"Upload-Length": str(length), "Upload-Metadata": encoded(metadata)} | more
        if body is not None:
            headers |= BYTES
        return await self.service.request(
            "POST",
            "/api/uploads",
            token=self.token,
            headers=headers | {"Content-Type": BYTES["Content-Type"]},
            body=body,
        )

    async def begin(self, metadata: Mapping[str, str], length: int) -> str:
        """Begins an upload; its address."""
        answer = await self.create(metadata, length)
        assert answer.status == 201, answer.body.decode()
        return str(answer.headers["Location"])

    async def append(self, url: str, offset: int, body: bytes, **more: str) -> Answer:
        """Goes on with one."""
        headers = TUS | BYTES | {"Upload-Offset": str(offset)} | more
        return await self.service.request("PATCH", url, token=self.token, headers=headers, body=body)

    async def offset(self, url: str) -> int:
        """How far it has come."""
        answer = await self.service.request("HEAD", url, token=self.token, headers=TUS)
        assert answer.status == 200, answer
        return int(answer.headers["Upload-Offset"])

    async def read(self, url: str) -> Any:
        """The upload."""
        answer = await self.service.get(url, self.token)
        assert answer.status == 200, answer.body.decode()
        return answer.json

    async def upload(self, metadata: Mapping[str, str], data: bytes) -> Any:
        """All at once; the receipt."""
        answer = await self.create(metadata, len(data), data)
        assert answer.status == 201, answer.body.decode()
        return answer.json["receipt"]

    async def form(self, metadata: Mapping[str, str], data: bytes, **more: Any) -> Answer:
        """In one form, as `wx.uploadFile` sends it."""
        boundary = "----WeChat7MA4YWxkTrZu0gW"
        body = form_body(boundary, metadata, data, **more)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return await self.service.request("POST", "/api/uploads/form", token=self.token, headers=headers, body=body)

    async def cut(self, url: str, offset: int, body: bytes, sent: int, **more: str) -> None:
        """Announces a body, sends so much of it, and is gone."""
        lines = TUS | BYTES | {"Upload-Offset": str(offset), "Content-Length": str(len(body))} | more
        await self.send_raw("PATCH", url, lines, body[:sent])

    async def settled(self) -> None:
        """Waits until the service is done with what was cut."""
        while self.service.context.traffic.in_flight:  # noqa: ASYNC110 - it says nothing
            await asyncio.sleep(0.002)

    async def opened(
        self, method: str, path: str, headers: Mapping[str, str]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which the head of a request has been sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.service.port)
        lines = {"Host": "x", "Authorization": f"Bearer {self.token}"} | dict(headers)
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode())
        return reader, writer

    async def send_raw(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, *, gone: bool = True
    ) -> bytes:
        """Sends a head and what there is of a body, and closes the connection (at once, or after the answer's head).
        The beginning of the answer, if there is one."""
        reader, writer = await self.opened(method, path, headers)
        writer.write(body)
        await writer.drain()
        if gone:
            # All of it has been read by the service when nothing is left in between.
            writer.write_eof()
        answer = await asyncio.wait_for(reader.read() if gone else reader.readuntil(b"\r\n\r\n"), 10)
        writer.close()
        await self.settled()
        return answer


def form_body(boundary: str, fields: Mapping[str, str], data: bytes, filename: str = "tmp_9f.jpg") -> bytes:
    """A form with fields and a file."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: image/jpeg\r\n\r\n'
    return b"".join([*parts, f"--{boundary}\r\n{head}".encode(), data, f"\r\n--{boundary}--\r\n".encode()])
