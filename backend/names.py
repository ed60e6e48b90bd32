"""Names as people type them, as they are shown, and as they are compared."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
# Blanks beside a Chinese character or its punctuation part nothing; between two Latin words they do.
_BESIDE_CHINESE = re.compile(
    r"(?<=[\u2E80-\u9FFF\uF900-\uFAFF\uFF00-\uFFEF]) | (?=[\u2E80-\u9FFF\uF900-\uFAFF\uFF00-\uFFEF])"
)
# Full-width letters and digits; full-width punctuation is as it should be in Chinese.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0).isalnum()}


def name_key(name: str) -> str:
    """What two spellings of one name have in common: full-width and half-width alike, without white space."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def tidy(text: str) -> str:
    """The text as it is kept and shown: no stray blanks, letters and digits half-width, the rest as it was typed."""
    return _BESIDE_CHINESE.sub("", _SPACES.sub(" ", text.translate(_NARROW)).strip())
