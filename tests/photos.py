"""Real image files, as phones and others write them, made of `tests.scenes`."""

import io
from datetime import datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pillow_heif
from PIL import ExifTags, Image

from tests.scenes import scene

pillow_heif.register_heif_opener()


@lru_cache(maxsize=32)
def picture(seed: int = 1, kind: str | None = None, size: tuple[int, int] = (960, 720)) -> Image.Image:
    """The picture of this seed; treat it as read-only."""
    return scene(seed, kind, size)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The image as a file of Pillow's format `kind`."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def decoded(data: bytes) -> Image.Image:
    """The image in a file."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def snapshot(seed: int) -> bytes:
    """A JPEG like no other of a few colours, made in a millisecond: for what needs a photo of any kind."""
    colours = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return encoded(Image.fromarray(colours).resize((64, 48), Image.Resampling.BICUBIC))


def exif(
    *,
    taken: str | None = None,
    offset: str | None = None,
    place: tuple[float, float] | None = None,
    device: tuple[str, str] | None = None,
    orientation: int | None = None,
) -> Image.Exif:
    """EXIF as phones write it; `taken` as "2022:09:05 09:30:00", `place` as latitude and longitude in degrees."""
    result = Image.Exif()
    camera, gps = result.get_ifd(ExifTags.IFD.Exif), result.get_ifd(ExifTags.IFD.GPSInfo)
    if taken:
        camera[ExifTags.Base.DateTimeOriginal] = taken
    if offset:
        camera[ExifTags.Base.OffsetTimeOriginal] = offset
    if place:
        gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = _sexagesimal(place[0], "NS")
        gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = _sexagesimal(place[1], "EW")
    if device:
        result[ExifTags.Base.Make], result[ExifTags.Base.Model] = device
    if orientation:
        result[ExifTags.Base.Orientation] = orientation
    return result


def photo(
    seed: int = 1,
    *,
    kind: str | None = None,
    size: tuple[int, int] = (960, 720),
    taken_at: datetime | None = None,
    place: tuple[float, float] | None = None,
) -> bytes:
    """A JPEG as a phone takes it."""
    taken = taken_at.strftime("%Y:%m:%d %H:%M:%S") if taken_at else None
    offset = taken_at.strftime("%z") if taken_at else ""
    written = exif(
        taken=taken,
        offset=f"{offset[:3]}:{offset[3:]}" if offset else None,
        place=place,
        device=("HUAWEI", "ALN-AL00"),
    )
    return encoded(picture(seed, kind, size), exif=written, quality=85)


def _sexagesimal(degrees: float, signs: str) -> tuple[str, tuple[float, float, float]]:
    minutes, seconds = divmod(abs(degrees) * 3600, 60)
    whole, minutes = divmod(minutes, 60)
    return signs[degrees < 0], (whole, minutes, round(seconds, 4))
