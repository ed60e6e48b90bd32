"""What the cells of imports may say: the columns with their titles, the words for districts, roles, stages and grades.

A reader takes the text of a cell and gives what it means, or raises `RefusedError`, which says what to write.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from backend.documents.tables import Column
from backend.models.base import Phone
from backend.models.messages import details_of
from backend.models.people import Role
from backend.models.people_requests import PersonName
from backend.models.schools import Stage, Telephone, TidyName
from backend.names import name_key
from inspection.rules.cycle import District

_T = TypeVar("_T")

_DISTRICT = Column(
    "district",
    "市（区）",
    ("区县", "市区", "县区", "县（市、区）", "所属市（区）", "所属区县", "所在市（区）", "所在区县"),
    required=True,
    example="海陵区",
)
_SCHOOL = Column("name", "学校名称", ("学校", "单位名称", "学校全称"), required=True, example="泰州市第一小学")

SCHOOL_COLUMNS = (
    _DISTRICT,
    _SCHOOL,
    Column("stages", "学段", ("办学类型", "学校类型"), required=True, example="小学"),
    Column("phone", "学校电话", ("办公电话", "单位电话"), example="0523-86880000"),
    Column("lat", "纬度", example="32.455"),
    Column("lon", "经度", example="119.920"),
    Column("contact_name", "联系人", ("联系人姓名", "学校联系人"), example="张三"),
    Column("contact_phone", "联系电话", ("联系人电话", "联系人手机", "手机", "手机号"), example="13800000000"),
)
PEOPLE_COLUMNS = (
    Column("person", "姓名", ("名字",), required=True, example="张三"),
    Column("phone", "手机号", ("联系电话", "手机", "手机号码", "电话"), required=True, example="13800000000"),
    Column("role", "身份", ("角色", "人员类别"), required=True, example="学校联系人"),
    Column("district", _DISTRICT.title, _DISTRICT.others, example="海陵区"),
    Column("name", _SCHOOL.title, _SCHOOL.others, example="泰州市第一小学"),
)
AWARD_COLUMNS = (
    _DISTRICT,
    _SCHOOL,
    Column("year", "年份", ("年度", "认定年份", "获评年份"), required=True, example="2021"),
    Column("grade", "等级", ("类型", "认定等级", "获评等级", "认定类型"), required=True, example="合格型"),
)

ROLES: Mapping[Role, tuple[str, ...]] = {
    Role.SCHOOL: ("学校联系人", "联系人", "学校"),
    Role.INSPECTOR: ("市级评估专家", "评估专家", "专家"),
    Role.DISTRICT: ("市（区）教育局", "区县教育局", "县（市、区）教育局", "市（区）"),
    Role.CITY: ("市教育局", "市局"),
}
_STAGES: Mapping[str, tuple[Stage, ...]] = {
    "小学": (Stage.PRIMARY,),
    "初中": (Stage.JUNIOR,),
    "初级中学": (Stage.JUNIOR,),
    "高中": (Stage.SENIOR,),
    "普通高中": (Stage.SENIOR,),
    "高级中学": (Stage.SENIOR,),
    "九年一贯制": (Stage.PRIMARY, Stage.JUNIOR),
    "九年一贯制学校": (Stage.PRIMARY, Stage.JUNIOR),
    "完全中学": (Stage.JUNIOR, Stage.SENIOR),
    "十二年一贯制": tuple(Stage),
    "十二年一贯制学校": tuple(Stage),
}
_SEPARATORS = re.compile(r"[、，,;；/+＋\s]+")
_YEAR = re.compile(r"(20[0-9]{2})(?:年|-[0-9]{2}-[0-9]{2})?")
_NUMBER = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,15})?")

_PHONE: TypeAdapter[str] = TypeAdapter(Phone)
_TELEPHONE: TypeAdapter[str] = TypeAdapter(Telephone)
_SCHOOL_NAME: TypeAdapter[str] = TypeAdapter(TidyName)
_PERSON_NAME: TypeAdapter[str] = TypeAdapter(PersonName)


class RefusedError(ValueError):
    """A text that doesn't say what its column is for; the message says what to write."""


def by_spelling(districts: Iterable[District]) -> Mapping[str, District]:
    """The districts by what people write for them: 医药高新区（高港区）, 医药高新区 and 高港区 are one."""
    spellings: dict[str, District] = {}
    for district in districts:
        parts = re.split(r"[（()）]", district.name)
        for spelling in (district.name, district.id, *parts, *(part[:-1] for part in parts if len(part) > 2)):
            if spelling:
                spellings.setdefault(name_key(spelling), district)
    return spellings


def _one_of(choices: Mapping[str, _T], expected: str) -> Callable[[str], _T]:
    """Reads one of the choices, which are by name key."""

    def read(text: str) -> _T:
        if name_key(text) not in choices:
            raise RefusedError(f"不认识“{text[:20]}”，请写 {expected}")
        return choices[name_key(text)]

    return read


def district(districts: Mapping[str, District]) -> Callable[[str], District]:
    """The reader of districts, which are by spelling."""
    names = dict.fromkeys(district.name for district in districts.values())
    return _one_of(districts, f"{'、'.join(names)} 之一")


def grade(grades: Mapping[str, str]) -> Callable[[str], str]:
    """The reader of grades, given their titles by name; it gives the name."""
    spellings = {name_key(each): name for name, title in grades.items() for each in (name, title, title.rstrip("型"))}
    return _one_of(spellings, f"{'、'.join(grades.values())} 之一")


role = _one_of(
    {name_key(name): role for role, names in ROLES.items() for name in names},
    f"{'、'.join(names[0] for names in ROLES.values())} 之一；系统管理员不能导入",
)


def _checked(adapter: TypeAdapter[str]) -> Callable[[str], str]:
    """Reads what a model of the API would accept."""

    def read(text: str) -> str:
        try:
            return adapter.validate_python(text)
        except ValidationError as error:
            raise RefusedError("；".join(detail.message for detail in details_of(error, text))) from None

    return read


school_name = _checked(_SCHOOL_NAME)
person_name = _checked(_PERSON_NAME)


def mobile(text: str) -> str:
    """A person's phone number, however it is grouped."""
    return _checked(_PHONE)(name_key(text).replace("-", ""))


def telephone(text: str) -> str:
    """A school's phone number; any kind of dash may stand in it."""
    return _checked(_TELEPHONE)(re.sub("[—–－]+", "-", name_key(text)))


def stages(text: str) -> tuple[Stage, ...]:
    """The stages of a school, in their order."""
    words = [word for word in _SEPARATORS.split(text) if word]
    if not words or any(word not in _STAGES for word in words):
        expected = "小学、初中、高中、九年一贯制、完全中学等，多个用顿号分开"
        raise RefusedError(f"不认识“{text[:20]}”，请写{expected}")
    named = {stage for word in words for stage in _STAGES[word]}
    return tuple(stage for stage in Stage if stage in named)


def degrees(most: int) -> Callable[[str], float]:
    """The reader of degrees from -most to most."""

    def read(text: str) -> float:
        plain = name_key(text)
        if not _NUMBER.fullmatch(plain) or abs(float(plain)) > most:
            raise RefusedError(f"应为 -{most} 到 {most} 的度数，如 32.455")
        return float(plain)

    return read


def year(this_year: int) -> Callable[[str], int]:
    """The reader of years up to this one; a date will do."""

    def read(text: str) -> int:
        match = _YEAR.fullmatch(text)
        if match is None or int(match[1]) > this_year:
            raise RefusedError(f"应为 2000 到 {this_year} 的年份，如 2021")
        return int(match[1])

    return read
