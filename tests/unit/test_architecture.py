"""The contracts of import-linter, which `make lint` checks: that they catch what they are there for."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def broken_contracts(root: Path) -> str:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    lint = subprocess.run([*command, "--no-cache", "--no-logo"], cwd=root, capture_output=True, text=True, check=False)
    return "\n".join(re.findall(r"^.* BROKEN$", lint.stdout, re.MULTILINE)) if lint.returncode else ""


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("inspection/rules/points.py", "import time", "The rules are pure"),
        ("inspection/rules/points.py", "import pydantic", "The rules are pure"),
        ("backend/handlers/__init__.py", "import backend.store.mongo", "Handlers go through services"),
        ("backend/handlers/__init__.py", "import motor", "Only store/mongo.py imports Motor"),
        ("backend/models/__init__.py", "import bson", "Only store/ knows MongoDB"),
        ("backend/store/mongo.py", "import backend.handlers", "Each layer imports only the ones below it"),
    ],
)
def test_a_forbidden_import_is_caught(tmp_path: Path, file: str, line: str, contract: str) -> None:
    for name in ("backend", "inspection"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    source = tmp_path / file
    source.write_text(f"{source.read_text()}\n{line}\n")
    assert contract in broken_contracts(tmp_path)
