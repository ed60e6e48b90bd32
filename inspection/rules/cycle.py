"""A cycle, one year's assessment: its rubric, its rules, its dates and its targets; and the city's districts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from inspection.rules.fields import NEVER, Field
from inspection.rules.problems import ProblemsError
from inspection.rules.ruleset import KEYS as RULES
from inspection.rules.ruleset import RULES_2022, Rules, parse_rules, rules_to_data


@dataclass(frozen=True, slots=True)
class CycleDates:
    """The calendar (通知, 三、工作安排), in UTC. What opens at a moment includes it, what closes at one does not.

    `hand_in` bounds the recommendation lists: 31 August 24:00 is 1 September 00:00.
    """

    submission_opens: datetime
    submission_closes: datetime
    review_opens: datetime
    hand_in: datetime
    visits_open: datetime
    visits_close: datetime


@dataclass(frozen=True, slots=True)
class Target:
    """By the end of `year`, this share of all registered schools holds at least `grade` (通知, 二、目标任务)."""

    year: int
    grade: str
    share: Decimal


@dataclass(frozen=True, slots=True)
class Cycle:
    """A cycle as configured; `rubric` is the rubric's name."""

    name: str
    title: str
    year: int
    rubric: str
    rules: Rules
    dates: CycleDates
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class District:
    """A 市（区）; `municipal` is 市直, whose reviewer is a named city officer."""

    id: str
    name: str
    municipal: bool


class CycleError(ProblemsError):
    """A cycle that is wrong."""


class DistrictsError(ProblemsError):
    """A list of districts that is wrong."""


# Each date with its name for people.
DATES = {
    "submission_opens": "申报开始",
    "submission_closes": "申报截止",
    "review_opens": "初评开始",
    "hand_in": "推荐名单上报截止",
    "visits_open": "终评开始",
    "visits_close": "终评结束",
}
# Of two dates the first comes before the second, or where it says so may also be the same moment.
ORDER = (
    ("submission_opens", "submission_closes", False),
    ("review_opens", "hand_in", False),
    ("visits_open", "visits_close", False),
    ("submission_opens", "review_opens", True),
    ("submission_closes", "hand_in", True),
    # A district that has handed in early may be visited before the others have.
    ("review_opens", "visits_open", True),
)


def parse_cycle(data: object) -> Cycle:
    """The cycle that `data` describes; CycleError names everything wrong with it.

    `data` is plain: {"name", "title", "year", "rubric", "rules": every key of the rules (see `parse_rules`), "dates":
    {name: ISO 8601 with offset}, "targets": [{"year", "grade", "share"}]}.
    """
    root = Field(data)
    fields = root.mapping(("name", "title", "year", "rubric", "rules", "dates", "targets"))
    rules = _rules(fields["rules"])
    year = fields["year"].whole(2000, 2999)
    cycle = Cycle(
        fields["name"].name(),
        fields["title"].text(),
        year,
        fields["rubric"].name(),
        rules,
        _dates(fields["dates"]),
        _targets(fields["targets"], year, [grade.name for grade in rules.grades]),
    )
    if root.problems:
        raise CycleError(tuple(root.problems))
    return cycle


def cycle_to_data(cycle: Cycle) -> dict[str, Any]:
    """The plain data that `parse_cycle` reads as exactly this cycle."""
    return {
        "name": cycle.name,
        "title": cycle.title,
        "year": cycle.year,
        "rubric": cycle.rubric,
        "rules": rules_to_data(cycle.rules),
        "dates": dates_to_data({name: getattr(cycle.dates, name) for name in DATES}),
        "targets": [{"year": target.year, "grade": target.grade, "share": target.share} for target in cycle.targets],
    }


def dates_to_data(dates: Mapping[str, datetime]) -> dict[str, str]:
    """The moments by name as `parse_cycle` reads them."""
    return {name: moment.isoformat() for name, moment in dates.items()}


def _rules(entry: Field) -> Rules:
    """The rules; a cycle writes them all, so that what was in force can be read from its file."""
    if isinstance(entry.value, dict):
        for key in RULES:
            if key not in entry.value:
                entry.child(key, None).refuse("required", f"缺少 {key}：请补上")
    return parse_rules(entry) if entry.present else RULES_2022


def _dates(entry: Field) -> CycleDates:
    fields = entry.mapping(DATES)
    moments = {name: fields[name].moment() for name in DATES}
    for earlier, later, may_meet in ORDER:
        first, second = moments[earlier], moments[later]
        if NEVER in (first, second) or first < second or (may_meet and first == second):
            continue
        fields[later].refuse(
            "out_of_order",
            f"{later}（{DATES[later]}）{'不能早于' if may_meet else '应晚于'} {earlier}（{DATES[earlier]}）："
            "请改正其中一个时间",
        )
    return CycleDates(**moments)


def _targets(entry: Field, year: int, grades: list[str]) -> tuple[Target, ...]:
    targets: list[Target] = []
    for below in entry.entries():
        fields = below.mapping(("year", "grade", "share"))
        target = Target(fields["year"].whole(year, 2999), fields["grade"].one_of(grades), fields["share"].share())
        if (target.year, target.grade) in [(other.year, other.grade) for other in targets]:
            below.refuse("duplicate", f"{target.year} 年的 {target.grade} 目标写了两次：请删去一个")
        targets.append(target)
    return tuple(targets)


def parse_districts(data: object) -> tuple[District, ...]:
    """The districts that `data`, {"districts": [{"id", "name", "municipal"?}]}, lists, in order; or DistrictsError."""
    root = Field(data)
    districts: list[District] = []
    for entry in root.mapping(("districts",))["districts"].entries():
        fields = entry.mapping(("id", "name"), optional=("municipal",))
        district = District(fields["id"].name(), fields["name"].text(), fields["municipal"].flag())
        for key, word, taken in (
            ("id", district.id, [other.id for other in districts]),
            ("name", district.name, [other.name for other in districts]),
        ):
            if word and word in taken:
                fields[key].refuse("duplicate", f"“{word}”写了两次：请改正或删去一个")
        districts.append(district)
    if root.problems:
        raise DistrictsError(tuple(root.problems))
    return tuple(districts)
