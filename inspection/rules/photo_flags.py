"""Integrity flags: what a photo may be asked about. Each is a hint for a person, never a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Literal

FlagKind = Literal[
    "same_file", "near_identical", "outside_cycle", "outside_visit", "far_from_school", "no_capture_time"
]
FLAG_NAMES: Mapping[FlagKind, str] = {
    "same_file": "同一文件另有使用",
    "near_identical": "与别校照片极为相似",
    "outside_cycle": "拍摄时间不在本周期内",
    "outside_visit": "拍摄时间不在现场评估当天",
    "far_from_school": "拍摄地点距学校超过 1 公里",
    "no_capture_time": "没有拍摄时间",
}
FAR_METRES = 1000
_EARTH_METRES = 6_371_008.8  # The mean radius of the earth (IUGG).

# Latitude and longitude in degrees (WGS 84).
Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Span:
    """When a photo of this kind should have been taken: from `begins` to before `ends`; `otherwise` says it was not."""

    begins: datetime
    ends: datetime
    otherwise: Literal["outside_cycle", "outside_visit"]


def metres_between(one: Place, other: Place) -> float:
    """The distance of two places on the earth, in metres (haversine: right to half a percent)."""
    (latitude, longitude), (latitude_2, longitude_2) = one, other
    down, across = radians(latitude_2 - latitude), radians(longitude_2 - longitude)
    part = sin(down / 2) ** 2 + cos(radians(latitude)) * cos(radians(latitude_2)) * sin(across / 2) ** 2
    return 2 * _EARTH_METRES * asin(sqrt(min(1.0, part)))


def integrity_flags(
    taken_at: datetime | None,
    place: Place | None,
    span: Span,
    school: Place | None,
    *,
    same_file: bool,
    near_identical: bool,
) -> tuple[FlagKind, ...]:
    """The flags of a photo, in the order of `FLAG_NAMES`. Whoever keeps the place to themself is not asked about it.

    `same_file`: its bytes are used at another school or in another year; two items of one school may share a photo.
    `near_identical`: another school has a photo that looks the same.
    """
    flags: list[FlagKind] = []
    if same_file:
        flags.append("same_file")
    if near_identical:
        flags.append("near_identical")
    if taken_at is not None and not span.begins <= taken_at < span.ends:
        flags.append(span.otherwise)
    if place is not None and school is not None and metres_between(place, school) > FAR_METRES:
        flags.append("far_from_school")
    if taken_at is None:
        flags.append("no_capture_time")
    return tuple(flags)
