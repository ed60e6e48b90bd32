"""Inspectors against teammates: by hand, and what holds for any team."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from backend.config_files import default_config_folder, load_rubric
from inspection.rules.agreement import Comparison, comparisons, together
from inspection.rules.case import Answers, Sheet

RUBRIC = load_rubric(default_config_folder(), "taizhou-2022")
CODES = sorted(RUBRIC.items)[:6]
POINTS = st.dictionaries(st.sampled_from(CODES), st.integers(0, 4).map(lambda half: 50 * half))
VERDICTS = st.dictionaries(st.sampled_from(CODES), st.dictionaries(st.sampled_from(["basic", "filing"]), st.booleans()))
TEAMS = st.lists(st.builds(Answers, POINTS, VERDICTS), max_size=5)
TOLERANCE = 50


def sheet(inspector: str, points: Mapping[str, int], **clauses: bool) -> Sheet:
    return Sheet(inspector, Answers(points, {"1.1.1": clauses} if clauses else {}))


def test_three_inspectors_by_hand() -> None:
    worth = RUBRIC.items["1.1.2"].points
    team = [
        sheet("strict", {"1.1.2": 0, "1.1.3": 100}, basic=False),
        sheet("middle", {"1.1.2": 50, "1.1.4": 50}, basic=True),
        sheet("mild", {"1.1.2": 100}, basic=True),
    ]
    found = comparisons(RUBRIC, team, TOLERANCE)
    # 1.1.3 and 1.1.4 were scored by one alone: there is nothing to compare.
    assert found["strict"] == Comparison(
        items=1, pairs=2, difference=-150, distance=150, within=1, points=2 * worth, verdicts=2, same=0
    )
    assert found["middle"] == Comparison(1, 2, 0, 100, 2, 2 * worth, 2, 1)
    assert found["mild"] == Comparison(1, 2, 150, 150, 1, 2 * worth, 2, 1)
    assert found["strict"].mean_difference == -75
    assert found["strict"].severity == 150 / (2 * worth)
    assert found["mild"].severity == -150 / (2 * worth)
    assert (found["strict"].agreement, found["strict"].same_verdicts) == (0.5, 0)


def test_who_was_alone_is_compared_with_nobody() -> None:
    assert comparisons(RUBRIC, [sheet("alone", {"1.1.2": 50})], TOLERANCE) == {}
    apart = comparisons(RUBRIC, [sheet("one", {"1.1.2": 50}), sheet("other", {"1.1.3": 50})], TOLERANCE)
    assert apart == {"one": Comparison(), "other": Comparison()}
    assert apart["one"].severity is None
    assert apart["one"].agreement is None


def test_visits_add_up() -> None:
    first, second = Comparison(1, 2, -150, 150, 1, 400, 2, 0), Comparison(3, 3, 50, 50, 3, 600, 0, 0)
    assert together([first, list(second)]) == Comparison(4, 5, -100, 200, 4, 1000, 2, 0)


@given(TEAMS)
def test_what_one_gives_more_the_others_give_less(team: list[Answers]) -> None:
    sheets = [Sheet(f"i{number}", answers) for number, answers in enumerate(team)]
    found = comparisons(RUBRIC, sheets, TOLERANCE)
    assert set(found) == ({each.inspector for each in sheets} if len(sheets) > 1 else set())
    assert sum(each.difference for each in found.values()) == 0
    # Every pair is seen from both ends.
    for counts in (
        [each.pairs for each in found.values()],
        [each.within for each in found.values()],
        [each.distance for each in found.values()],
        [each.verdicts for each in found.values()],
        [each.same for each in found.values()],
    ):
        assert sum(counts) % 2 == 0
    for each in found.values():
        assert 0 <= each.within <= each.pairs
        assert each.items <= each.pairs <= each.items * (len(sheets) - 1)
        assert abs(each.difference) <= each.distance
        assert 0 <= each.same <= each.verdicts
    assert comparisons(RUBRIC, sheets[::-1], TOLERANCE) == found


@given(TEAMS.filter(lambda team: len(team) > 1), st.integers(1, 4))
def test_half_a_point_more_on_everything_is_seen_as_just_that(team: list[Answers], halves: int) -> None:
    sheets = [Sheet(f"i{number}", answers) for number, answers in enumerate(team)]
    before = comparisons(RUBRIC, sheets, TOLERANCE)["i0"]
    raised = Answers({code: points + 50 * halves for code, points in team[0].points.items()}, team[0].clauses)
    after = comparisons(RUBRIC, [Sheet("i0", raised), *sheets[1:]], TOLERANCE)["i0"]
    assert after.difference == before.difference + 50 * halves * before.pairs
    assert (after.pairs, after.items, after.verdicts, after.same) == (
        before.pairs,
        before.items,
        before.verdicts,
        before.same,
    )
