"""What a start does not load or build: it is what `make run` and the hundreds of processes of the tests wait for."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each takes from a twentieth to a third of a second to read, and few requests need it: documents, tables, photos,
# and what speaks with WeChat, or makes a certificate authority.
HEAVY = {"PIL", "docx", "lxml", "numpy", "openpyxl", "pdqhash", "pillow_heif", "requests", "trustme", "wechatpy"}


def in_fresh_interpreter(code: str) -> set[str]:
    command = [sys.executable, "-c", code]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split())


def loaded_by(module: str) -> set[str]:
    return in_fresh_interpreter(f"import sys, {module}; print(*sys.modules)")


@pytest.mark.parametrize("module", ["backend.server", "backend.commands.sign_in_link"])
def test_what_few_requests_need_is_not_loaded(module: str) -> None:
    assert not loaded_by(module) & HEAVY


def test_a_worker_loads_no_handlers() -> None:
    assert not loaded_by("backend.commands.worker") & (HEAVY | {"backend.handlers", "backend.app"})


def test_a_model_is_built_when_it_is_used() -> None:
    """All of them are a quarter of a start. Some few are made, and so used, when their module is read."""
    code = """
import backend.server
from backend.models.base import Model
def below(model):
    return {each for sub in model.__subclasses__() for each in (sub, *below(sub))}
models = below(Model)
assert len(models) > 300
print(*(model.__name__ for model in models if model.__pydantic_complete__))
"""
    assert in_fresh_interpreter(code) <= {"EventName", "EventNames", "Page", "TablePage"}
