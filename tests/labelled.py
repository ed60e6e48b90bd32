"""The labelled set: photos, what people do to them before they use them again, and like scenes that are others."""

import io
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from PIL import Image, ImageEnhance

from backend.gateways.photo_hash import Fingerprint, fingerprint
from tests.scenes import KINDS, scene

SIZE = (640, 480)
Change = Callable[[Image.Image], Image.Image]


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def _cropped(left: float, top: float, right: float, bottom: float) -> Change:
    """Without these shares of the width and height, and saved again."""

    def change(image: Image.Image) -> Image.Image:
        width, height = image.size
        box = (int(width * left), int(height * top), int(width * (1 - right)), int(height * (1 - bottom)))
        return _jpeg(image.crop(box), 80)

    return change


def _resized(share: float) -> Change:
    return lambda image: _jpeg(image.resize((int(image.width * share), int(image.height * share))), 75)


def _brightened(factor: float) -> Change:
    return lambda image: _jpeg(ImageEnhance.Brightness(image).enhance(factor), 85)


# What was done, by name; those of one group are counted together.
GROUPS: Mapping[str, Mapping[str, Change]] = {
    "same picture": {
        "re-encoded, quality 30": lambda image: _jpeg(image, 30),
        "re-encoded as WeChat sends": lambda image: _jpeg(image.resize((480, 360)), 60),
        "a third of the size": _resized(1 / 3),
        "larger": _resized(1.6),
        "brighter": _brightened(1.3),
        "darker": _brightened(0.7),
    },
    "cropped": {
        "5 % in all, half from each side": _cropped(0.025, 0.025, 0.025, 0.025),
        "5 % from one side": _cropped(0.05, 0, 0, 0),
        "5 % from two sides": _cropped(0, 0.05, 0.05, 0),
        "5 % from every side": _cropped(0.05, 0.05, 0.05, 0.05),
        "unevenly, 8 % in all": _cropped(0.04, 0.01, 0.02, 0.01),
    },
    "turned": {
        "90° to the left": lambda image: _jpeg(image.transpose(Image.Transpose.ROTATE_90), 80),
        "90° to the right": lambda image: _jpeg(image.transpose(Image.Transpose.ROTATE_270), 80),
    },
}


def photos(count: int) -> Iterator[Image.Image]:
    """Different photos, of all kinds of scenes in turn."""
    kinds = sorted(KINDS)
    for number in range(count):
        yield scene(7000 + number, kinds[number % len(kinds)], SIZE)


def print_of(image: Image.Image) -> Fingerprint:
    """The fingerprint as the decoder takes it."""
    small = image.copy()
    small.thumbnail((256, 256), Image.Resampling.HAMMING)
    return fingerprint(small)


def like_pairs(scenes_a_kind: int) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    """Pairs of scenes of one kind, each as its kind and number (see `like_scene`)."""
    for kind in sorted(KINDS):
        yield from combinations([(kind, number) for number in range(scenes_a_kind)], 2)


def like_scene(kind: str, number: int) -> Image.Image:
    """The scene of this kind and number."""
    return scene(9000 + number, kind, SIZE)
