"""What an inspector may say of an item, and what a score sheet lacks before it can be signed.

A field of an item is "points", "note", or "clauses/<name>". What does not apply to the school's stages can't be said.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

from inspection.rules.case import Answers
from inspection.rules.operations import Value
from inspection.rules.points import HUNDRED, as_number
from inspection.rules.problems import Problem, pointer
from inspection.rules.rubric import Item, Rubric

POINTS = "points"
NOTE = "note"
CLAUSES = "clauses/"
MOST_NOTE = 2000
MOST_SEQ = 2**53 - 1  # A phone counts in the whole numbers of JavaScript.

# Forms and workbooks can't hold other control characters than tab and line feed.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


class RefusedError(Exception):
    """A value that a field can't have: a stable code and the Chinese reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


# Gives a value as it is kept (points in hundredths; None: taken back), or raises RefusedError.
Reader = Callable[[object], Value]


@lru_cache(maxsize=64)
def fields(rubric: Rubric, score_step: int, stages: frozenset[str]) -> Mapping[tuple[str, str], Reader]:
    """Every field of every item for a school with these stages, and what reads its values."""
    readers: dict[tuple[str, str], Reader] = {}
    for code, item in rubric.items.items():
        readers[code, POINTS] = _points_reader(item, score_step)
        readers[code, NOTE] = _read_note
        for clause in item.clauses:
            if clause.applies_to(stages):
                readers[code, CLAUSES + clause.name] = _read_verdict
    return readers


def _points_reader(item: Item, score_step: int) -> Reader:
    # Equal numbers hash alike, so that one exact look-up checks range and step.
    scale: dict[Decimal | int, int] = {
        Decimal(points) / HUNDRED: points for points in range(0, item.points + 1, score_step)
    }
    top, step = as_number(max(scale.values())), as_number(score_step)
    message = f"{item.code} 的得分应为 0 到 {top} 的数字，且为 {step} 的倍数，请改正"

    def read(value: object) -> Value:
        # True is 1 to a look-up, and no number to JSON.
        points = scale.get(value) if type(value) is int or type(value) is Decimal else None
        if points is None and value is not None:
            raise RefusedError("points_off_scale", message)
        return points

    return read


def _read_verdict(value: object) -> Value:
    if value is None or value is True or value is False:
        return value
    raise RefusedError("wrong_type", "是否达到要求应为 true（达到）、false（未达到）或 null（未答）")


def _read_note(value: object) -> Value:
    if value is None:
        return None
    if type(value) is not str:
        raise RefusedError("wrong_type", "说明应为文字")
    if len(value) > MOST_NOTE:
        raise RefusedError("note_too_long", f"说明最多 {MOST_NOTE} 个字，现有 {len(value)} 个，请缩短")
    if _CONTROL.search(value):
        raise RefusedError("bad_format", "说明不能含换行以外的控制字符，请删去")
    return value


@lru_cache(maxsize=64)
def applicable(rubric: Rubric, stages: frozenset[str]) -> Mapping[str, tuple[tuple[str, bool], ...]]:
    """By item the names of the clauses that apply to these stages, each with whether declared figures decide it."""
    return {
        code: tuple((clause.name, clause.figures is not None) for clause in item.clauses if clause.applies_to(stages))
        for code, item in rubric.items.items()
    }


def assigned_items(rubric: Rubric, indicators: Sequence[str] | None) -> tuple[str, ...]:
    """The items of these indicators in the rubric's order; all where None are named."""
    if indicators is None:
        return tuple(rubric.items)
    return tuple(code for code, item in rubric.items.items() if item.indicator in indicators)


def missing_from_sheet(
    rubric: Rubric, stages: frozenset[str], answers: Answers, indicators: Sequence[str] | None
) -> list[Problem]:
    """Every assigned item without points, and every applicable clause of one without a verdict.

    A clause that declared figures decide may stay unanswered: an answer to it is a person's objection to the figures.
    """
    problems = []
    clauses = applicable(rubric, stages)
    for code in assigned_items(rubric, indicators):
        if code not in answers.points:
            problems.append(Problem(pointer(code, POINTS), "required", f"{code} 尚未打分"))
        given = answers.clauses.get(code, {})
        problems.extend(
            Problem(pointer(code, "clauses", name), "required", f"{code} 尚未判定是否达到要求")
            for name, by_figures in clauses[code]
            if not by_figures and name not in given
        )
    return problems


def unknown_parts(rubric: Rubric, codes: Iterable[str]) -> list[str]:
    """Which of the codes are neither a group's nor an indicator's of the rubric."""
    known = {group.code for group in rubric.groups} | {
        each.code for group in rubric.groups for each in group.indicators
    }
    return [code for code in codes if code not in known]


def indicators_of(rubric: Rubric, codes: Iterable[str]) -> list[str]:
    """The indicators that the codes of groups and indicators stand for, each once, in the rubric's order."""
    wanted = set(codes)
    return [
        indicator.code
        for group in rubric.groups
        for indicator in group.indicators
        if indicator.code in wanted or group.code in wanted
    ]
