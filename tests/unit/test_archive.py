"""Archives: any zip program opens them, and no byte of them can change unseen."""

import io
import json
import random
import zipfile
from hashlib import sha256

import pytest

from backend.documents.archive import ArchiveError, ArchiveWriter, safe_name, verify
from tests.seeds import fresh_seed

ABOUT = {"cycle": "2022", "cycle_title": "2022年", "made_at": "2022-10-10T02:00:00+00:00", "code": "ACEF3479HJKM"}
FILES = {
    "README.txt": "说明".encode() * 50,
    "schools/海陵小学/data.json": b'{"a": 1}\n' * 400,
    "schools/海陵小学/photos/1.jpg": random.Random(1).randbytes(3000),
    "empty.json": b"",
}


def archive(files: dict[str, bytes] = FILES) -> bytes:
    writer = ArchiveWriter(ABOUT)
    pieces = [writer.add(path, content) for path, content in files.items()]
    assert all(pieces)
    return b"".join(pieces) + writer.close()[0]


def test_what_goes_in_comes_out() -> None:
    content = archive()
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()[:-1]} == FILES
        manifest = opened.read("manifest.json")
    listed = json.loads(manifest)["files"]
    assert listed == [
        {"path": path, "size": len(each), "sha256": sha256(each).hexdigest()} for path, each in FILES.items()
    ]
    found = verify(io.BytesIO(content))
    assert (found.files, found.size) == (4, sum(map(len, FILES.values())))
    assert found.manifest_sha256 == sha256(manifest).hexdigest()
    assert found.about == {"format": "zhiping-archive/1", **ABOUT}


def test_an_archive_of_nothing() -> None:
    assert verify(io.BytesIO(archive({}))).files == 0


@pytest.mark.seeded
def test_one_byte_that_changes_is_found() -> None:
    content, draw = archive(), random.Random(fresh_seed())
    for place in (0, 10, len(content) - 1, len(content) - 72, *(draw.randrange(len(content)) for _ in range(60))):
        broken = bytearray(content)
        broken[place] ^= 1 << draw.randrange(8)
        with pytest.raises(ArchiveError):
            verify(io.BytesIO(bytes(broken)))


@pytest.mark.parametrize("kept", [0, 1, 70, 71, 500, -1])
def test_one_that_is_cut_is_found(kept: int) -> None:
    with pytest.raises(ArchiveError):
        verify(io.BytesIO(archive()[:kept]))


def resealed(content: bytes) -> bytes:
    body = content[:-71]
    return body + b"sha256:" + sha256(body).hexdigest().encode()


def rewritten(files: dict[str, bytes]) -> bytes:
    """An archive made by somebody who knows how it is sealed."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for path, content in files.items():
            made.writestr(path, content)
        made.comment = b"sha256:" + b"0" * 64
    return resealed(file.getvalue())


def test_a_seal_alone_is_not_enough() -> None:
    with zipfile.ZipFile(io.BytesIO(archive())) as opened:
        files = {name: opened.read(name) for name in opened.namelist()}
    assert verify(io.BytesIO(rewritten(files))).files == 4
    for wrong, said in (
        ({**files, "empty.json": b"x"}, "与清单不符"),
        ({**files, "more.txt": b"x"}, "与清单不一致"),
        ({path: each for path, each in files.items() if path != "empty.json"}, "与清单不一致"),
        ({path: each for path, each in files.items() if path != "manifest.json"}, "没有清单"),
        ({**files, "manifest.json": b"[]"}, "无法读取"),
        ({**files, "manifest.json": b'{"files": []}'}, "格式"),
    ):
        with pytest.raises(ArchiveError, match=said):
            verify(io.BytesIO(rewritten(wrong)))


def test_a_path_stands_once() -> None:
    writer = ArchiveWriter(ABOUT)
    writer.add("a.txt", b"1")
    with pytest.raises(ValueError, match="already"):
        writer.add("a.txt", b"2")
    writer.discard()


def test_names_are_harmless_on_every_system() -> None:
    assert safe_name("../../etc/passwd\x00") == "_.._etc_passwd_"
    assert safe_name('海陵<小学>: "A"|B?*\\\u202e') == "海陵_小学__ _A__B____"
    assert safe_name(" . ") == "_"
    assert len(safe_name("长" * 300)) == 80
