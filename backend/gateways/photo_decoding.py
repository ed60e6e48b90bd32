"""Decodes a photo once, which proves that it is whole, and makes of it all that is wanted: facts and renditions.

Everything here blocks; `Decoders` runs it in a few threads. Pillow lets other threads run while it decodes, resizes and
encodes.
"""

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from PIL import Image, ImageCms, UnidentifiedImageError
from pillow_heif import register_heif_opener

from backend.errors import AppError
from backend.gateways.photo_exif import read_exif
from backend.gateways.photo_hash import Fingerprint, fingerprint
from backend.gateways.photos import HEIC, JPEG, MOST_PIXELS, PNG, WEBP, refusal
from backend.gateways.watermark import Font, Mark
from backend.gateways.watermark_drawing import marked

LARGE, SMALL = 2048, 320
SIZES = (LARGE, SMALL)

register_heif_opener()

# Pillow looks at a header's size before it makes room for the pixels; so do we, with a reason for people.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", "Corrupt EXIF data")

_FORMATS: Mapping[str, tuple[str, ...]] = {
    JPEG: ("JPEG",),
    PNG: ("PNG",),
    WEBP: ("WEBP",),
    HEIC: ("HEIF",),
}
_JPEG_QUALITY, _WEBP_QUALITY, _WEBP_EFFORT = 82, 78, 1
# As good as BICUBIC for making smaller, in two thirds of its time (Pillow's manual, "Filters comparison table").
_FILTER = Image.Resampling.HAMMING
_SRGB = ImageCms.createProfile("sRGB")
_HASHED_FROM = 256
_TO_UPRIGHT: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a photo says. Width and height are in pixels, as it stands upright; the rest as in `Exif`, None where it
    says nothing."""

    width: int
    height: int
    taken_at: datetime | None
    place: tuple[float, float] | None
    device: str | None
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture for people: upright, sRGB, no metadata. `size` bounds its longer side."""

    size: int
    content_type: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of a photo: its facts, and the renditions by the mark on them (None: without one)."""

    facts: Facts
    renditions: Mapping[Mark | None, tuple[Rendition, ...]]


def examine(data: bytes, content_type: str, marks: Sequence[Mark | None], font: Font) -> Examined:
    """Decodes the photo, and makes its renditions for each of the marks. Raises the `refusal` of one that is none."""
    with _opened(data, content_type) as image:
        _check_header(image, content_type)
        said = read_exif(image)
        width, height = image.size
        large = _upright(_rendered(image), said.orientation)
    if (width > height) != (large.width > large.height):
        width, height = height, width
    facts = Facts(width, height, said.taken_at, said.place, said.device, fingerprint(_shrunk(large, _HASHED_FROM)))
    return Examined(facts, {mark: _renditions(large, mark, font) for mark in dict.fromkeys(marks)})


@contextmanager
def _opened(data: bytes, content_type: str) -> Iterator[Image.Image]:
    """The image, not yet decoded. Whatever a decoder raises within becomes a refusal."""
    try:
        if content_type == PNG:
            # The checksums of all chunks, of which decoding looks only at some.
            with Image.open(io.BytesIO(data), formats=_FORMATS[PNG]) as image:
                image.verify()
        with Image.open(io.BytesIO(data), formats=_FORMATS[content_type]) as image:
            yield image
    except AppError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise refusal("too_many_pixels") from None
    except UnidentifiedImageError:
        raise refusal("broken") from None
    except MemoryError:
        raise
    # Decoders raise what their authors thought of: OSError, SyntaxError, ValueError, EOFError, struct.error …
    except Exception as error:
        raise refusal("truncated" if _says_truncated(error) else "broken") from None


def _says_truncated(error: Exception) -> bool:
    return any(word in str(error).lower() for word in ("truncated", "end of file", "eof", "not enough data"))


def _check_header(image: Image.Image, content_type: str) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise refusal("too_many_pixels")
    # What comes in one file with a phone's JPEG (a depth map, another exposure) is left aside: the first picture is
    # the photo. Elsewhere several frames are an animation.
    if content_type != JPEG and getattr(image, "n_frames", 1) > 1:
        raise refusal("animated")


def _rendered(image: Image.Image) -> Image.Image:
    """The image decoded, at most 2048 px, in sRGB; not yet turned."""
    profile = image.info.get("icc_profile")
    image.draft("RGB", (LARGE, LARGE))
    image.load()
    picture = _without_alpha(image)
    # In place: a copy of fifty million pixels would cost another 150 MB.
    picture.thumbnail((LARGE, LARGE), _FILTER, reducing_gap=2.0)
    picture = _in_srgb(picture, profile)
    # Pillow would write comments, EXIF and profiles that it finds there into the renditions.
    picture.info.clear()
    return picture


def _without_alpha(image: Image.Image) -> Image.Image:
    """The image in RGB, L or CMYK; what was transparent is white."""
    if image.mode in ("RGB", "L", "CMYK"):
        return image
    if image.mode.startswith("I"):
        # 16 bits of grey, of which `convert` would cut off the upper ones.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        pixels = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", pixels.size, "white"), pixels).convert("RGB")
    return image.convert("RGB")


def _shrunk(picture: Image.Image, side: int) -> Image.Image:
    """A picture of its own, whose longer side is at most `side`."""
    smaller = picture.copy()
    smaller.thumbnail((side, side), _FILTER, reducing_gap=2.0)
    return smaller


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB by its ICC profile; a profile that makes no sense is passed over."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):
                picture = ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB") or picture
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return picture.convert("RGB")


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    turn = _TO_UPRIGHT.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def _renditions(large: Image.Image, mark: Mark | None, font: Font) -> tuple[Rendition, ...]:
    pictures = {size: _shrunk(large, size) for size in SIZES}
    if mark is not None:
        pictures = {size: marked(picture, mark, font) for size, picture in pictures.items()}
    return tuple(
        Rendition(size, content_type, picture.width, picture.height, _encoded(picture, content_type))
        for size, picture in pictures.items()
        for content_type in (JPEG, WEBP)
    )


def _encoded(picture: Image.Image, content_type: str) -> bytes:
    buffer = io.BytesIO()
    if content_type == JPEG:
        picture.save(buffer, "JPEG", quality=_JPEG_QUALITY, progressive=True)
    else:
        picture.save(buffer, "WEBP", quality=_WEBP_QUALITY, method=_WEBP_EFFORT)
    return buffer.getvalue()


_PDF_START = re.compile(rb"%PDF-[12]\.\d")
_PDF_ACTIVE = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFile)\b")
# Where a PDF's end is: some writers put a line or two behind it.
_PDF_TAIL = 2048


def check_pdf(data: bytes) -> None:
    """Raises the `refusal` of a PDF that is cut off, or openly carries scripts, commands or files. What lies in its
    compressed parts is not looked at: a PDF is only ever served as a download."""
    tail = data[-_PDF_TAIL:]
    if not _PDF_START.match(data) or b"startxref" not in tail or b"%%EOF" not in tail:
        raise refusal("bad_pdf")
    if _PDF_ACTIVE.search(data):
        raise refusal("active_pdf")
