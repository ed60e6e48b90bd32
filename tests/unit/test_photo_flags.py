"""The integrity flags, one by one and at their edges."""

from datetime import UTC, datetime, timedelta

import pytest

from inspection.rules.photo_flags import FlagKind, Place, Span, integrity_flags, metres_between

BEGINS, ENDS = datetime(2022, 9, 5, tzinfo=UTC), datetime(2022, 9, 6, tzinfo=UTC)
VISIT = Span(BEGINS, ENDS, "outside_visit")
SCHOOL: Place = (32.4553, 119.9229)
MILLISECOND = timedelta(milliseconds=1)


def flags(
    taken_at: datetime | None = BEGINS, place: Place | None = None, school: Place | None = SCHOOL, **found: bool
) -> tuple[FlagKind, ...]:
    return integrity_flags(taken_at, place, VISIT, school, **{"same_file": False, "near_identical": False, **found})


def test_an_honest_photo_has_none() -> None:
    assert flags(place=SCHOOL) == ()


@pytest.mark.parametrize(
    ("taken_at", "inside"),
    [(BEGINS - MILLISECOND, False), (BEGINS, True), (ENDS - MILLISECOND, True), (ENDS, False)],
)
def test_the_time(taken_at: datetime, inside: bool) -> None:
    assert flags(taken_at) == (() if inside else ("outside_visit",))


def test_no_time() -> None:
    assert flags(None) == ("no_capture_time",)


def test_distances_that_are_known() -> None:
    # A minute of arc along a meridian is a nautical mile, 1852 m on the real earth, 1853.2 m on the mean sphere.
    assert metres_between((32.0, 120.0), (32.0 + 1 / 60, 120.0)) == pytest.approx(1853.2, abs=0.1)
    # Pole to pole and across the antimeridian.
    assert metres_between((90, 0), (-90, 0)) == pytest.approx(20_015_114, abs=1)
    assert metres_between((0, 179.999), (0, -179.999)) == pytest.approx(222.4, abs=0.1)


@pytest.mark.parametrize(("north", "far"), [(990, False), (1010, True)])
def test_the_place(north: float, far: bool) -> None:
    there = (SCHOOL[0] + north / 111_195, SCHOOL[1])
    assert flags(place=there) == (("far_from_school",) if far else ())
    assert flags(place=there, school=None) == ()


def test_all_at_once_in_their_order() -> None:
    assert flags(None, (0.1, 0.1), same_file=True, near_identical=True) == (
        "same_file",
        "near_identical",
        "far_from_school",
        "no_capture_time",
    )
