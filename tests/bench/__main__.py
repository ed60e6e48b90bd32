"""`make bench`: every figure that docs/benchmarks.md promises, each the median of 5 runs, beside its limit."""

import os
import platform
import sys
from pathlib import Path

from tests.bench import (
    archive,
    backup,
    decide,
    heartbeat,
    lookup,
    operations,
    pages,
    phone,
    pipeline,
    receipts,
    reconcile,
    reports,
    sign_in,
    start,
    tables,
)

BENCHES = {
    "archive": archive,
    "backup": backup,
    "decide": decide,
    "heartbeat": heartbeat,
    "lookup": lookup,
    "operations": operations,
    "pages": pages,
    "phone": phone,
    "pipeline": pipeline,
    "receipts": receipts,
    "reconcile": reconcile,
    "reports": reports,
    "sign_in": sign_in,
    "start": start,
    "tables": tables,
}


def main(names: list[str]) -> int:
    """Runs the benches of these names, all by default; 1 where a figure misses its limit."""
    print(f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| figure | median of 5 | range | limit | |\n|---|---|---|---|---|")
    missed = 0
    for name in names or BENCHES:
        for figure in BENCHES[name].figures():
            print(figure.row(), flush=True)
            missed += not figure.kept
    return 1 if missed else 0


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
