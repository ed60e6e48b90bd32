"""The numbers of the rules: what a cycle may set, and the 2022 values (附件1, 注)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from inspection.rules.fields import Field
from inspection.rules.points import exact
from inspection.rules.rubric import REQUIREMENTS

EVIDENCE_REQUIRED = ("starred", "all", "none")


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade: at least `min_total` hundredths of points, and every clause of these requirements met."""

    name: str
    title: str
    min_total: int
    requirements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What the rules may be set to; points in hundredths, `grades` from the highest to the lowest."""

    score_step: int
    spread_tolerance: int
    discrepancy_share: Decimal
    evidence_required: str
    grades: tuple[Grade, ...]

    def grade(self, name: str) -> Grade:
        """The grade called `name`; KeyError where there is none."""
        for grade in self.grades:
            if grade.name == name:
                return grade
        raise KeyError(name)


# 附件1, 注: ★ is asked of every grade, ▲ of demonstration schools; item 5.4.2 asks the filing of the upper two.
RULES_2022 = Rules(
    score_step=50,
    spread_tolerance=50,
    discrepancy_share=Decimal("0.5"),
    evidence_required="starred",
    grades=(
        Grade("demonstration", "示范型", 9000, ("basic", "filing", "demonstration")),
        Grade("excellent", "优秀型", 8000, ("basic", "filing")),
        Grade("qualified", "合格型", 7000, ("basic",)),
    ),
)
KEYS = ("score_step", "spread_tolerance", "discrepancy_share", "evidence_required", "grades")


def parse_rules(field: Field) -> Rules:
    """The rules that `field` sets, the 2022 values where it is silent.

    It holds any of score_step, spread_tolerance, discrepancy_share, evidence_required, and grades: a list of {"grade",
    "title"?, "min_total", "clauses": [requirement, …]}. Numbers are ints or Decimals, in points.
    """
    fields, standard = field.mapping((), KEYS), RULES_2022
    step, spread, share = fields["score_step"], fields["spread_tolerance"], fields["discrepancy_share"]
    evidence, grades = fields["evidence_required"], fields["grades"]
    return Rules(
        step.points() if step.present else standard.score_step,
        spread.points(least=0) if spread.present else standard.spread_tolerance,
        share.share() if share.present else standard.discrepancy_share,
        evidence.one_of(EVIDENCE_REQUIRED) if evidence.present else standard.evidence_required,
        _grades(grades) if grades.present else standard.grades,
    )


def rules_to_data(rules: Rules) -> dict[str, Any]:
    """The plain data that `parse_rules` reads as exactly these rules: every key, ints and Decimals, in points."""
    return {
        "score_step": exact(rules.score_step),
        "spread_tolerance": exact(rules.spread_tolerance),
        "discrepancy_share": rules.discrepancy_share,
        "evidence_required": rules.evidence_required,
        "grades": [
            {
                "grade": grade.name,
                "title": grade.title,
                "min_total": exact(grade.min_total),
                "clauses": list(grade.requirements),
            }
            for grade in rules.grades
        ],
    }


def _grades(field: Field) -> tuple[Grade, ...]:
    grades: list[Grade] = []
    for entry in field.entries():
        fields = entry.mapping(("grade", "min_total", "clauses"), ("title",))
        name = fields["grade"].name()
        title = fields["title"].text() if fields["title"].present else name
        clauses = tuple(below.one_of(REQUIREMENTS) for below in fields["clauses"].entries(least=0))
        grade = Grade(name, title, fields["min_total"].points(least=0), clauses)
        if name and name in [other.name for other in grades]:
            fields["grade"].refuse("duplicate", f"等级 {name} 写了两次：请删去一个")
        if grade.min_total in [other.min_total for other in grades]:
            fields["min_total"].refuse("duplicate", "两个等级的分数线相同，分不出高低：请改正")
        grades.append(grade)
    return tuple(sorted(grades, key=lambda grade: -grade.min_total))
