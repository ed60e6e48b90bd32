"""Some 60 invented schools of the seven districts, with plausible figures; the same ones every time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Literal

from inspection.rules.case import School, Stage

Standard = Literal["demonstration", "excellent", "qualified", "none"]

# How many students share a device at most, by stage (附件1, 1.2.2), and how large a class is.
AT_MOST = {"primary": 10, "junior": 8, "senior": 6}
CLASS_SIZE = {"primary": 45, "junior": 48, "senior": 50}
KINDS: Mapping[str, tuple[str, ...]] = {
    "小学": ("primary",),
    "实验小学": ("primary",),
    "中心小学": ("primary",),
    "初级中学": ("junior",),
    "实验学校": ("primary", "junior"),
    "中学": ("junior", "senior"),
    "高级中学": ("senior",),
}
# No such schools exist: the names are flowers and virtues. Each district with the kinds of its schools.
DISTRICTS: Mapping[str, tuple[str, ...]] = {
    "hailing": ("实验小学", "小学", "小学", "小学", "初级中学", "初级中学", "实验学校", "中学", "高级中学"),
    "gaogang": ("实验小学", "小学", "中心小学", "初级中学", "初级中学", "实验学校", "中学", "高级中学"),
    "jiangyan": ("实验小学", "小学", "中心小学", "中心小学", "初级中学", "初级中学", "实验学校", "中学", "高级中学"),
    "xinghua": (
        "实验小学",
        "中心小学",
        "中心小学",
        "中心小学",
        "初级中学",
        "初级中学",
        "实验学校",
        "中学",
        "高级中学",
        "小学",
    ),
    "jingjiang": ("实验小学", "小学", "中心小学", "初级中学", "初级中学", "实验学校", "中学", "高级中学"),
    "taixing": ("实验小学", "小学", "中心小学", "中心小学", "初级中学", "初级中学", "实验学校", "中学", "高级中学"),
    "municipal": ("实验小学", "初级中学", "实验学校", "中学", "高级中学", "小学", "高级中学"),
}
NAMES = (  # noqa: SIM905 - sixty names read better so
    "秋桂 望梅 听松 采薇 明兰 春樱 紫薇 银杏 丹枫 青竹 白榆 红棉 碧荷 晨曦 知行 致远 明德 崇文 博雅 弘毅 "
    "笃学 慎思 求真 尚善 启明 思源 凌云 扬帆 育英 培新 立人 至诚 敏学 乐群 日新 行健 厚德 景行 怀瑾 握瑜 "
    "清源 澄江 映雪 沐风 星河 云帆 朝阳 梧桐 杏坛 翰林 文澜 书香 墨池 桃李 芳草 绿洲 金穗 稻香 荷塘 柳岸 芦荻"
).split()
PLACES = {
    "hailing": "海陵",
    "gaogang": "高港",
    "jiangyan": "姜堰",
    "xinghua": "兴化",
    "jingjiang": "靖江",
    "taixing": "泰兴",
    "municipal": "泰州市",
}
# Of ten schools one is fit for 示范型, two for 优秀型, six for 合格型, and one for none.
STANDARDS: tuple[Standard, ...] = (
    "qualified", "excellent", "qualified", "demonstration", "qualified",
    "qualified", "excellent", "qualified", "none", "qualified",
)  # fmt: skip
ASPIRATION: Mapping[Standard, str] = {"none": "qualified"}
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜"
GIVEN = (  # noqa: SIM905
    "文华 志强 晓梅 建国 雨桐 思远 海燕 立新 雅琴 俊杰 秀兰 明辉 佳怡 国栋 春燕"
).split()


@dataclass(frozen=True, slots=True)
class DemoSchool:
    """An invented school: what it is like (`standard`), what it applies for, who answers for it."""

    name: str
    district: str
    figures: School
    classes: Mapping[str, int]
    standard: Standard
    applied: str
    principal: str
    contact: str
    seed: int


def demo_schools() -> tuple[DemoSchool, ...]:
    """The schools, in the order of the districts; names are unique."""
    names = iter(NAMES)
    return tuple(
        _school(number, district, kind, next(names)) for number, (district, kind) in enumerate(_each(), start=1)
    )


def _each() -> Iterator[tuple[str, str]]:
    for district, kinds in DISTRICTS.items():
        for kind in kinds:
            yield district, kind


def _school(number: int, district: str, kind: str, name: str) -> DemoSchool:
    chance = Random(number)  # noqa: S311  # The same schools every time, no secrets.
    standard = STANDARDS[number % len(STANDARDS)]
    classes = {stage: chance.randint(2, 6) * (6 if stage == "primary" else 3) for stage in KINDS[kind]}
    stages = tuple(_stage(stage, count, chance) for stage, count in classes.items())
    teachers = round(sum(classes.values()) * chance.uniform(2.2, 3.4))
    # Some aim higher than they are, a few lower.
    applied = ASPIRATION.get(standard, standard)
    if number % 9 == 4 and standard == "qualified":
        applied = "excellent"
    if number % 11 == 5 and standard == "excellent":
        applied = "qualified"
    return DemoSchool(
        f"{PLACES[district]}{name}{kind}",
        district,
        School(stages, teachers, teachers + chance.randint(0, 20)),
        classes,
        standard,
        applied,
        person_name(chance),
        person_name(chance),
        number,
    )


def _stage(stage: str, classes: int, chance: Random) -> Stage:
    students = classes * CLASS_SIZE[stage] + chance.randint(-2 * classes, 2 * classes)
    return Stage(stage, students, -(-students // AT_MOST[stage]) + chance.randint(0, 30))


def person_name(chance: Random) -> str:
    """An invented name of a person."""
    return chance.choice(SURNAMES) + chance.choice(GIVEN)
