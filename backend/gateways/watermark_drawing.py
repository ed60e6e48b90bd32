"""Draws the visible mark on inspectors' photos."""

from collections.abc import Iterable
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from backend.gateways.watermark import Font, Mark

_LEAST_FONT, _FONT_SHARE = 12, 0.018
_PADDING_SHARE = 0.5
_SHADE, _INK = (0, 0, 0, 130), (255, 255, 255, 255)


@lru_cache(maxsize=64)
def _face(font: Font, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font.path, size, font.index, layout_engine=ImageFont.Layout.BASIC)


def marked(picture: Image.Image, mark: Mark, font: Font) -> Image.Image:
    """The picture (RGB) with the mark on a shaded band along its foot."""
    size = max(_LEAST_FONT, round(max(picture.size) * _FONT_SHARE))
    face, padding = _face(font, size), round(size * _PADDING_SHARE)
    lines = _lines(mark.parts, face, picture.width - 2 * padding)
    step = round(size * 1.35)
    band = Image.new("RGBA", (picture.width, min(picture.height, step * len(lines) + 2 * padding)), _SHADE)
    draw = ImageDraw.Draw(band)
    for number, line in enumerate(lines):
        draw.text((padding, padding + number * step), line, _INK, face)
    result = picture.copy()
    result.paste(band.convert("RGB"), (0, picture.height - band.height), band.getchannel("A"))
    return result


def _lines(parts: Iterable[str], face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """The parts side by side, as many a line as fit; one that is too long by itself is broken anywhere."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]}　{part}" if lines else part
        if lines and face.getlength(joined) <= width:
            lines[-1] = joined
        else:
            lines += _broken(part, face, width)
    return lines


def _broken(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    lines = [""]
    for char in text:
        if lines[-1] and face.getlength(lines[-1] + char) > width:
            lines.append("")
        lines[-1] += char
    return lines
