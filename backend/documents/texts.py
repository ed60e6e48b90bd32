"""Texts as documents can hold them, on paper and on sheets, and those of the foot."""

import re

from backend.codes import spaced
from backend.documents.contents import Stamp
from inspection.rules.workflow import SHANGHAI

_UNPRINTABLE = re.compile("[^\t\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def code_line(stamp: Stamp) -> str:
    """The verification code."""
    return f"验证码：{spaced(stamp.code)}"


def where_line(stamp: Stamp) -> str:
    """Where it is verified, and when the document was made."""
    made = stamp.made_at.astimezone(SHANGHAI).strftime("%Y年%m月%d日 %H:%M")
    return f"扫码或打开 {stamp.page_url} 核验    生成时间：{made}"


def printable(text: str) -> str:
    """The text with a visible mark (U+FFFD) for each character that neither XML nor paper can hold."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
