"""Whatever a value is, what becomes of it keeps WeChat's rules for the field: as the stub, written apart, sees them."""

import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inspection.rules.message_fields import FITTING, characters, fit, shown, thing
from tests.wechat_stub.fields import wrong_field

TEXTS = st.text(max_size=60)


@given(TEXTS, st.sampled_from(["thing", "phrase", "character_string"]))
@example("", "thing")
@example("\n \u2028", "thing")
@example("\ud800", "thing")
@example("😀" * 30, "thing")
def test_every_text_is_fitted(text: str, field: str) -> None:
    fitted = fit(field, text)
    assert wrong_field({f"{field}1": {"value": fitted}}) is None
    assert len(fitted.encode("utf-16-le")) <= (64 if field == "character_string" else 40)
    assert fit(field, fitted) == fitted


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1), max_value=datetime(2999, 1, 1)))
def test_times_and_dates_have_the_form_of_their_fields(moment: datetime) -> None:
    for field in ("date", "time"):
        assert wrong_field({f"{field}1": {"value": fit(field, shown(moment))}}) is None
    assert wrong_field({"date1": {"value": fit("date", shown(moment.date()))}}) is None


@given(TEXTS)
def test_a_thing_is_the_beginning_of_its_text_cut_between_characters(text: str) -> None:
    fitted = thing(text)
    if fitted.endswith("…") and "…" not in text:
        kept = fitted[:-1]
        line = " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text).split())
        line = line.encode("utf-8", "ignore").decode()
        assert line.startswith(kept)
        whole = [""]
        for character in characters(line):
            whole.append(whole[-1] + character)
        assert kept in [each.rstrip() for each in whole]


@given(TEXTS)
def test_characters_are_the_text(text: str) -> None:
    assert "".join(characters(text)) == text


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("泰州市第一中学", "泰州市第一中学"),
        ("一二三四五六七八九十一二三四五六七八九十", "一二三四五六七八九十一二三四五六七八九十"),
        ("一二三四五六七八九十一二三四五六七八九十一", "一二三四五六七八九十一二三四五六七八九…"),
        ("材料不全：\n1. 缺照片\r\n2. 缺制度", "材料不全： 1. 缺照片 2. 缺制度"),
        ("已达优秀型条件，按申报类型认定为合格型，请知悉", "已达优秀型条件，按申报类型认定为合格型…"),
        ("一二三四五六七八九十一二三四五六七八👨‍👩‍👧‍👦好", "一二三四五六七八九十一二三四五六七八…"),
        ("一二三四五六七八九十一二三四五六七🇨🇳🇨🇳", "一二三四五六七八九十一二三四五六七…"),
        ("ä" * 10 + "e\u0301" * 10, "ä" * 10 + "e\u0301" * 4 + "…"),
    ],
)
def test_things(text: str, fitted: str) -> None:
    assert thing(text) == fitted


def test_what_is_shown() -> None:
    assert shown(datetime(2022, 8, 31, 16, 0, tzinfo=UTC)) == "2022年9月1日 00:00"
    assert shown(date(2022, 9, 5)) == "2022年9月5日"
    assert (shown(None), shown("秋桂小学"), shown(82)) == ("", "秋桂小学", "82")
    assert fit("phrase", "认定为 A 型") == "认定为型"
    assert fit("phrase", "OK") == "无"
    assert set(FITTING) == {"thing", "phrase", "character_string", "date", "time"}
