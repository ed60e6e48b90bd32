"""What the invented schools say of themselves, and what the inspectors find: alike, but not the same."""

from collections.abc import Mapping
from random import Random

from backend.demonstration.schools import DemoSchool, Standard
from inspection.rules.case import Answers, applicable_clauses
from inspection.rules.rubric import Item, Rubric

# The total (hundredths) that a school of a standard is worth, from … to ….
WORTH: Mapping[Standard, tuple[int, int]] = {
    "demonstration": (9200, 10400),
    "excellent": (8200, 9300),
    "qualified": (7200, 8400),
    "none": (5800, 7200),
}
STEP = 50
# Requirements that schools of a standard meet without fail.
SURE: Mapping[Standard, frozenset[str]] = {
    "demonstration": frozenset({"basic", "filing", "demonstration"}),
    "excellent": frozenset({"basic", "filing"}),
    "qualified": frozenset({"basic"}),
    "none": frozenset(),
}


def truth(school: DemoSchool, rubric: Rubric) -> Answers:
    """What a school really is worth on each item, around the total of its standard."""
    chance = Random(school.seed * 1000)  # noqa: S311  # The same every time, no secrets.
    points = {code: item.points for code, item in rubric.items.items()}
    lost = rubric.points - chance.randrange(*WORTH[school.standard], STEP)
    # ★ items are lost last: schools see to the basic requirements first.
    while lost > 0:
        item = chance.choice([each for each in rubric.items.values() if points[each.code] and _may_lose(each, chance)])
        loss = min(lost, points[item.code], chance.choice((STEP, STEP, 2 * STEP)))
        points[item.code] -= loss
        lost -= loss
    clauses = {
        code: {clause.name: _is_met(clause.requirement, school.standard, chance) for clause in applying}
        for code, applying in applicable_clauses(rubric, school.figures).items()
        if applying
    }
    return Answers(points, clauses)


def _may_lose(item: Item, chance: Random) -> bool:
    return not item.starred or chance.random() < 0.15


def _is_met(requirement: str, standard: Standard, chance: Random) -> bool:
    return requirement in SURE[standard] or chance.random() < (0.93 if requirement == "basic" else 0.3)


def self_assessment(school: DemoSchool, rubric: Rubric) -> Answers:
    """The school's own view: the truth, seen kindly on some items and too modestly on a few."""
    chance = Random(school.seed * 1000 + 1)  # noqa: S311  # As above.
    real = truth(school, rubric)
    points = {
        code: _moved(own, rubric.items[code], chance, (0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, -1))
        for code, own in real.points.items()
    }
    clauses = {
        code: {name: met or chance.random() < 0.3 for name, met in verdicts.items()}
        for code, verdicts in real.clauses.items()
    }
    return Answers(points, clauses)


def evidence_counts(school: DemoSchool, rubric: Rubric) -> Mapping[str, int]:
    """How many photos or files the school attaches: wherever the cycle asks for one, and on a few more items."""
    chance = Random(school.seed * 1000 + 2)  # noqa: S311  # As above.
    return {code: chance.randint(1, 3) for code, item in rubric.items.items() if item.starred or chance.random() < 0.2}


def score_sheet(school: DemoSchool, rubric: Rubric, inspector: int) -> Answers:
    """What the inspector with this number finds: the truth, half a point off now and then, a whole one seldom."""
    chance = Random(school.seed * 1000 + 10 + inspector)  # noqa: S311  # As above.
    real = truth(school, rubric)
    points = {
        code: _moved(own, rubric.items[code], chance, (0,) * 40 + (1, -1, -1, 1, -2))
        for code, own in real.points.items()
    }
    clauses = {
        code: {name: met if chance.random() < 0.995 else not met for name, met in verdicts.items()}
        for code, verdicts in real.clauses.items()
    }
    return Answers(points, clauses)


def ruling_of(school: DemoSchool, rubric: Rubric, code: str) -> Answers:
    """What the lead inspector rules on an item where the team differs: what it really is."""
    real = truth(school, rubric)
    return Answers({code: real.points[code]}, {code: real.clauses[code]} if code in real.clauses else {})


def _moved(own: int, item: Item, chance: Random, steps: tuple[int, ...]) -> int:
    return max(0, min(item.points, own + STEP * chance.choice(steps)))
