"""What a file is by its first bytes, and why it is refused."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from backend.errors import AppError
from backend.gateways.photos import MOST_BYTES, PHOTO_TYPES, REFUSALS, sniff


def _encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, kind)
    return buffer.getvalue()


def _box(*brands: bytes) -> bytes:
    return (12 + 4 * len(brands)).to_bytes(4, "big") + b"ftyp" + brands[0] + b"\0\0\0\0" + b"".join(brands[1:])


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (_encoded("JPEG"), "image/jpeg"),
        (_encoded("PNG"), "image/png"),
        (_encoded("WEBP"), "image/webp"),
        (_box(b"heic", b"mif1", b"heic"), "image/heic"),
        (_box(b"mif1", b"mif1", b"heic"), "image/heic"),
        (b"%PDF-1.7\n%", "application/pdf"),
    ],
)
def test_what_is_accepted(head: bytes, content_type: str) -> None:
    assert sniff(head, len(head), pdf_allowed=True) == content_type


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"", "empty"),
        (_encoded("GIF"), "gif"),
        (_encoded("BMP"), "other_image"),
        (_encoded("TIFF"), "other_image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (b"\xef\xbb\xbf \n<?xml version='1.0'?><svg/>", "svg"),
        (b"<!DOCTYPE html>", "svg"),
        (b"MZ\x90\0\3", "not_a_photo"),
        (b"\x7fELF", "not_a_photo"),
        (b"PK\3\4", "not_a_photo"),
        (b"RIFF\0\0\0\0WAVE", "not_a_photo"),
        (b"RIFF\0\0\0\0AVI ", "video"),
        (_box(b"isom", b"mp42"), "video"),
        (_box(b"qt  "), "video"),
        (_box(b"avif", b"mif1"), "other_image"),
        (_box(b"hevc", b"heic"), "animated"),
        (b"%PDF-1.7", "pdf"),
        (b"\xff\xd8\xff\xe0\0\x10%PDF-1.4 in a comment", "two_formats"),
        (b"hello", "not_a_photo"),
    ],
)
def test_what_is_refused(head: bytes, code: str) -> None:
    with pytest.raises(AppError) as raised:
        sniff(head, len(head), pdf_allowed=False)
    assert raised.value.code == code
    assert raised.value.message == REFUSALS[code]


def test_size() -> None:
    head = _encoded("JPEG")
    assert sniff(head, MOST_BYTES, pdf_allowed=False) == "image/jpeg"
    with pytest.raises(AppError) as raised:
        sniff(head, MOST_BYTES + 1, pdf_allowed=False)
    assert (raised.value.status, raised.value.code) == (413, "too_large")


@given(
    st.binary(max_size=64), st.sampled_from([b"", b"RIFF", b"\0\0\0\x20ftyp", b"\xff\xff\xff\xffftyp", b"\xff\xd8\xff"])
)
def test_any_bytes_are_accepted_or_refused(rest: bytes, start: bytes) -> None:
    try:
        assert sniff(start + rest, len(start + rest), pdf_allowed=False) in PHOTO_TYPES
    except AppError as error:
        assert error.code in REFUSALS
