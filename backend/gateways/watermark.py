"""The visible mark on inspectors' photos, and the font that it needs: one that has Chinese.

`watermark_drawing` draws it. Pillow takes a twentieth of the service's start to load; what needs it loads it when it
runs.
"""

from dataclasses import dataclass
from pathlib import Path

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
    """The chosen font, or the first known one that the system has. Raises `SettingsError` that says what to install."""
    if chosen is not None:
        if _has_chinese(chosen):
            return Font(str(chosen))
        problem = f"{chosen} 打不开或不含中文，请改为含简体中文的字体文件（ttf、otf 或 ttc）"
    else:
        for path, index in _KNOWN:
            if Path(path).is_file():
                return Font(path, index)
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


def _has_chinese(font: Path) -> bool:
    """Whether it draws Chinese as something else than the box for what a font lacks."""
    from PIL import ImageFont  # Loads Pillow (see above).

    try:
        face = ImageFont.truetype(font, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return False
    lacking = bytes(face.getmask("\U0010ffff"))
    return all(bytes(face.getmask(char)) not in (b"", lacking) for char in _SAMPLE)
