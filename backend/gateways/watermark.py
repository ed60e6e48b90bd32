"""The visible mark on inspectors' photos, and the font that it needs: one that has Chinese."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from backend.settings import SettingsError

# Where systems keep such a font, and which face of a collection is that of mainland China.
_KNOWN: tuple[tuple[str, int], ...] = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/wqy-microhei/wqy-microhei.ttc", 0),
    ("/System/Library/Fonts/PingFang.ttc", 0),
    ("/System/Library/Fonts/STHeiti Light.ttc", 1),
    ("C:/Windows/Fonts/msyh.ttc", 0),
)
DEBIAN_PACKAGE = "fonts-wqy-microhei"

_SAMPLE = "智评学校"
_LEAST_FONT, _FONT_SHARE = 12, 0.018
_PADDING_SHARE = 0.5
_SHADE, _INK = (0, 0, 0, 130), (255, 255, 255, 255)


@dataclass(frozen=True, slots=True)
class Font:
    """A face in a font file."""

    path: str
    index: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """What is written over a photo: its parts, each kept together where the width allows."""

    parts: tuple[str, ...]


def find_font(chosen: Path | None = None) -> Font:
    """The chosen font, or the first that the system has. Raises `SettingsError` that says what to install."""
    for font in [Font(str(chosen))] if chosen else [Font(path, index) for path, index in _KNOWN]:
        if _has_chinese(font):
            return font
    if chosen:
        problem = f"{chosen} 打不开或不含中文，请改为含简体中文的字体文件（ttf、otf 或 ttc）"
    else:
        problem = (
            f"系统里没有中文字体，专家照片上的水印写不出来。请安装一种：sudo apt-get install -y {DEBIAN_PACKAGE}，"
            "或在此写明一个含简体中文的字体文件"
        )
    raise SettingsError([f"  ZHIPING_FONT：{problem}"])


def missing_packages() -> list[str]:
    """The Debian package to install where the system has no such font."""
    try:
        find_font()
    except SettingsError:
        return [DEBIAN_PACKAGE]
    return []


def _has_chinese(font: Font) -> bool:
    """Whether it draws Chinese as something else than the box for what a font lacks."""
    try:
        face = _face(font, 24)
    except OSError:
        return False
    lacking = bytes(face.getmask("\U0010ffff"))
    return all(bytes(face.getmask(char)) not in (b"", lacking) for char in _SAMPLE)


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
