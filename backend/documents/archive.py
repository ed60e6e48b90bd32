"""An archive of a cycle: a zip file that any program opens, written as a stream, and checked to the last byte.

Its last member is `manifest.json`, which has size and SHA-256 of all others. Its comment, the very end of the file, is
"sha256:" and the SHA-256 of every byte before: a byte that changes anywhere, in a member or between them, shows.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO

MANIFEST = "manifest.json"
FORMAT = "zhiping-archive/1"
_MARK = b"sha256:"
_SEAL = len(_MARK) + 64
_SEALED = re.compile(rb"sha256:[0-9a-f]{64}")
# The same for all members: what is archived tells its times itself.
_DATE = (1980, 1, 1, 0, 0, 0)
_PIECE = 1024 * 1024
_SPOOLED = 1024 * 1024
# What is compressed already.
_STORED = (".docx", ".jpg", ".png", ".webp", ".heic", ".pdf", ".xlsx", ".zip")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u202a-\u202e\u2066-\u2069]')
_LONGEST = 80


class ArchiveError(Exception):
    """What is wrong with an archive, in Chinese."""


def safe_name(text: str) -> str:
    """The text as a part of a path on every system."""
    return _UNSAFE.sub("_", text)[:_LONGEST].strip(" .") or "_"


class _Sink:
    """What zipfile writes to: it keeps the bytes until they are taken, and hashes them."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, data: Any) -> int:
        self.waiting += data
        return len(data)

    def flush(self) -> None:
        """zipfile calls it."""

    def take(self) -> bytes:
        taken = bytes(self.waiting)
        self.waiting.clear()
        return taken


class ArchiveWriter:
    """Adds members; each call gives the bytes to send on. Only the list of the members stays, the manifest on disk."""

    def __init__(self, about: Mapping[str, Any]) -> None:
        """`about` stands in the manifest."""
        self._sink = _Sink()
        # It can't be sought in, so zipfile writes sizes behind the members.
        self._zip = zipfile.ZipFile(self._sink, "w", allowZip64=True)  # type: ignore[call-overload]
        self._hash = sha256()
        self._about = dict(about)
        self._lines: SpooledTemporaryFile[bytes] = SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115 - closed in `close`
        self._member: Any = None
        self.count = 0

    def add(self, path: str, content: bytes) -> bytes:
        """Adds a member; ValueError where there is one of this path."""
        return self.begin(path) + self.write(content) + self.end()

    def begin(self, path: str) -> bytes:
        """Begins a member, which `write` adds to and `end` ends. ValueError where there is one of this path."""
        if path in self._zip.NameToInfo:
            raise ValueError(f"{path} is in the archive already")
        self._path, self._size, self._content = path, 0, sha256()
        self._member = self._zip.open(_info(path), "w")
        return self._sent()

    def write(self, piece: bytes) -> bytes:
        """Adds a piece to the member that was begun."""
        self._size += len(piece)
        self._content.update(piece)
        self._member.write(piece)
        return self._sent()

    def end(self) -> bytes:
        """Ends the member."""
        self._member.close()
        line = {"path": self._path, "size": self._size, "sha256": self._content.hexdigest()}
        self._lines.write((",\n" if self.count else "").encode() + json.dumps(line, ensure_ascii=False).encode())
        self.count += 1
        return self._sent()

    def discard(self) -> None:
        """Lets go of what an archive that comes to no end has on disk; after `close` it does nothing."""
        self._lines.close()
        # zipfile closes no archive in which a member is open.
        if self._member is not None:
            self._member.close()
        self._zip.close()

    def close(self) -> tuple[bytes, str]:
        """The rest of the file, and the SHA-256 of the manifest."""
        digest = sha256()
        with self._zip.open(_info(MANIFEST), "w") as member:
            for piece in self._manifest():
                digest.update(piece)
                member.write(piece)
        self._lines.close()
        self._zip.comment = _MARK + b"0" * 64
        self._zip.close()
        rest = self._sink.take()[:-_SEAL]
        self._hash.update(rest)
        return rest + _MARK + self._hash.hexdigest().encode(), digest.hexdigest()

    def _manifest(self) -> Iterator[bytes]:
        """{"format", …, "files": [{"path", "size", "sha256"}]}, with a line for each file."""
        head = json.dumps({"format": FORMAT, **self._about}, ensure_ascii=False)
        yield head[:-1].encode() + b', "files": [\n'
        self._lines.seek(0)
        while piece := self._lines.read(_PIECE):
            yield piece
        yield b"\n]}\n"

    def _sent(self) -> bytes:
        data = self._sink.take()
        self._hash.update(data)
        return data


def _info(path: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, _DATE)
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_STORED if path.lower().endswith(_STORED) else zipfile.ZIP_DEFLATED
    return info


@dataclass(frozen=True, slots=True)
class Verified:
    """An archive that is whole: how many files of how many bytes, the manifest's hash, and what it says of itself."""

    files: int
    size: int
    manifest_sha256: str
    about: Mapping[str, Any]


def verify(file: BinaryIO) -> Verified:
    """Checks an archive to its last byte. Raises `ArchiveError` with what is wrong; OSError where it can't be read."""
    _check_seal(file)
    try:
        with zipfile.ZipFile(file) as archive:
            return _check_members(archive)
    except ArchiveError:
        raise
    except OSError:
        raise
    except Exception as error:  # zipfile says in many ways what is wrong with an archive.
        raise ArchiveError(f"归档文件无法读取：{error}") from error


def _check_seal(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    file.seek(max(0, size - _SEAL))
    seal = file.read(_SEAL)
    if not _SEALED.fullmatch(seal):
        raise ArchiveError("文件末尾没有校验值：不是智评的归档文件，或下载不完整")
    file.seek(0)
    digest, left = sha256(), size - _SEAL
    while left:
        piece = file.read(min(_PIECE, left))
        if not piece:
            raise ArchiveError("文件在读取时变短了")
        digest.update(piece)
        left -= len(piece)
    if digest.hexdigest().encode() != seal[len(_MARK) :]:
        raise ArchiveError("文件的内容与末尾的校验值不符：文件已损坏或被改动")
    file.seek(0)


def _check_members(archive: zipfile.ZipFile) -> Verified:
    names = archive.namelist()
    if MANIFEST not in names:
        raise ArchiveError(f"归档文件里没有清单 {MANIFEST}")
    text = archive.read(MANIFEST)
    about = json.loads(text)
    listed = {each["path"]: each for each in about.pop("files")}
    if about.get("format") != FORMAT:
        raise ArchiveError(f"归档文件的格式不是 {FORMAT}")
    if len(names) != len(set(names)) or set(names) - {MANIFEST} != set(listed):
        odd = sorted(set(names) ^ (set(listed) | {MANIFEST}))
        raise ArchiveError(f"归档里的文件与清单不一致：{'、'.join(odd[:5]) or '有重复的文件'}")
    total = 0
    for path, each in listed.items():
        digest, size = sha256(), 0
        with archive.open(path) as member:
            while piece := member.read(_PIECE):
                digest.update(piece)
                size += len(piece)
        if (digest.hexdigest(), size) != (each["sha256"], each["size"]):
            raise ArchiveError(f"{path} 与清单不符：文件已损坏或被改动")
        total += size
    return Verified(len(listed), total, sha256(text).hexdigest(), about)
