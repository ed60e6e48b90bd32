"""A case: all that a grade depends on. The same case always has the same outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from inspection.rules.rubric import Clause, Rubric
from inspection.rules.ruleset import Rules


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a school (小学, 初中, 高中) with its declared figures (附件2)."""

    stage: str
    students: int
    student_devices: int


@dataclass(frozen=True, slots=True)
class School:
    """The declared figures of a school; one stage or more, each once."""

    stages: tuple[Stage, ...]
    teachers: int
    teacher_computers: int


@dataclass(frozen=True, slots=True)
class Answers:
    """What one person or the school said: points in hundredths by item, verdicts by item and clause name.

    What is not there was not answered. The same shape serves the self-assessment, a score sheet and the rulings.
    """

    points: Mapping[str, int] = field(default_factory=dict)
    clauses: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A signed score sheet of one inspector."""

    inspector: str
    answers: Answers


@dataclass(frozen=True, slots=True)
class Case:
    """The inputs of one decision. `evidence` counts the photos and files by item; `suspect` holds the items with a
    photo that carries an integrity flag. `rulings` are those in force, one an item (see `rulings_in_force`)."""

    rubric: Rubric
    rules: Rules
    applied: str
    school: School
    self_assessment: Answers
    sheets: tuple[Sheet, ...]
    rulings: Answers = Answers()
    evidence: Mapping[str, int] = field(default_factory=dict)
    suspect: frozenset[str] = frozenset()


def applicable_clauses(rubric: Rubric, school: School) -> Mapping[str, tuple[Clause, ...]]:
    """The clauses of each item that apply to the school's stages, in the rubric's order."""
    return _applicable_clauses(rubric, frozenset(stage.stage for stage in school.stages))


@lru_cache(maxsize=256)
def _applicable_clauses(rubric: Rubric, stages: frozenset[str]) -> Mapping[str, tuple[Clause, ...]]:
    return {
        code: tuple(clause for clause in item.clauses if clause.applies_to(stages))
        for code, item in rubric.items.items()
    }


def figures_verdict(clause: Clause, school: School) -> bool | None:
    """What the declared numbers say of `clause`; None where it is not a figures clause (附件1, 1.2.1 and 1.2.2).

    Teacher computers are at least as many as teachers (师机比不低于1:1); in each stage that the school has, students
    are at most `at_most` times the devices (生机比). A school has at least one student a stage, so that no devices
    means not met.
    """
    if clause.figures is None:
        return None
    if clause.figures.kind == "teacher_computers":
        return school.teacher_computers >= school.teachers
    at_most = clause.figures.at_most
    return all(
        stage.students <= at_most[stage.stage] * stage.student_devices
        for stage in school.stages
        if stage.stage in at_most
    )
