"""What an uploaded file is, judged by its first bytes alone; `photo_checks` decodes it later, in threads of its own.

A file is accepted as what its content is: neither its name nor what the client says of it counts.
"""

from collections.abc import Mapping

from backend.errors import AppError, TooLarge, Unsupported

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 50_000_000
# From so many bytes `sniff` says all that it ever will.
HEAD_BYTES = 4096

JPEG, PNG, WEBP, HEIC, PDF = "image/jpeg", "image/png", "image/webp", "image/heic", "application/pdf"
PHOTO_TYPES = (JPEG, PNG, WEBP, HEIC)

_INSTEAD = "请改传 JPEG、PNG、WebP 或 HEIC 格式的照片"

# Why a file is refused: a stable code, and what the person is to do.
REFUSALS: Mapping[str, str] = {
    "empty": "文件是空的，请重新选择后上传",
    "too_large": "文件超过 20 MB，请压缩后再上传",
    "too_many_pixels": "照片超过 5000 万像素，请用手机的普通拍照模式重拍，或缩小后再上传",
    "gif": f"不接受 GIF 图片，{_INSTEAD}",
    "svg": f"不接受 SVG 或网页文件，{_INSTEAD}",
    "pdf": f"这里不接受 PDF，{_INSTEAD}",
    "video": "不接受视频，请截取画面，以照片上传",
    "other_image": f"不接受这种图片格式，{_INSTEAD}",
    "not_a_photo": f"这个文件不是照片，{_INSTEAD}",
    "two_formats": "文件里混有另一种格式的内容，无法确认是照片，请重新拍摄后上传",
    "animated": "这是动图或多张图片，请改传单张照片",
    "truncated": "照片不完整，可能保存时被截断，请在手机上打开确认后重新上传",
    "broken": "照片打不开，文件已损坏，请重新拍摄后上传",
    "bad_pdf": "PDF 不完整或已损坏，请重新导出后上传",
    "active_pdf": "PDF 里带有脚本或附件，请用“打印为 PDF”重新导出后上传",
    "uncheckable": "照片多次检查都没有完成，请重新拍摄或换一种格式后上传",
}

_START = 1024  # Readers of PDF take its mark anywhere in here.
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"%PDF-", PDF),
)
_REFUSED_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", "gif"),
    (b"BM", "other_image"),
    (b"II*\0", "other_image"),
    (b"MM\0*", "other_image"),
    (b"8BPS", "other_image"),
    (b"\0\0\1\0", "other_image"),
    (b"\x1a\x45\xdf\xa3", "video"),
)
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis"}
# Sequences and AVIF come in the same box as HEIC: only their brand tells them apart.
_SEQUENCE_BRANDS = {b"hevc", b"hevx", b"msf1", b"avis"}


def refusal(code: str) -> AppError:
    """The error that refuses a file for this reason, one of `REFUSALS`."""
    return (TooLarge if code == "too_large" else Unsupported)(REFUSALS[code], code=code)


def sniff(head: bytes, size: int, *, pdf_allowed: bool) -> str:
    """The content type of a file of `size` bytes that begins with `head` (its first 4096 bytes, or all it has).

    Raises `TooLarge` or `Unsupported`, with a code of `REFUSALS`.
    """
    if size <= 0 or not head:
        raise refusal("empty")
    if size > MOST_BYTES:
        raise refusal("too_large")
    content_type = _type_of(head)
    if content_type == PDF and not pdf_allowed:
        raise refusal("pdf")
    if content_type != PDF and b"%PDF-" in head[:_START]:
        raise refusal("two_formats")
    return content_type


def _type_of(head: bytes) -> str:
    for start, content_type in _STARTS:
        if head.startswith(start):
            return content_type
    if head[:4] == b"RIFF":
        if head[8:12] == b"WEBP":
            return WEBP
        raise refusal("video" if head[8:12] == b"AVI " else "not_a_photo")
    if head[4:8] == b"ftyp":
        return _type_of_box(head)
    for start, code in _REFUSED_STARTS:
        if head.startswith(start):
            raise refusal(code)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    raise refusal("svg" if text.startswith(b"<") else "not_a_photo")


def _type_of_box(head: bytes) -> str:
    """HEIC, or the refusal of its many relatives (ISO/IEC 14496-12: size, "ftyp", major brand, version, brands)."""
    length = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[start : start + 4] for start in range(16, min(length, len(head)) - 3, 4))}
    if head[8:12] in _SEQUENCE_BRANDS:
        raise refusal("animated")
    if brands & _HEIC_BRANDS:
        return HEIC
    raise refusal("other_image" if brands & {b"avif", b"mif1"} else "video")
