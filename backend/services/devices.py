"""What a browser says that it is (User-Agent), in words with which its owner knows it again: Windows 电脑上的 Edge."""

from collections.abc import Sequence

# The first that fits: most browsers also name those that they descend from.
_SYSTEMS = (
    ("HarmonyOS", "鸿蒙手机"),
    ("OpenHarmony", "鸿蒙手机"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "安卓手机"),
    ("Windows", "Windows 电脑"),
    ("Macintosh", "苹果电脑"),
    ("Linux", "Linux 电脑"),
)
_BROWSERS = (
    ("miniProgram", "微信小程序"),
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("QQBrowser", "QQ 浏览器"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


def device_of(agent: str | None) -> str | None:
    """The device and browser in words; None where nothing is known of it."""
    if not agent:
        return None
    system, browser = _first(agent, _SYSTEMS), _first(agent, _BROWSERS)
    if system and browser:
        return f"{system}上的{' ' if browser.isascii() else ''}{browser}"
    return system or browser or "其他程序"


def _first(agent: str, words: Sequence[tuple[str, str]]) -> str | None:
    return next((name for part, name in words if part in agent), None)
