"""From one rubric to another: what differs item by item, and a case as the other would have it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from inspection.rules.case import Answers, Case, Sheet
from inspection.rules.rubric import Indicator, Item, Rubric

Part = Literal["points", "text", "clauses"]


@dataclass(frozen=True, slots=True)
class ItemChange:
    """An item that is otherwise: new (`before` is None), gone (`after` is None), or changed in these parts."""

    code: str
    before: Item | None
    after: Item | None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class IndicatorChange:
    """An indicator of another name or other points; new or gone where one of both is None."""

    code: str
    before: Indicator | None
    after: Indicator | None


def item_changes(before: Rubric, after: Rubric) -> tuple[ItemChange, ...]:
    """What differs item by item, in the order of the codes. Items are the same by their code."""
    changes = []
    for code in sorted({*before.items, *after.items}, key=_place):
        old, new = before.items.get(code), after.items.get(code)
        parts = _parts(old, new) if old and new else ()
        if old is None or new is None or parts:
            changes.append(ItemChange(code, old, new, parts))
    return tuple(changes)


def _parts(old: Item, new: Item) -> tuple[Part, ...]:
    pairs: tuple[tuple[Part, bool], ...] = (
        ("points", old.points != new.points),
        ("text", old.text != new.text),
        ("clauses", old.clauses != new.clauses),
    )
    return tuple(part for part, differs in pairs if differs)


def indicator_changes(before: Rubric, after: Rubric) -> tuple[IndicatorChange, ...]:
    """The indicators of another name or other points, in the order of their codes."""
    old = {each.code: each for each in _indicators(before)}
    new = {each.code: each for each in _indicators(after)}
    return tuple(
        IndicatorChange(code, old.get(code), new.get(code))
        for code in sorted({*old, *new}, key=_place)
        if _named(old.get(code)) != _named(new.get(code))
    )


def _indicators(rubric: Rubric) -> Iterable[Indicator]:
    return (indicator for group in rubric.groups for indicator in group.indicators)


def _named(indicator: Indicator | None) -> tuple[str, int] | None:
    return (indicator.name, indicator.points) if indicator else None


def _place(code: str) -> list[int]:
    return [int(part) for part in code.split(".")]


def fitting(rubric: Rubric, answers: Answers) -> Answers:
    """The answers that the rubric has a place for.

    What was said of an item or clause that it hasn't, and points above an item's full points, count as not said: people
    have to say it anew.
    """
    items = rubric.items
    points = {code: given for code, given in answers.points.items() if code in items and given <= items[code].points}
    clauses = {}
    for code, verdicts in answers.clauses.items():
        names = {clause.name for clause in items[code].clauses} if code in items else set()
        kept = {name: verdict for name, verdict in verdicts.items() if name in names}
        if kept:
            clauses[code] = kept
    return Answers(points, clauses)


def under(case: Case, rubric: Rubric) -> Case:
    """The case as the rubric would have it: the same sheets, rulings and self-assessment, as far as they fit."""
    return replace(
        case,
        rubric=rubric,
        self_assessment=fitting(rubric, case.self_assessment),
        sheets=tuple(Sheet(sheet.inspector, fitting(rubric, sheet.answers)) for sheet in case.sheets),
        rulings=fitting(rubric, case.rulings),
        evidence={code: count for code, count in case.evidence.items() if code in rubric.items},
        suspect=frozenset(code for code in case.suspect if code in rubric.items),
    )
