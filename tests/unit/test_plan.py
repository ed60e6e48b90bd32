"""Plans of visits: nobody twice, nobody tied, loads even, districts together."""

from collections import Counter
from itertools import chain
from random import Random
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from inspection.rules.plan import HALVES, HalfDay, PlanInspector, PlanSchool, VisitPlan, suggest

DAYS = [f"2022-09-{day:02}" for day in range(5, 10)]

T = TypeVar("T")
Inputs = tuple[list[PlanSchool], list[PlanInspector], list[str], int, set[tuple[str, HalfDay]]]


@st.composite
def inputs(draw: st.DrawFn) -> Inputs:
    """Schools, inspectors with ties and visits already, days, the teams' size."""
    schools = [PlanSchool(f"s{number:02}", draw(st.sampled_from("abc"))) for number in range(draw(st.integers(0, 20)))]
    names = [school.id for school in schools] or ["none"]
    inspectors = [
        PlanInspector(
            f"i{number}", frozenset(draw(st.sets(st.sampled_from(names), max_size=4))), draw(st.integers(0, 3))
        )
        for number in range(draw(st.integers(0, 8)))
    ]
    days = draw(st.lists(st.sampled_from(DAYS), max_size=5))
    slots = st.builds(HalfDay, st.sampled_from(DAYS), st.sampled_from(HALVES))
    people = st.sampled_from([each.id for each in inspectors] or ["none"])
    return schools, inspectors, days, draw(st.integers(1, 4)), draw(st.sets(st.tuples(people, slots), max_size=8))


def loads(plan: VisitPlan) -> Counter[str]:
    return Counter(chain.from_iterable(visit.team for visit in plan.visits))


def plain(schools: int, inspectors: int, size: int, days: int = 5, districts: int = 1) -> VisitPlan:
    return suggest(
        [PlanSchool(f"s{number:03}", f"d{number % districts}") for number in range(schools)],
        [PlanInspector(f"i{number}") for number in range(inspectors)],
        DAYS[:days],
        size,
    )


@given(inputs())
def test_every_school_is_visited_once_or_named_as_left_out(drawn: Inputs) -> None:
    plan = suggest(*drawn)
    placed = [visit.school for visit in plan.visits]
    assert sorted([*placed, *plan.left_out]) == sorted(school.id for school in drawn[0])


@given(inputs())
def test_nobody_is_in_two_places_or_at_a_school_of_their_ties(drawn: Inputs) -> None:
    _, inspectors, days, size, taken = drawn
    plan = suggest(*drawn)
    ties = {each.id: each.ties for each in inspectors}
    there = [(member, visit.when) for visit in plan.visits for member in visit.team]
    assert len(there) == len(set(there))
    assert not set(there) & taken
    for visit in plan.visits:
        assert len(set(visit.team)) == len(visit.team) == size
        assert visit.when.day in days
        assert not any(visit.school in ties[member] for member in visit.team)


@given(inputs())
def test_who_is_left_out_could_not_have_been_sent_anywhere(drawn: Inputs) -> None:
    _, inspectors, days, size, taken = drawn
    plan = suggest(*drawn)
    busy = taken | {(member, visit.when) for visit in plan.visits for member in visit.team}
    for school in plan.left_out:
        for when in (HalfDay(day, half) for day in days for half in HALVES):
            free = [each for each in inspectors if school not in each.ties and (each.id, when) not in busy]
            assert len(free) < size


@given(inputs(), st.randoms(use_true_random=False))
def test_the_order_of_the_inputs_changes_nothing(drawn: Inputs, random: Random) -> None:
    schools, inspectors, days, size, taken = drawn
    mixed = suggest(_mixed(schools, random), _mixed(inspectors, random), _mixed(days, random), size, taken)
    assert mixed == suggest(schools, inspectors, days, size, taken)


def _mixed(values: list[T], random: Random) -> list[T]:
    return random.sample(values, len(values))


@given(st.integers(1, 60), st.integers(3, 12), st.integers(1, 3))
def test_without_ties_loads_differ_by_one_at_most(schools: int, inspectors: int, size: int) -> None:
    counts = loads(plain(schools, inspectors, size))
    shares = [counts[f"i{number}"] for number in range(inspectors)]
    assert max(shares) - min(shares) <= 1


def test_those_with_visits_already_get_fewer() -> None:
    inspectors = [PlanInspector("a", load=3), PlanInspector("b"), PlanInspector("c"), PlanInspector("d")]
    plan = suggest([PlanSchool(f"s{number}", "d") for number in range(5)], inspectors, DAYS, 3)
    assert loads(plan) == {"a": 2, "b": 5, "c": 4, "d": 4}


@given(st.integers(1, 5))
def test_a_district_that_fits_is_visited_on_one_day(districts: int) -> None:
    # Nine inspectors in threes go to three schools a half, six a day.
    plan = plain(6 * districts, 9, 3, districts=districts)
    days: dict[int, set[str]] = {}
    for visit in plan.visits:
        days.setdefault(int(visit.school[1:]) % districts, set()).add(visit.when.day)
    assert not plan.left_out
    assert all(len(each) == 1 for each in days.values())


def test_a_district_too_large_for_a_day_takes_as_few_as_it_can() -> None:
    plan = plain(20, 9, 3)
    assert not plan.left_out
    assert len({visit.when.day for visit in plan.visits}) == 4


def test_the_lead_comes_first_and_leading_is_shared() -> None:
    plan = plain(12, 3, 3, days=5)
    leads = Counter(visit.team[0] for visit in plan.visits)
    assert max(leads.values()) - min(leads.values()) <= 1


def test_ties_move_others_along() -> None:
    # Greedy by load would send a to s1, and leave b, who is tied to s2, without a place.
    schools = [PlanSchool("s1", "d"), PlanSchool("s2", "d")]
    inspectors = [PlanInspector("a"), PlanInspector("b", frozenset({"s2"}))]
    plan = suggest(schools, inspectors, DAYS[:1], 1)
    assert {(visit.school, visit.team, visit.when.half) for visit in plan.visits} == {
        ("s1", ("b",), "morning"),
        ("s2", ("a",), "morning"),
    }


def test_without_inspectors_or_days_everything_is_left_out() -> None:
    assert plain(2, 0, 1).left_out == ("s000", "s001")
    assert plain(2, 3, 1, days=0).left_out == ("s000", "s001")
    assert plain(2, 3, 4).visits == ()
