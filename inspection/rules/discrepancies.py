"""Where the self-assessment and the agreed result part, and how much that matters."""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from math import ceil
from typing import Literal, NamedTuple, get_args

from inspection.rules.case import Case
from inspection.rules.grading import Standing
from inspection.rules.reconciliation import AgreedItem
from inspection.rules.rubric import Clause, Item, Rubric
from inspection.rules.ruleset import Rules

Kind = Literal[
    "overstated",
    "understated",
    "clause_denied",
    "clause_granted",
    "figures_contradict",
    "evidence_missing",
    "inspectors_differ",
    "unscored",
    "evidence_suspect",
]
Severity = Literal["critical", "major", "minor"]
KIND_ORDER = {kind: order for order, kind in enumerate(get_args(Kind))}
OPEN_KINDS: tuple[Kind, ...] = ("inspectors_differ", "unscored")
MAJOR = 100  # From one point of difference on.


class Discrepancy(NamedTuple):
    """One row an item and kind. `delta` = self − agreed in hundredths, None where there is nothing to compare."""

    item: str
    kind: Kind
    delta: int | None
    severity: Severity
    changes_grade: bool


def discrepancies(
    case: Case,
    agreed: Mapping[str, AgreedItem],
    clauses: Mapping[str, tuple[Clause, ...]],
    where: Standing | None,
) -> tuple[Discrepancy, ...]:
    """All discrepancies of a case, the ones that weigh most first.

    Order: changes the grade, then a denied clause, then the size of the difference, then rubric order, then kind.
    `where` is None while anything is undecided: then nothing is said about changing the grade.
    """
    attained = where and where.attained(case.rules)
    own, without_evidence = case.self_assessment, _without_evidence(case)
    thresholds = _thresholds(case.rubric, case.rules)
    rows = []
    for position, (code, result) in enumerate(agreed.items()):
        points, claims = own.points.get(code), own.clauses.get(code, result.clauses)
        delta = None if points is None or result.points is None else points - result.points
        turned = [] if claims == result.clauses else _turned(claims, result, clauses[code])
        tips = False
        if where is not None:
            # Most items of a decided case are as the school has them.
            if not (delta or turned or code in without_evidence or code in case.suspect):
                continue
            tips = _with_own_answers(where, delta or 0, turned, claims).attained(case.rules) != attained
        kinds = _differences(delta, tips or abs(delta or 0) >= thresholds[code], turned, result)
        kinds += ["evidence_missing"] if code in without_evidence else []
        kinds += _undecided(result) if where is None else []
        kinds += ["evidence_suspect"] if code in case.suspect else []
        # One row an item and kind, however many of its clauses say so.
        for kind in dict.fromkeys(kinds):
            key = (not tips, kind != "clause_denied", -abs(delta or 0), position, KIND_ORDER[kind])
            rows.append((key, Discrepancy(code, kind, delta, _severity(kind, delta, tips), tips)))
    return tuple(row for _, row in sorted(rows, key=lambda row: row[0]))


def _turned(claims: Mapping[str, bool | None], result: AgreedItem, clauses: tuple[Clause, ...]) -> list[Clause]:
    """The clauses that the school claims otherwise than agreed; what it left unanswered is as agreed."""
    return [
        clause
        for clause in clauses
        if claims.get(clause.name, result.clauses[clause.name]) != result.clauses[clause.name]
    ]


def threshold(rules: Rules, item: Item) -> int:
    """From how many hundredths of difference on an item counts as over- or understated."""
    return max(rules.score_step, ceil(rules.discrepancy_share * item.points))


@lru_cache(maxsize=64)
def _thresholds(rubric: Rubric, rules: Rules) -> Mapping[str, int]:
    return {code: threshold(rules, item) for code, item in rubric.items.items()}


def needs_evidence(rules: Rules, item: Item) -> bool:
    """Whether the cycle asks for a photo or file with points on this item."""
    return rules.evidence_required == "all" or (rules.evidence_required == "starred" and item.starred)


def _without_evidence(case: Case) -> frozenset[str]:
    """The items on which the school gave itself points, that need evidence, and have none."""
    points, evidence = case.self_assessment.points, case.evidence
    return frozenset(
        code for code in _evidence_required(case.rubric, case.rules) if points.get(code) and not evidence.get(code)
    )


@lru_cache(maxsize=64)
def _evidence_required(rubric: Rubric, rules: Rules) -> tuple[str, ...]:
    return tuple(code for code, item in rubric.items.items() if needs_evidence(rules, item))


def _with_own_answers(where: Standing, delta: int, turned: list[Clause], claims: Mapping[str, bool | None]) -> Standing:
    """`where`, were one item as the school has it: `delta` more points, and the clauses `turned` as it claims."""
    if not turned:
        return Standing(where.total + delta, where.unmet)
    unmet = Counter(where.unmet)
    for clause in turned:
        unmet[clause.requirement] += -1 if claims[clause.name] else 1
    return Standing(where.total + delta, +unmet)


def _differences(delta: int | None, matters: bool, turned: list[Clause], result: AgreedItem) -> list[Kind]:
    kinds: list[Kind] = []
    if delta and matters:
        kinds.append("overstated" if delta > 0 else "understated")
    kinds.extend(_clause_kind(clause, result) for clause in turned if result.clauses[clause.name] is not None)
    return kinds


def _undecided(result: AgreedItem) -> list[Kind]:
    reasons = (result.rule, *result.sources.values())
    return [kind for kind in OPEN_KINDS if kind in reasons]


def _clause_kind(clause: Clause, result: AgreedItem) -> Kind:
    if result.clauses[clause.name]:
        return "clause_granted"
    return "figures_contradict" if result.sources[clause.name] == "figures" else "clause_denied"


def _severity(kind: Kind, delta: int | None, tips: bool) -> Severity:
    if tips or kind == "clause_denied":
        return "critical"
    return "major" if abs(delta or 0) >= MAJOR else "minor"
