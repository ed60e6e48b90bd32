"""Typed fields out of plain data: each taker notes what is wrong and goes on, so that all is named at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from inspection.rules.points import HUNDRED, hundredths
from inspection.rules.problems import Problem, pointer

MISSING = object()  # Stands for a value that is not there; where it should be, that is a problem noted already.
NEVER = datetime.min.replace(tzinfo=UTC)  # Stands for a time already refused.
MOST_POINTS = 10_000 * HUNDRED  # Far above any rubric.

_T = TypeVar("_T")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def is_name(text: str) -> bool:
    """Whether `text` may name a file of config/ or a record: lower-case letters, digits, hyphens; at most 64."""
    return _NAME.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Field:
    """A value of plain data, where it stands (a JSON pointer), and the list that collects what is wrong.

    A taker whose value is wrong adds a problem and returns a neutral value: "", 0, (), NEVER …
    """

    value: object
    path: str = ""
    problems: list[Problem] = field(default_factory=list)

    @property
    def present(self) -> bool:
        """Whether the value is there."""
        return self.value is not MISSING

    def refuse(self, code: str, message: str) -> None:
        """Note a problem with this value."""
        self.problems.append(Problem(self.path, code, message))

    def child(self, key: str | int, value: object) -> "Field":
        """The field of `value` below this one."""
        return Field(value, self.path + pointer(key), self.problems)

    def mapping(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, "Field"]:
        """The fields by key, each of `required` and `optional`, there or not; no others may be there."""
        required, known = tuple(required), (*required, *optional)
        data = self.object()
        for key in data:
            if key not in known:
                self.child(key, None).refuse(
                    "unknown_field", f"不认识“{key}”：请改正拼写或删去，这里可写 {'、'.join(known)}"
                )
        for key in required:
            if key not in data and isinstance(self.value, dict):
                self.child(key, None).refuse("required", f"缺少 {key}：请补上")
        return {key: self.child(key, data.get(key, MISSING)) for key in known}

    def object(self) -> dict[str, object]:
        """The values by key, whatever the keys; nothing where it is not there."""
        return self._of_type(dict, {}, "这里应写成“键: 值”的形式，请改正")

    def entries(self, least: int = 1) -> tuple["Field", ...]:
        """The entries of a list of at least `least`."""
        data = self._of_type(list, [], "这里应为列表，请改正")
        if isinstance(self.value, list) and len(data) < least:
            self.refuse("required", f"列表太短：请至少写 {least} 项")
        return tuple(self.child(index, value) for index, value in enumerate(data))

    def text(self) -> str:
        """A text that is not empty."""
        text = self._of_type(str, "", "这里应为文字，请改正；如果文字全是数字，请加上引号")
        if text.strip():
            return text
        if isinstance(self.value, str):
            self.refuse("required", "这里是空的：请写上文字")
        return ""

    def name(self) -> str:
        """A short name for machines (see `is_name`)."""
        name = self.text()
        if name and not is_name(name):
            self.refuse(
                "bad_name", f"“{name[:64]}”不能作名称：请只用小写字母、数字和连字符，以字母或数字开头，不超过 64 个"
            )
        return name

    def one_of(self, choices: Iterable[str]) -> str:
        """One of the texts `choices`."""
        choices, text = tuple(choices), self.text()
        if text and text not in choices:
            self.refuse("unknown_value", f"不认识“{text[:64]}”：请写 {'、'.join(choices)} 之一")
        return text

    def whole(self, least: int, most: int) -> int:
        """A whole number within the bounds, both included."""
        if self.present and (type(self.value) is not int or not least <= self.value <= most):
            self.refuse("out_of_range", f"这里应为 {least} 到 {most} 的整数，请改正")
        return self.value if type(self.value) is int else 0

    def points(self, least: int = 1, neutral: int = 1) -> int:
        """Points in hundredths, at least `least` of them; the value is in points, with at most two decimals.

        The neutral value is 1 by default, so that it can be a step.
        """
        points = hundredths(self.value)
        if points is not None and least <= points <= MOST_POINTS:
            return points
        if self.present:
            bound = "大于 0" if least else "不小于 0"
            self.refuse("out_of_range", f"分值应为{bound}的数，最多两位小数，请改正")
        return neutral

    def share(self) -> Decimal:
        """A share: a number greater than 0 and at most 1."""
        value = Decimal(self.value) if type(self.value) is int else self.value
        if isinstance(value, Decimal) and value.is_finite() and 0 < value <= 1:
            return value
        if self.present:
            self.refuse("out_of_range", "比例应为大于 0、不超过 1 的数，如 0.95，请改正")
        return Decimal(0)

    def flag(self) -> bool:
        """True or false; false where it is not there."""
        return self._of_type(bool, False, "这里应为 true（是）或 false（否），请改正")

    def moment(self) -> datetime:
        """A moment, ISO 8601 to the second and with its offset; given in UTC."""
        text = self.text()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = NEVER
        if moment.tzinfo and not moment.microsecond and 2000 <= moment.year < 3000:
            return moment.astimezone(UTC)
        if text:
            self.refuse("bad_time", "时间请写全日期、时刻（到秒）和时区，如 2022-06-20T00:00:00+08:00")
        return NEVER

    def _of_type(self, kind: type[_T], neutral: _T, message: str) -> _T:
        if isinstance(self.value, kind):
            return self.value
        if self.present:
            self.refuse("wrong_type", message)
        return neutral
