"""Which ruling stands, and what nobody may change by asking twice."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from inspection.rules.reconciliation import Ruling, rulings_in_force


def test_the_city_outranks_the_lead_whenever_it_ruled() -> None:
    city = Ruling("1.1.1", "city", 1, 100, {})
    lead = Ruling("1.1.1", "lead", 2, 200, {})
    assert rulings_in_force([city, lead]).points == {"1.1.1": 100}


def test_among_equals_the_latest_stands() -> None:
    rulings = [Ruling("1.1.1", "lead", order, points, {}) for order, points in ((1, 100), (3, 50), (2, 200))]
    for each in permutations(rulings):
        assert rulings_in_force(each).points == {"1.1.1": 50}


def test_points_and_each_clause_stand_on_their_own() -> None:
    rulings = [
        Ruling("1.3.3", "city", 1, None, {"demonstration": False}),
        Ruling("1.3.3", "lead", 2, 50, {"demonstration": True, "basic": True}),
        Ruling("1.3.3", "lead", 3, None, {"basic": False}),
    ]
    inforce = rulings_in_force(rulings)
    assert inforce.points == {"1.3.3": 50}
    assert inforce.clauses == {"1.3.3": {"demonstration": False, "basic": False}}


RULINGS = st.builds(
    Ruling,
    st.sampled_from(["1.1.1", "1.1.2"]),
    st.sampled_from(["lead", "city"]),
    st.integers(0, 20),
    st.one_of(st.none(), st.integers(0, 3)),
    st.dictionaries(st.sampled_from(["basic", "filing"]), st.booleans()),
)


@given(st.lists(RULINGS, unique_by=lambda ruling: ruling.order), st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_read_does_not_matter(rulings: list[Ruling], random: st.DataObject) -> None:
    shuffled = list(rulings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rulings_in_force(shuffled) == rulings_in_force(rulings)
