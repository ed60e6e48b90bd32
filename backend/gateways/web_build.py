"""The built web pages as they are sent: the files of this build, and the hashed assets of every earlier one.

A page that was opened before an update asks later for pieces of its own build. So each start copies the hashed assets
of its build into the data folder, from where they are served as long as they lie there: for the whole cycle.

The build (`inspection/web/dist`) has a folder for each entry (`phone`). What Vite put into `assets/` has the hash of
its content in its name; beside a file may lie the same pre-compressed, as `.br` and `.gz`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from backend.models.web import TYPES

# By the name that HTTP has for them, the smaller first.
CODINGS = {"br": ".br", "gzip": ".gz"}
_HASHED = re.compile(r"assets/[\w.-]*-[\w-]{8,}\.\w+")


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file to send: its content by content coding, `identity` always among them. `immutable`: its name says what is
    in it."""

    content_type: str
    etag: str
    immutable: bool
    content: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class WebBuild:
    """Each file by its entry and path, like `("phone", "assets/index-1a2b3c4d.js")`. Paths of requests are only ever
    looked up here; none is joined to a folder."""

    files: Mapping[tuple[str, str], WebFile] = field(default_factory=dict)
    earlier: Mapping[tuple[str, str], Path] = field(default_factory=dict)
    archive: Path | None = None

    def find(self, entry: str, path: str) -> WebFile | None:
        """The file, from this build or an earlier one; reads from the disk where it is from an earlier one."""
        if found := self.files.get((entry, path)):
            return found
        kept = self.earlier.get((entry, path))
        return _read(kept, path) if kept else None

    def has(self, entry: str) -> bool:
        """Whether the entry was built."""
        return (entry, "index.html") in self.files

    def keep(self) -> None:
        """Copies the hashed assets into the archive, each whole or not at all; those that are there stay."""
        if self.archive is None:
            return
        for (entry, path), file in self.files.items():
            if file.immutable:
                for coding, content in file.content.items():
                    _write(self.archive / entry / f"{path}{CODINGS.get(coding, '')}", content)


def load(build: Path, archive: Path) -> WebBuild:
    """The build and the archive's earlier assets; without a build (or an archive) it is empty. Writes nothing."""
    return WebBuild(
        {(entry, path): _read(file, path) for entry, path, file in _files(build)},
        {(entry, path): file for entry, path, file in _files(archive) if _HASHED.fullmatch(path)},
        archive,
    )


def _files(folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Entry, path and place of all files of known types; the compressed ones belong to those beside them."""
    for file in sorted(folder.glob("*/**/*")):
        if file.suffix in TYPES and file.is_file():
            entry, _, path = file.relative_to(folder).as_posix().partition("/")
            yield entry, path, file


def _read(file: Path, path: str) -> WebFile:
    content = {"identity": file.read_bytes()}
    for coding, suffix in CODINGS.items():
        compressed = file.with_name(file.name + suffix)
        if compressed.is_file():
            content[coding] = compressed.read_bytes()
    etag = sha256(content["identity"]).hexdigest()[:32]
    return WebFile(TYPES[file.suffix], etag, _HASHED.fullmatch(path) is not None, content)


def _write(file: Path, content: bytes) -> None:
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    # Another process may be at it too: whoever renames last writes the same.
    half = file.with_name(f".{file.name}.{os.getpid()}")
    half.write_bytes(content)
    half.replace(file)
