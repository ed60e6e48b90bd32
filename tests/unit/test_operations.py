"""The merge of operations: phones work apart and must end alike."""

from hypothesis import given
from hypothesis import strategies as st

from inspection.rules.operations import FieldState, Operation, corrected, merge

POINTS = ("1.1.1", "points")
CLAUSE = ("1.1.1", "clauses/basic")


def op(
    name: str, device: str, seq: int, value: int | bool | str | None, at: int = 0, saw: str | None = None
) -> Operation:
    return Operation(name, device, seq, at, POINTS, value, saw)


def state(*operations: Operation) -> FieldState:
    return merge(operations)[POINTS]


def test_the_last_of_a_device_stands_whatever_its_clock() -> None:
    late_clock = op("a", "phone", 1, 100, at=2_000_000_000_000)
    assert state(late_clock, op("b", "phone", 2, 50, at=5)).value == 50


def test_one_device_that_saw_the_other_supersedes_it() -> None:
    result = state(op("a", "one", 1, 100, at=9), op("b", "two", 1, 50, at=5, saw="a"))
    assert (result.value, result.conflicts) == (50, ())


def test_two_devices_that_saw_nothing_of_each_other_conflict_and_both_values_are_kept() -> None:
    first, second = op("a", "one", 1, 100, at=5), op("b", "two", 1, 50, at=9)
    assert state(first, second) == FieldState(second, (first,))


def test_the_same_value_on_two_devices_is_no_conflict() -> None:
    assert state(op("a", "one", 1, 100, at=5), op("b", "two", 1, 100, at=9)).conflicts == ()


def test_true_and_one_are_different_values() -> None:
    assert len(state(op("a", "one", 1, 1, at=5), op("b", "two", 1, True, at=9)).conflicts) == 1


def test_a_person_chooses_by_an_operation_that_saw_the_other() -> None:
    conflict = [op("a", "one", 1, 100, at=5), op("b", "two", 1, 50, at=9)]
    chosen = state(*conflict, op("c", "one", 2, 100, at=20, saw="b"))
    assert (chosen.value, chosen.conflicts) == (100, ())


def test_a_change_after_the_one_that_was_seen_conflicts_again() -> None:
    result = state(op("a", "one", 1, 100), op("b", "two", 1, 50, at=1, saw="a"), op("c", "one", 2, 150, at=2))
    assert (result.value, [each.value for each in result.conflicts]) == (150, [50])


def test_what_was_seen_arrives_later_than_what_saw_it() -> None:
    seen, saw = op("a", "one", 1, 100, at=5), op("b", "two", 1, 50, at=1, saw="a")
    assert state(saw, seen) == state(seen, saw) == FieldState(saw)


def test_three_devices_need_two_choices() -> None:
    apart = [op("a", "one", 1, 0, at=1), op("b", "two", 1, 50, at=2), op("c", "three", 1, 100, at=3)]
    once = state(*apart, op("d", "one", 2, 0, at=4, saw="c"))
    assert [each.id for each in once.conflicts] == ["b"]
    assert state(*apart, op("d", "one", 2, 0, at=4, saw="c"), op("e", "one", 3, 0, at=5, saw="b")).conflicts == ()


def test_operations_that_claim_to_have_seen_each_other_leave_a_value() -> None:
    assert state(op("a", "one", 1, 100, at=1, saw="b"), op("b", "two", 1, 50, at=2, saw="a")).value == 50


def test_fields_do_not_touch_each_other() -> None:
    other = Operation("b", "phone", 2, 0, CLAUSE, True)
    merged = merge([op("a", "phone", 1, 100), other])
    assert merged[POINTS].value == 100
    assert merged[CLAUSE].value is True


def test_a_phone_set_to_2030_is_corrected() -> None:
    year_2030, now = 1_900_000_000_000, 1_661_990_400_000
    assert corrected(year_2030 - 60_000, year_2030, now) == now - 60_000


def test_a_clock_set_back_before_sending_counts_as_the_sending() -> None:
    assert corrected(1_900_000_000_000, 1_661_990_400_000, 1_661_990_400_500) == 1_661_990_400_500


@st.composite
def histories(draw: st.DrawFn) -> list[Operation]:
    """What up to three devices did on up to two fields, each having seen some of what was there."""
    operations: list[Operation] = []
    seqs: dict[str, int] = {}
    for number in range(draw(st.integers(1, 12))):
        device = draw(st.sampled_from(["one", "two", "three"]))
        field = draw(st.sampled_from([POINTS, CLAUSE]))
        seqs[device] = seqs.get(device, 0) + 1
        seen = [each.id for each in operations if each.field == field]
        saw = draw(st.one_of(st.none(), st.sampled_from(seen))) if seen else None
        at, value = draw(st.integers(0, 3)), draw(st.integers(0, 3))
        operations.append(Operation(f"{number:02}", device, seqs[device], at, field, value, saw))
    return operations


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_duplication_gives_the_same_state(operations: list[Operation], random: st.DataObject) -> None:
    again = operations + [random.choice(operations) for _ in range(5)]  # type: ignore[attr-defined]
    random.shuffle(again)  # type: ignore[attr-defined]
    assert merge(again) == merge(operations)


@given(histories())
def test_nobodys_last_word_is_lost_unless_another_device_saw_it(operations: list[Operation]) -> None:
    """A model with the plain definition: superseded is what an own later or a seeing operation leads back to."""
    for field, result in merge(operations).items():
        mine = [each for each in operations if each.field == field]
        superseded: set[str] = set()
        for each in mine:
            superseded |= {o.id for o in mine if o.device == each.device and o.seq < each.seq}
            seen = next((o for o in mine if o.id == each.saw), None)
            if seen is not None and seen.device != each.device:
                superseded |= {o.id for o in mine if o.device == seen.device and o.seq <= seen.seq}
        heads = [each for each in mine if each.id not in superseded]
        values = {each.value for each in heads}
        assert {result.value, *(each.value for each in result.conflicts)} == values
        assert all(each.value != result.value for each in result.conflicts)
