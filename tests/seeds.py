"""Seeds of the fault tests: a dozen fresh ones in `make test`, as many as ZHIPING_SEEDS says in `make soak`.

Workers of pytest-xdist must collect the same tests, so that a test is parametrised by a number, and draws its seed when
it runs. A failing run prints its seed; ZHIPING_SEED=… repeats it.
"""

import os
import secrets

import pytest

COUNT = int(os.environ.get("ZHIPING_SEEDS", "12"))

# One test a seed: `@seeded` on a test that takes `run` and calls `fresh_seed()`.
seeded = pytest.mark.parametrize("run", range(COUNT))


def fresh_seed() -> int:
    """A new seed, printed so that a failure can be repeated."""
    seed = int(os.environ.get("ZHIPING_SEED") or secrets.randbits(32))
    print(f"ZHIPING_SEED={seed}")
    return seed
