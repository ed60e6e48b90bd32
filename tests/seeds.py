"""Seeds of the fault tests: a dozen fresh ones in `make test`, as many as ZHIPING_SEEDS says in `make soak`.

Workers of pytest-xdist must collect the same tests, so that a test is parametrised by a number, and draws its seed when
it runs. A failing run prints its seed; ZHIPING_SEED=… repeats it.
"""

import os
import secrets
from collections.abc import Callable
from typing import TypeVar

import pytest

COUNT = int(os.environ.get("ZHIPING_SEEDS", "12"))

Test = TypeVar("Test", bound=Callable[..., object])


def seeded(test: Test) -> Test:
    """One test a seed: on a test that takes `run` and calls `fresh_seed()`. `make soak` runs more of them."""
    marked: Test = pytest.mark.seeded(pytest.mark.parametrize("run", range(COUNT))(test))
    return marked


def seeded_seldom(test: Test) -> Test:
    """The same for a test that takes many seconds: one for a dozen of the others."""
    marked: Test = pytest.mark.seeded(pytest.mark.parametrize("run", range(max(1, COUNT // 12)))(test))
    return marked


def fresh_seed() -> int:
    """A new seed, printed so that a failure can be repeated."""
    seed = int(os.environ.get("ZHIPING_SEED") or secrets.randbits(32))
    print(f"ZHIPING_SEED={seed}")
    return seed
