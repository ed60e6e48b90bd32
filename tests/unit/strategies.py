"""Random small rubrics, cycles' rules and cases for the properties of the rules."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from inspection.rules.rubric import STAGES, Rubric, parse_rubric

SHA = "0" * 64
BOOLS = st.booleans()


@st.composite
def rubrics(draw: st.DrawFn, most_items: int = 6) -> Rubric:
    """A rubric of one indicator with up to `most_items` items and every kind of clause."""
    items: list[dict[str, Any]] = []
    for number in range(1, draw(st.integers(1, most_items)) + 1):
        kinds = draw(st.sets(st.sampled_from(["basic", "senior", "filing", "demonstration"])))
        clauses: list[dict[str, Any]] = []
        if "basic" in kinds:
            clauses.append({"name": "basic", "requirement": "basic"})
            if draw(st.integers(0, 3)) == 0:
                clauses[0]["figures"] = {"kind": "teacher_computers"}
        if "senior" in kinds:
            clauses.append({"name": "senior", "requirement": "basic", "text": "有", "stages": ["senior"]})
        clauses.extend(
            {"name": kind, "requirement": kind, "text": "有"} for kind in ("filing", "demonstration") if kind in kinds
        )
        text = ("★" if "basic" in kinds else "") + f"{number}.有" + ("▲" if "demonstration" in kinds else "")
        item: dict[str, Any] = {"code": f"1.1.{number}", "points": draw(st.integers(1, 3)), "text": text}
        items.append(item | ({"clauses": clauses} if clauses else {}))
    points = sum(item["points"] for item in items)
    indicator = {"name": "指标", "points": points, "items": items}
    group = {"name": "组", "points": points, "indicators": [indicator]}
    return parse_rubric({"name": "small", "title": "小", "note": "注", "points": points, "groups": [group]}, SHA)


@st.composite
def rules(draw: st.DrawFn, rubric: Rubric) -> dict[str, Any]:
    """The rules of a cycle whose three grades are within the rubric's reach."""
    half_points = rubric.points // 50
    lines = draw(st.sets(st.integers(0, half_points), min_size=min(3, half_points + 1), max_size=3))
    names = ("demonstration", "excellent", "qualified")
    requirements = (["basic", "filing", "demonstration"], ["basic", "filing"], ["basic"])
    grades = [
        {"grade": name, "min_total": Decimal(line) / 2, "clauses": clauses}
        for name, line, clauses in zip(names, sorted(lines, reverse=True), requirements, strict=False)
    ]
    return {"grades": grades, "evidence_required": draw(st.sampled_from(["starred", "all", "none"]))}


@st.composite
def answers(draw: st.DrawFn, rubric: Rubric, complete: bool = False, evidence: bool = False) -> dict[str, Any]:
    """What somebody says of each item; everything where it is `complete`, else with gaps."""
    said = {}
    for item in rubric.items.values():
        points: Any = Decimal(draw(st.integers(0, item.points // 50))) / 2
        clauses: dict[str, Any] = {clause.name: draw(BOOLS) for clause in item.clauses}
        if not complete:
            points = draw(st.one_of(st.just(points), st.none()))
            clauses = {name: draw(st.one_of(st.just(met), st.none())) for name, met in clauses.items()}
        said[item.code] = {"points": points, "clauses": clauses}
        if evidence:
            said[item.code]["evidence"] = draw(st.integers(0, 2))
    return said


@st.composite
def schools(draw: st.DrawFn) -> dict[str, Any]:
    """The declared figures of a school."""
    stages = draw(st.lists(st.sampled_from(STAGES), min_size=1, max_size=3, unique=True))
    return {
        "stages": [
            {"stage": stage, "students": draw(st.integers(1, 30)), "student_devices": draw(st.integers(0, 4))}
            for stage in stages
        ],
        "teachers": draw(st.integers(1, 3)),
        "teacher_computers": draw(st.integers(0, 4)),
    }


@st.composite
def cases(draw: st.DrawFn, decided: bool = False) -> tuple[Rubric, dict[str, Any]]:
    """A rubric and a case on it as plain data; one that is `decided` has a ruling on everything."""
    rubric = draw(rubrics())
    sheets = draw(st.lists(answers(rubric), max_size=3))
    case: dict[str, Any] = {
        "rubric": "small",
        "rules": draw(rules(rubric)),
        "school": draw(schools()),
        "self_assessment": draw(answers(rubric, evidence=True)),
        "score_sheets": [{"inspector": f"I{number}", "items": sheet} for number, sheet in enumerate(sheets)],
        "rulings": draw(answers(rubric, complete=decided)),
    }
    case["applied"] = draw(st.sampled_from([grade["grade"] for grade in case["rules"]["grades"]]))
    return rubric, case
