"""Every reason why WeChat did not deliver has words."""

import pytest

from backend.gateways.wechat_answers import Fault, Refusal, Wrong
from backend.services.delivery_words import in_words


@pytest.mark.parametrize("reason", [*Refusal, *Fault, *Wrong, "not_configured", "no_template", "not_bound"])
def test_every_reason_has_words(reason: str) -> None:
    words = in_words(str(reason))
    assert words is not None
    assert not words.isascii()


def test_what_wechat_named_stands_behind() -> None:
    assert in_words("bad_field:47003:thing1") == "内容不合模板的要求，请检查模板（47003，thing1）"
    assert in_words("not_accepted:43101") == "收件人没有同意接收（43101）"
    assert in_words("of another version") == "of another version"
    assert in_words(None) is None
