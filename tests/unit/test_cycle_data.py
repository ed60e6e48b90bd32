"""What is written of a cycle reads back as exactly the same: a cycle that runs is stored as such data."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.config_files import load_cycle
from backend.strict_json import parse_json, write_json
from inspection.rules.cycle import DATES, Cycle, CycleDates, Target, cycle_to_data, parse_cycle
from inspection.rules.fields import Field
from inspection.rules.points import exact, hundredths
from inspection.rules.rubric import REQUIREMENTS
from inspection.rules.ruleset import EVIDENCE_REQUIRED, RULES_2022, Grade, Rules, parse_rules, rules_to_data

CONFIG = Path(__file__).parents[2] / "config"

# Lone surrogates are no characters.
CHARACTERS = st.characters(codec="utf-8")
NAMES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
TITLES = st.text(CHARACTERS, min_size=1, max_size=20).filter(str.strip)
SHARES = st.decimals("0.000000000000000001", 1, places=18)
POINTS = st.integers(0, 1_000_000)


@st.composite
def grades(draw: st.DrawFn) -> tuple[Grade, ...]:
    lines = draw(st.lists(POINTS, min_size=1, max_size=4, unique=True))
    names = draw(st.lists(NAMES, min_size=len(lines), max_size=len(lines), unique=True))
    return tuple(
        Grade(name, draw(TITLES), line, tuple(draw(st.lists(st.sampled_from(REQUIREMENTS), max_size=3))))
        for name, line in zip(names, sorted(lines, reverse=True), strict=True)
    )


RULES = st.builds(
    Rules,
    score_step=st.integers(1, 1_000_000),
    spread_tolerance=POINTS,
    discrepancy_share=SHARES,
    evidence_required=st.sampled_from(EVIDENCE_REQUIRED),
    grades=grades(),
)


@st.composite
def cycles(draw: st.DrawFn) -> Cycle:
    rules, year = draw(RULES), draw(st.integers(2000, 2900))
    start = datetime(year, 1, 1, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 10_000_000)))
    # In the order of the calendar: opens, reviews, closes, hand-in, visits open and close.
    steps = draw(st.lists(st.integers(1, 1_000_000), min_size=5, max_size=5))
    moments = [start + timedelta(seconds=sum(steps[:count])) for count in range(6)]
    opens, reviews, closes, hand_in, visits_open, visits_close = moments
    dates = CycleDates(opens, closes, reviews, hand_in, visits_open, visits_close)
    targets = draw(
        st.lists(
            st.builds(
                Target,
                year=st.integers(year, year + 20),
                grade=st.sampled_from([grade.name for grade in rules.grades]),
                share=SHARES,
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda target: (target.year, target.grade),
        )
    )
    return Cycle(draw(NAMES), draw(TITLES), year, draw(NAMES), rules, dates, tuple(targets))


@given(cycles())
def test_a_cycle_reads_back_as_itself(cycle: Cycle) -> None:
    assert parse_cycle(cycle_to_data(cycle)) == cycle
    assert parse_cycle(parse_json(write_json(cycle_to_data(cycle)).encode())) == cycle


@given(RULES)
def test_rules_read_back_as_themselves(rules: Rules) -> None:
    root = Field(rules_to_data(rules))
    assert parse_rules(root) == rules
    assert root.problems == []


def test_the_configured_cycle() -> None:
    cycle = load_cycle(CONFIG, "2022")
    data = cycle_to_data(cycle)
    assert parse_cycle(data) == cycle
    assert list(data["dates"]) == list(DATES)
    assert data["rules"]["score_step"] == Decimal("0.5")
    assert rules_to_data(RULES_2022) == data["rules"]


@given(st.integers(0, 10**9))
def test_points_are_exact(points: int) -> None:
    assert hundredths(exact(points)) == points


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.decimals(-(10**12), 10**12, places=12)
    | st.text(CHARACTERS),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('甲ab"\\\n', max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_what_is_written_is_read_exactly(value: object) -> None:
    assert parse_json(write_json(value).encode()) == value


@pytest.mark.parametrize("value", [1.5, float("nan"), b"x", {1, 2}])
def test_what_is_not_plain_is_not_written(value: object) -> None:
    with pytest.raises(TypeError):
        write_json(value)
