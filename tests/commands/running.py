"""Runs a command of ours as a process of its own, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """An environment in which only these settings are set."""
    bare = {name: value for name, value in os.environ.items() if not name.upper().startswith("ZHIPING_")}
    chosen = {f"ZHIPING_{name.upper()}": value for name, value in settings.items()}
    return bare | {"PYTHONPATH": str(ROOT), "ZHIPING_DATA_FOLDER": str(folder / "data")} | chosen


def run(name: str, folder: Path, settings: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`python -m backend NAME …`, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "backend", name, *arguments],
        env=environment(folder, **settings),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
