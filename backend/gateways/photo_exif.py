"""What a photo says of itself in EXIF: when, where and with what it was taken.

Whoever edits a photo can write there what they like: it is a hint for people, never a proof.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from PIL import ExifTags, Image

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_TIMES = (
    (ExifTags.Base.DateTimeOriginal, ExifTags.Base.OffsetTimeOriginal),
    (ExifTags.Base.DateTimeDigitized, ExifTags.Base.OffsetTimeDigitized),
)
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_MOST_TEXT = 80


@dataclass(frozen=True, slots=True)
class Exif:
    """`taken_at` is aware; `place` is latitude and longitude in degrees (WGS 84); what is missing or absurd is None.
    `orientation` is EXIF's 1–8: 1 stands upright."""

    orientation: int = 1
    taken_at: datetime | None = None
    place: tuple[float, float] | None = None
    device: str | None = None


def read_exif(image: Image.Image) -> Exif:
    """What the image's EXIF says. Broken EXIF says nothing: the picture itself may still be good."""
    try:
        exif = image.getexif()
        camera, gps = exif.get_ifd(ExifTags.IFD.Exif), exif.get_ifd(ExifTags.IFD.GPSInfo)
        orientation = exif.get(ExifTags.Base.Orientation, 1)
        return Exif(orientation if orientation in range(1, 9) else 1, _taken_at(camera), _place(gps), _device(exif))
    # Pillow reads what strangers wrote, and raises half a dozen types from it.
    except Exception:
        return Exif()


def _taken_at(camera: Mapping[int, Any]) -> datetime | None:
    """The time of capture, by the camera's clock; without an offset it is that of the city."""
    for tag, offset_tag in _TIMES:
        try:
            local = datetime.strptime(_text(camera.get(tag)), "%Y:%m:%d %H:%M:%S")
            return local.replace(tzinfo=_offset(_text(camera.get(offset_tag)))).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    return None


def _offset(text: str) -> Any:
    match = _OFFSET.fullmatch(text)
    if match is None:
        return _SHANGHAI
    offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
    return timezone(-offset if match[1] == "-" else offset)


def _place(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    try:
        latitude = _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef] == "S")
        longitude = _degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef] == "W")
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    # Cameras without a fix write zeros. Comparing keeps out what is no number, too.
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180) or (latitude, longitude) == (0, 0):
        return None
    return latitude, longitude


def _degrees(parts: Any, negative: bool) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = round(degrees + minutes / 60 + seconds / 3600, 7)
    return -value if negative else value


def _device(exif: Mapping[int, Any]) -> str | None:
    """Maker and model, as one text; many models begin with the maker's name."""
    make, model = _text(exif.get(ExifTags.Base.Make)), _text(exif.get(ExifTags.Base.Model))
    return (model if model.lower().startswith(make.lower()) else f"{make} {model}").strip()[:_MOST_TEXT] or None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value if char.isprintable()).strip()
