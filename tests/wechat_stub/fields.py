"""WeChat's rules for the fields of a template, as the stub enforces them: written anew, so as to check ours."""

import re

_LIMITS = {
    "thing": re.compile(r"[^\r\n]{1,20}"),
    "number": re.compile(r"[0-9]{1,32}(\.[0-9]+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(r"[\x21-\x7e]{1,32}"),
    "time": re.compile(r"(\d{4}年\d{1,2}月\d{1,2}日 )?\d{1,2}:\d{2}(:\d{2})?"),
    "date": re.compile(r"\d{4}年\d{1,2}月\d{1,2}日( \d{1,2}:\d{2}(:\d{2})?)?"),
    "amount": re.compile(r"[¥$]?[0-9]{1,10}(\.[0-9]{1,2})?元?"),
    "phone_number": re.compile(r"[0-9+\-]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
    "name": re.compile(r"[\u4e00-\u9fff]{1,10}|[A-Za-z ]{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
}


def wrong_field(data: dict[str, dict[str, object]]) -> str | None:
    """The first field whose value WeChat would refuse with 47003."""
    for key, entry in data.items():
        kind = re.fullmatch(r"([a-z_]+?)[0-9]+", key)
        value = entry.get("value")
        if kind is None or not isinstance(value, str) or kind[1] not in _LIMITS:
            return key
        # A character is what Python counts as one; surrogates and joiners count as they stand.
        if _LIMITS[kind[1]].fullmatch(value) is None:
            return key
    return None
