"""Perceptual hashes: PDQ (256 bits) of a whole photo and of its middle, and of what to compare with those of others.

A crop of a twentieth turns a quarter of PDQ's bits, too many to find the other by its whole. What a photo and its crop
have in common is the middle. So the hash of the middle 90 % is kept too, and a new photo brings the hashes of those
parts of itself that may be the middle of another: one for each guess at what was cut off which of the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import numpy as np
import pdqhash
from PIL import Image

HASH_BYTES = 32
# PDQ's own measure, 0–100: a picture below shows next to nothing, and resembles all others of the kind.
LEAST_QUALITY = 50

# The share of width or height that the middle leaves out at each side, and that a crop may have taken from a side.
_MARGIN = 0.05
# PDQ works on 64 × 64 points. Pillow's filter averages much as PDQ's own, and lets other threads run meanwhile.
_POINTS = (64, 64)
_TURNS = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)

# Shares of width or height at left, top, right, bottom.
Sides: TypeAlias = tuple[float, float, float, float]
_NOTHING: Sides = (0.0, 0.0, 0.0, 0.0)
_ALL_SIDES: Sides = (_MARGIN,) * 4
_HALF: Sides = (_MARGIN / 2,) * 4


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hashes of 32 bytes each. `whole` and `middle` are kept for others to find. A look-up compares `turned` (the whole
    in its four directions) with the wholes of others, and `middles` (its own first, then the guesses) with theirs."""

    whole: bytes
    middle: bytes
    turned: tuple[bytes, ...]
    middles: tuple[bytes, ...]
    quality: int

    @property
    def telling(self) -> bool:
        """Whether there is enough in the picture to know it by."""
        return self.quality >= LEAST_QUALITY


def fingerprint(picture: Image.Image) -> Fingerprint:
    """The fingerprint of a picture in RGB, upright as people see it; some hundred pixels are enough."""
    points = _points(picture, _NOTHING)
    whole, quality = _hash(points)
    turned = (whole, *(_hash(points.transpose(turn))[0] for turn in _TURNS))
    middles = tuple(_hash(_points(picture, sides))[0] for sides in _MIDDLES)
    return Fingerprint(whole, middles[0], turned, middles, quality)


def _points(picture: Image.Image, margins: Sides) -> Image.Image:
    left, top, right, bottom = margins
    width, height = picture.size
    box = (width * left, height * top, width * (1 - right), height * (1 - bottom))
    return picture.resize(_POINTS, Image.Resampling.BILINEAR, box=box)


def _hash(points: Image.Image) -> tuple[bytes, int]:
    bits, quality = pdqhash.compute(np.asarray(points))
    return np.packbits(bits.astype(np.uint8)).tobytes(), int(quality)


def _middle_of_the_uncut(cut: Sides) -> Sides:
    """Where the middle of a photo lies in a crop of it that lacks `cut`."""
    left, top, right, bottom = cut
    width, height = 1 - left - right, 1 - top - bottom
    return (_MARGIN - left) / width, (_MARGIN - top) / height, (_MARGIN - right) / width, (_MARGIN - bottom) / height


def _middle_of_the_crop(cut: Sides) -> Sides:
    """Where the middle of a photo's crop that lacks `cut` lies in the photo."""
    left, top, right, bottom = cut
    width, height = 1 - left - right, 1 - top - bottom
    return left + _MARGIN * width, top + _MARGIN * height, right + _MARGIN * width, bottom + _MARGIN * height


def _middles() -> Iterator[Sides]:
    yield _ALL_SIDES
    one_side = [{side} for side in range(4)]
    corners = [{across, down} for across, down in product((0, 2), (1, 3))]
    cuts = [_cut(sides) for sides in (*one_side, *corners, {0, 1, 2, 3})] + [_HALF]
    yield from map(_middle_of_the_uncut, cuts)
    yield from map(_middle_of_the_crop, cuts)


def _cut(sides: set[int]) -> Sides:
    left, top, right, bottom = (_MARGIN if side in sides else 0.0 for side in range(4))
    return left, top, right, bottom


_MIDDLES: tuple[Sides, ...] = tuple(_middles())
