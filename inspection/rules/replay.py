"""Cases and outcomes as plain data, the form in which decisions are stored and checked years later.

A case in: {"rubric": "name" | "name@sha256", "applied", "school", "self_assessment", "score_sheets", "rulings"?,
"rules"?}; an outcome out: {"items", "discrepancies", "decision"}. Numbers are ints or Decimals in, points not
hundredths. Every value is checked, and everything wrong is named at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from inspection.rules.case import Answers, Case, School, Sheet, Stage
from inspection.rules.discrepancies import Discrepancy
from inspection.rules.fields import Field
from inspection.rules.grading import GradeDecision
from inspection.rules.outcome import Outcome
from inspection.rules.points import HUNDRED, as_number, exact
from inspection.rules.problems import ProblemsError
from inspection.rules.reconciliation import AgreedItem
from inspection.rules.rubric import STAGES, Item, Rubric
from inspection.rules.ruleset import RULES_2022, parse_rules, rules_to_data

MOST = 10_000_000  # No school has ten million of anything; a larger number is a slip.
ANSWER_KEYS = frozenset({"points", "clauses"})
EVIDENCE_KEYS = ANSWER_KEYS | {"evidence"}
NOT_AN_OBJECT = (("", None),)  # Looks like an object with a clause that no item has.


class CaseError(ProblemsError):
    """A case that is wrong."""


@dataclass(frozen=True, slots=True)
class _ItemCheck:
    """What may be said of an item: each allowed number of points → hundredths, and the names of its clauses."""

    points: Mapping[Decimal | int, int]
    clauses: frozenset[str]


@lru_cache(maxsize=64)
def _item_checks(rubric: Rubric, score_step: int) -> Mapping[str, _ItemCheck]:
    return {code: _item_check(item, score_step) for code, item in rubric.items.items()}


def _item_check(item: Item, score_step: int) -> _ItemCheck:
    # A table of all allowed values checks range and step in one exact look-up: equal numbers hash alike.
    allowed: dict[Decimal | int, int] = {
        Decimal(points) / HUNDRED: points for points in range(0, item.points + 1, score_step)
    }
    return _ItemCheck(allowed, frozenset(clause.name for clause in item.clauses))


def parse_case(data: object, find_rubric: Callable[[str], Rubric]) -> Case:
    """The case that `data` describes; CaseError names everything wrong with it.

    `find_rubric` gives the rubric of a reference (`name` or `name@sha256`) and raises LookupError, whose text is the
    Chinese reason, where there is none.
    """
    root = Field(data)
    fields = root.mapping(("rubric", "applied", "school", "self_assessment", "score_sheets"), ("rulings", "rules"))
    rules = parse_rules(fields["rules"]) if fields["rules"].present else RULES_2022
    applied = fields["applied"].one_of(grade.name for grade in rules.grades)
    school = _school(fields["school"])
    rubric = _rubric(fields["rubric"], find_rubric)
    # Without its rubric nothing can be said of the answers.
    if rubric is None:
        raise CaseError(tuple(root.problems))
    if any(grade.min_total > rubric.points for grade in rules.grades):
        fields["rules"].refuse("out_of_range", "有等级的分数线高于评估总分，永远无法达到，请改低")
    checks = _item_checks(rubric, rules.score_step)
    evidence: dict[str, int] = {}
    self_assessment = _answers(fields["self_assessment"], checks, evidence)
    sheets = _sheets(fields["score_sheets"], checks)
    rulings = _answers(fields["rulings"], checks)
    if root.problems:
        raise CaseError(tuple(root.problems))
    return Case(rubric, rules, applied, school, self_assessment, sheets, rulings, evidence)


def _rubric(field: Field, find_rubric: Callable[[str], Rubric]) -> Rubric | None:
    reference = field.text()
    try:
        return find_rubric(reference) if reference else None
    except LookupError as error:
        field.refuse("unknown_rubric", str(error.args[0]))
        return None


def _school(field: Field) -> School:
    fields = field.mapping(("stages", "teachers", "teacher_computers"))
    stages: list[Stage] = []
    for entry in fields["stages"].entries():
        below = entry.mapping(("stage", "students", "student_devices"))
        name = below["stage"].one_of(STAGES)
        if name in STAGES and name in [stage.stage for stage in stages]:
            below["stage"].refuse("duplicate", f"学段 {name} 重复，每个学段只填一次")
        stages.append(Stage(name, below["students"].whole(1, MOST), below["student_devices"].whole(0, MOST)))
    return School(tuple(stages), fields["teachers"].whole(1, MOST), fields["teacher_computers"].whole(0, MOST))


def _sheets(field: Field, checks: Mapping[str, _ItemCheck]) -> tuple[Sheet, ...]:
    sheets: list[Sheet] = []
    for entry in field.entries(least=0):  # A visit may have no signed sheet yet.
        fields = entry.mapping(("inspector", "items"))
        inspector = fields["inspector"].text()
        if inspector and inspector in [sheet.inspector for sheet in sheets]:
            fields["inspector"].refuse("duplicate", f"评估专家“{inspector[:64]}”有两张评分表，只能有一张")
        sheets.append(Sheet(inspector, _answers(fields["items"], checks)))
    return tuple(sheets)


def _answers(field: Field, checks: Mapping[str, _ItemCheck], evidence: dict[str, int] | None = None) -> Answers:
    """The answers by item; `evidence` is filled where the entries may count it.

    A replay spends most of its time here: what is right is taken in place, and only what is wrong becomes a Field.
    """
    points: dict[str, int] = {}
    clauses: dict[str, Mapping[str, bool]] = {}
    known = ANSWER_KEYS if evidence is None else EVIDENCE_KEYS
    for code, entry in field.object().items():
        check = checks.get(code)
        if check is None:
            field.child(code, entry).refuse("unknown_item", f"细则中没有编号为“{code[:64]}”的指标，请改正")
            continue
        if type(entry) is not dict or not entry.keys() <= known:
            field.child(code, entry).mapping((), known)
            if type(entry) is not dict:
                continue
        value = entry.get("points")
        if value is not None:
            # True is 1 to a look-up, and no number to JSON.
            number = check.points.get(value) if type(value) is int or type(value) is Decimal else None
            if number is None:
                _refuse_points(field.child(code, entry).child("points", value), check)
            else:
                points[code] = number
        verdicts = entry.get("clauses")
        if verdicts is not None:
            # Nearly always an object of known clauses, all answered, which may stand as it is.
            for name, met in verdicts.items() if type(verdicts) is dict else NOT_AN_OBJECT:
                if (met is not True and met is not False) or name not in check.clauses:
                    verdicts = _sound_verdicts(field.child(code, entry).child("clauses", verdicts), check)
                    break
            clauses[code] = verdicts
        if evidence is not None and "evidence" in entry:
            count = entry["evidence"]
            if type(count) is not int or not 0 <= count <= MOST:
                count = field.child(code, entry).child("evidence", count).whole(0, MOST)
            evidence[code] = count
    return Answers(points, clauses)


def _refuse_points(field: Field, check: _ItemCheck) -> None:
    allowed = list(check.points)
    step = f"，且为 {allowed[1]} 的倍数" if len(allowed) > 1 else ""
    field.refuse("points_off_scale", f"得分应为 0 到 {allowed[-1]} 的数字{step}，请改正")


def _sound_verdicts(field: Field, check: _ItemCheck) -> Mapping[str, bool]:
    """The answered clauses, null being no answer; what is wrong is noted."""
    answered = {}
    for name, met in field.object().items():
        if name not in check.clauses:
            field.child(name, met).refuse("unknown_clause", f"该指标没有名为“{name[:64]}”的要求，请改正")
        elif met is True or met is False:
            answered[name] = met
        elif met is not None:
            field.child(name, met).refuse("wrong_type", "应为 true（达到）、false（未达到）或 null（未答）")
    return answered


def case_to_data(case: Case) -> dict[str, object]:
    """The plain data that `parse_case` reads as exactly this case, with its rubric's hash and all of its rules.

    Numbers are ints and Decimals. `suspect` has no place in the form: the flags of photos weigh on no grade.
    """
    school = case.school
    return {
        "rubric": f"{case.rubric.name}@{case.rubric.sha256}",
        "rules": rules_to_data(case.rules),
        "applied": case.applied,
        "school": {
            "stages": [
                {"stage": stage.stage, "students": stage.students, "student_devices": stage.student_devices}
                for stage in school.stages
            ],
            "teachers": school.teachers,
            "teacher_computers": school.teacher_computers,
        },
        "self_assessment": _answers_to_data(case.self_assessment, case.evidence),
        "score_sheets": [
            {"inspector": sheet.inspector, "items": _answers_to_data(sheet.answers)} for sheet in case.sheets
        ],
        "rulings": _answers_to_data(case.rulings),
    }


def _answers_to_data(answers: Answers, evidence: Mapping[str, int] | None = None) -> dict[str, dict[str, object]]:
    items: dict[str, dict[str, object]] = {}
    for code, points in answers.points.items():
        items.setdefault(code, {})["points"] = exact(points)
    for code, clauses in answers.clauses.items():
        items.setdefault(code, {})["clauses"] = dict(clauses)
    for code, count in (evidence or {}).items():
        items.setdefault(code, {})["evidence"] = count
    return items


def outcome_to_data(outcome: Outcome) -> dict[str, object]:
    """The outcome as plain data: points as JSON numbers, undecided ones None."""
    return {
        "items": {code: _item_to_data(item) for code, item in outcome.items.items()},
        "discrepancies": [_discrepancy_to_data(row) for row in outcome.discrepancies],
        "decision": outcome.decision and decision_to_data(outcome.decision),
    }


def _item_to_data(item: AgreedItem) -> dict[str, object]:
    points = None if item.points is None else as_number(item.points)
    return {"agreed_points": points, "rule": item.rule, "clauses": item.clauses}


def _discrepancy_to_data(row: Discrepancy) -> dict[str, object]:
    return {
        "item": row.item,
        "kind": row.kind,
        "delta": None if row.delta is None else as_number(row.delta),
        "severity": row.severity,
        "changes_grade": row.changes_grade,
    }


def decision_to_data(decision: GradeDecision) -> dict[str, object]:
    """The decision as plain data, as stored, shown and replayed."""
    return {
        "total": as_number(decision.total),
        "attained": decision.attained,
        "awarded": decision.awarded,
        "explanation": [
            {
                "grade": gap.grade,
                "points_short": as_number(gap.points_short),
                "clauses_unmet": [{"item": clause.item, "clause": clause.name} for clause in gap.clauses_unmet],
            }
            for gap in decision.explanation
        ],
        "shortest_path": list(decision.shortest_path),
    }
