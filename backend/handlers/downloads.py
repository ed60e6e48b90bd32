"""Answers that are files: read in parts (RFC 9110, 14), asked for only if changed (13), and run by nothing."""

import re
from typing import Any
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from backend.errors import RangeNotSatisfiable
from backend.handlers.base import Handler
from backend.handlers.operation import Operation
from backend.services.files import Download

_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)
# Should a browser take it for a page after all, nothing in it may run or fetch.
_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


class DownloadHandler(Handler):
    """Its methods return a `Download`, of which only the part that was asked for is read, piece by piece."""

    async def write_answer(self, operation: Operation, answer: Any) -> None:
        """Sends the file, a part of it, or that the client has it."""
        if not isinstance(answer, Download):
            await super().write_answer(operation, answer)
            return
        etag = f'"{answer.etag}"'
        self._describe(answer, etag)
        if self._is_known(etag):
            self.set_status(304)
            return
        wanted = self._range(answer.size, etag)
        start, stop = wanted or (0, answer.size)
        self.set_status(206 if wanted else 200)
        if wanted:
            self.set_header("Content-Range", f"bytes {start}-{stop - 1}/{answer.size}")
        self.set_header("Content-Length", str(stop - start))
        if self.request.method != "HEAD":
            await self._send(answer, start, stop)

    def _describe(self, file: Download, etag: str) -> None:
        self.set_header("Content-Type", file.content_type)
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("ETag", etag)
        self.set_header("Accept-Ranges", "bytes")
        if file.name is None:
            self.set_header("Content-Disposition", "inline")
            self.set_header("Vary", "Accept")
        else:
            self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(file.name, safe='')}")
        if file.max_age is not None:
            self.set_header("Cache-Control", f"private, max-age={file.max_age}, immutable")

    def _is_known(self, etag: str) -> bool:
        """Whether `If-None-Match` names the file."""
        known = self.request.headers.get("If-None-Match", "")
        return known.strip() == "*" or etag in [each.strip().removeprefix("W/") for each in known.split(",")]

    def _range(self, size: int, etag: str) -> tuple[int, int] | None:
        """The bytes that were asked for, as start and stop; None for all. What isn't one range of bytes is passed over.

        Raises `RangeNotSatisfiable`.
        """
        match = _RANGE.fullmatch(self.request.headers.get("Range", "").strip())
        # A client that has a part of another file wants all of this one.
        if match is None or not any(match.groups()) or self.request.headers.get("If-Range", etag).strip() != etag:
            return None
        first, last = match.groups()
        # No file here has so many bytes, and Python reads no longer numbers.
        if len(first) > 18 or len(last) > 18:
            first, last = first[:18], last[:18]
        if not first:
            start, stop = max(0, size - int(last)), size
        else:
            start, stop = int(first), min(size, int(last) + 1) if last else size
            if last and int(last) < start:
                return None
        if start >= stop:
            raise RangeNotSatisfiable("请求的范围超出了文件，请重新下载", size=size)
        return start, stop

    async def _send(self, file: Download, start: int, stop: int) -> None:
        try:
            async for piece in file.read(start, stop):
                self.write(piece)
                await self.flush()
        except StreamClosedError:
            # Whoever went away misses nothing.
            return
