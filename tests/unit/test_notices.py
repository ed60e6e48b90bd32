"""config/notices.yaml: what can't fit is said at the start, all at once; what is accepted fits whatever is told."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.config_files import ConfigError, default_config_folder, load_notices
from inspection.rules.message_fields import Kind
from inspection.rules.notices import EVENTS, Notice, NoticesError, parse_notices
from inspection.rules.workflow import STATE_NAMES
from tests.wechat_stub.fields import wrong_field

NOTICES = load_notices(default_config_folder())
AT = datetime(2022, 8, 15, 2, 0, tzinfo=UTC)
VALUES = {
    Kind.TEXT: st.one_of(st.none(), st.text(max_size=80)),
    Kind.WORD: st.sampled_from([*STATE_NAMES.values(), "上午", "下午", "示范型", "未达标"]),
    Kind.CODE: st.sampled_from(["1.1.1", "6.4.1"]),
    Kind.DATE: st.dates(date(2000, 1, 1), date(2999, 1, 1)),
    Kind.TIME: st.datetimes(datetime(2000, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC)),
}


def all_events(**changed: Any) -> dict[str, Any]:
    """A mapping in which one event is mapped so, and all others plainly."""
    plain = {"template": None, "page": "pages/index/index", "fields": {"time1": "{at}"}}
    return {"notices": dict.fromkeys(EVENTS, plain) | changed}


def test_every_event_is_mapped() -> None:
    assert set(NOTICES) == set(EVENTS)


@given(st.data())
def test_whatever_is_told_fits(data: st.DataObject) -> None:
    event = data.draw(st.sampled_from(sorted(EVENTS)))
    values = {name: data.draw(VALUES[kind]) for name, kind in EVENTS[event].items()}
    filled = NOTICES[event].data(values, AT)
    assert wrong_field({key: {"value": text} for key, text in filled.items()}) is None, filled


def test_a_message_of_a_result() -> None:
    values = {"school": "泰州市海陵区秋桂实验小学", "result": "认定为优秀型", "grade": "优秀型", "title": "2022"}
    notice = NOTICES["result.published"]
    assert notice.data(values, AT) == {
        "thing1": "泰州市海陵区秋桂实验小学",
        "phrase2": "优秀型",
        "thing3": "认定为优秀型",
    }
    assert notice.page_of("/results?a=1") == "pages/web/index?path=%2Fresults%3Fa%3D1"


WRONG = [
    ({"fields": {"phrase1": "{school}"}}, "/fields/phrase1", "phrase 类字段放不下 school"),
    ({"fields": {"phrase1": "结果：{grade}"}}, "/fields/phrase1", "只能写一个值"),
    ({"fields": {"phrase1": "published"}}, "/fields/phrase1", "不合 phrase 类字段"),
    ({"fields": {"phrase1": "认定结果已公布"}}, "/fields/phrase1", "不合 phrase 类字段"),
    ({"fields": {"date1": "{grade}"}}, "/fields/date1", "可以写 at"),
    ({"fields": {"number1": "{result}"}}, "/fields/number1", "请换一种字段"),
    ({"fields": {"character_string1": "{school}"}}, "/fields/character_string1", "请换一种字段"),
    ({"fields": {"thing1": "{schol}"}}, "/fields/thing1", "没有 schol"),
    ({"fields": {"thing1": "{school"}}, "/fields/thing1", "花括号"),
    ({"fields": {"thing1": "一二三四五六七八九十一二三四五六七八九十一"}}, "/fields/thing1", "不合 thing 类字段"),
    ({"fields": {"thing1": ""}}, "/fields/thing1", "空的"),
    ({"fields": {"thing": "{school}"}}, "/fields/thing", "不认识字段"),
    ({"fields": {"think1": "{school}"}}, "/fields/think1", "不认识字段"),
    ({"fields": {}}, "/fields", "至少要有一个字段"),
    ({"page": "index"}, "/page", "pages/"),
    ({"page": "pages/首页"}, "/page", "英文字符"),
    ({"template": "bad id!"}, "/template", "原样复制"),
    ({"long_term": "yes"}, "/long_term", "true（是）"),
    ({"colour": "red"}, "/colour", "不认识"),
]


@pytest.mark.parametrize(("change", "path", "message"), WRONG)
def test_a_mapping_that_cannot_fit(change: dict[str, Any], path: str, message: str) -> None:
    notice = {"template": None, "page": "pages/index/index", "fields": {"time1": "{at}"}} | change
    with pytest.raises(NoticesError) as error:
        parse_notices(all_events(**{"result.published": notice}))
    found = {problem.path: problem.message for problem in error.value.problems}
    assert message in found[f"/notices/result.published{path}"]


def test_all_that_is_wrong_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    text = (default_config_folder() / "notices.yaml").read_text()
    text = text.replace("pages/web/index?path={link}", "web", 1).replace('phrase2: "{grade}"', 'phrase2: "{school}"', 1)
    (tmp_path / "notices.yaml").write_text(text.replace("visit.planned:", "visit.plans:"))
    with pytest.raises(ConfigError) as error:
        load_notices(tmp_path)
    said = str(error.value)
    for part in ("notices.yaml", "第 15 行", "pages/", "放不下 school", "visit.plans", "缺少 visit.planned"):
        assert part in said


@given(st.text(max_size=40), st.sampled_from(["thing1", "phrase2", "date3", "number4", "name5", "letter6", "symbol7"]))
def test_a_literal_that_is_accepted_fits(text: str, key: str) -> None:
    try:
        notices = parse_notices(
            all_events(**{"visit.planned": {"template": None, "page": "pages/a", "fields": {key: text}}})
        )
    except NoticesError:
        return
    filled = notices["visit.planned"].data({}, AT)
    assert wrong_field({key: {"value": filled[key]}}) is None


def test_an_accept_is_not_needed_for_a_long_term_template() -> None:
    chosen = {"template": "T" * 43, "page": "pages/a", "fields": {"time1": "{at}"}, "long_term": True}
    notices = parse_notices(all_events(**{"visit.planned": chosen}))
    notice: Notice = notices["visit.planned"]
    assert (notice.template, notice.long_term) == ("T" * 43, True)
    assert not notices["visit.changed"].long_term
