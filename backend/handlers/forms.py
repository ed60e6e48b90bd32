"""A form with one file (multipart/form-data, RFC 7578) that is read as it comes: the fields first, then the file."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from backend.errors import Malformed
from backend.handlers.sink import Sink

_MOST_FIELDS = 20
_MOST_BYTES = 4096

# Told the fields, and the name of the file that begins now; gives where it goes.
Begin = Callable[[Mapping[str, str], str], Awaitable[Sink]]


def boundary_of(content_type: str) -> bytes:
    """The boundary of a form; `Malformed` where the header has none that can be used."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not 1 <= len(boundary) <= 70:
        raise Malformed("请求头 Content-Type 里的 boundary 缺少或太长，请检查", code="bad_form")
    return boundary


class FormSink:
    """Takes a form piece by piece. What it raises is `Malformed`, or comes from `begin` and the file's own sink."""

    def __init__(self, boundary: bytes, begin: Begin) -> None:
        self._begin = begin
        self._file: Sink | None = None
        self._whole = False
        self._fields: dict[str, str] = {}
        self._events: list[tuple[str, bytes]] = []
        # Of the part that is being read.
        self._headers: dict[bytes, bytes] = {}
        self._header = [b"", b""]
        self._name, self._text, self._in_file = "", b"", False
        callbacks: Any = {
            "on_part_data": self._note("data"),
            "on_header_field": self._note("header_field"),
            "on_header_value": self._note("header_value"),
            "on_header_end": lambda: self._events.append(("header_end", b"")),
            "on_headers_finished": lambda: self._events.append(("headers", b"")),
            "on_part_end": lambda: self._events.append(("part_end", b"")),
            "on_end": lambda: self._events.append(("end", b"")),
        }
        self._parser = MultipartParser(boundary, callbacks)

    def _note(self, event: str) -> Callable[[bytes, int, int], None]:
        """The parser doesn't wait; what it finds in a piece is noted, and taken in order afterwards."""
        return lambda data, start, end: self._events.append((event, data[start:end]))

    async def write(self, data: bytes) -> None:
        """Takes a piece."""
        try:
            self._parser.write(data)
        except MultipartParseError:
            raise _bad("表单的格式不对，请检查") from None
        events, self._events = self._events, []
        for event, piece in events:
            match event:
                case "header_field":
                    self._header[0] += piece
                case "header_value":
                    self._header[1] += piece
                case "header_end":
                    self._headers[self._header[0].lower()] = self._header[1]
                    self._header = [b"", b""]
                case "headers":
                    await self._part_begins()
                case "data":
                    await self._take(piece)
                case "part_end":
                    self._part_ends()
                case _:
                    self._whole = True

    async def _part_begins(self) -> None:
        kind, parameters = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._headers, self._text = {}, b""
        if kind != b"form-data" or b"name" not in parameters:
            raise _bad("表单的每一部分都应有名称，请检查")
        if self._file is not None:
            raise _bad("文件应是表单的最后一部分，且只能有一个")
        self._name = _text(parameters[b"name"])
        self._in_file = b"filename" in parameters
        if self._in_file:
            self._file = await self._begin(self._fields, _text(parameters[b"filename"]))
        elif len(self._fields) == _MOST_FIELDS or self._name in self._fields:
            raise _bad("表单的字段太多，或同一个字段出现了两次")

    async def _take(self, piece: bytes) -> None:
        if self._in_file and self._file is not None:
            await self._file.write(piece)
            return
        self._text += piece
        if len(self._text) > _MOST_BYTES:
            raise _bad(f"表单的字段“{self._name}”太长，请缩短")

    def _part_ends(self) -> None:
        if not self._in_file:
            self._fields[self._name] = _text(self._text)

    def check_whole(self) -> None:
        """Raises `Malformed` where the form has no end, or no file."""
        if not self._whole or self._file is None:
            raise _bad("表单不完整或没有文件，请重新上传")

    async def abort(self) -> None:
        """There will be no more of it."""
        if self._file is not None:
            await self._file.abort()


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _bad("表单里的文字应为 UTF-8 编码") from None


def _bad(message: str) -> Malformed:
    return Malformed(message, code="bad_form")
