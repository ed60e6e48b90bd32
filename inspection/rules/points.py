"""Points as integers in hundredths, and exact conversion from and to the numbers of JSON.

The finest point value that the rules know is the mean of several inspectors, rounded to 0.01
(spec of the merge); every score is a multiple of it. Integers make sums exact and fast.
"""

from collections.abc import Sequence
from decimal import Decimal

HUNDRED = 100
LIMIT = 10**9  # Far above any rubric; it keeps a hostile 1e400 from becoming a number of 400 digits.


def hundredths(value: object) -> int | None:
    """`value` (an int or a Decimal) in hundredths; None where it is no number, too large, or finer than 0.01."""
    if type(value) is int:
        return value * HUNDRED if abs(value) <= LIMIT else None
    if type(value) is not Decimal or not value.is_finite() or not -LIMIT <= value <= LIMIT:
        return None
    # Comparing is exact, where arithmetic would round to the context's 28 digits.
    rounded = value.quantize(Decimal("0.01"))
    return int(rounded * HUNDRED) if rounded == value else None


def as_number(points: int) -> int | float:
    """`points` in hundredths as the JSON number a person expects: 200 → 2, 150 → 1.5, 133 → 1.33.

    The division is rounded to the nearest binary number, whose shortest decimal form is the exact value again.
    """
    whole, rest = divmod(points, HUNDRED)
    return points / HUNDRED if rest else whole


def exact(points: int) -> int | Decimal:
    """`points` in hundredths as the exact number that `hundredths` reads back: 200 → 2, 150 → Decimal("1.5")."""
    whole, rest = divmod(points, HUNDRED)
    return (Decimal(points) / HUNDRED).normalize() if rest else whole


def mean_half_up(scores: Sequence[int]) -> int:
    """The mean of non-negative `scores`, rounded half up to a whole hundredth."""
    count = len(scores)
    return (2 * sum(scores) + count) // (2 * count)
