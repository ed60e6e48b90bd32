"""The demonstration drives the service over HTTP alone: the shortest proof that the whole of it hangs together."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from backend.config_files import default_config_folder, load_rubric
from backend.demonstration.answers import score_sheet, self_assessment, truth
from backend.demonstration.schools import demo_schools
from inspection.rules.case import applicable_clauses, figures_verdict

ROOT = Path(__file__).parents[2]
RUBRIC = load_rubric(default_config_folder(), "taizhou-2022")


def demo(*options: str) -> str:
    command = [sys.executable, "-m", "backend", "demo", *options]
    environment = os.environ | {"COLUMNS": "120", "PYTHONWARNINGS": "error"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_one_school_from_its_form_to_its_grade() -> None:
    said = demo()
    assert "自评与现场的差异" in said
    assert "认定为优秀型" in said
    assert re.search(r"距示范型：差 [0-9.]+ 分，未达要求的指标：1\.1\.5", said)
    assert "最短路径：1.1.5" in said


def test_a_whole_cycle_ends_with_published_grades_and_targets() -> None:
    said = demo("--whole-cycle")
    rows = re.findall(r"│ (\S+) +│ (\S+) +│ ([0-9.]+) +│ (\S+) +│ (\S+) +│", said)
    assert len(rows) == 60
    assert {awarded for *_, awarded in rows} == {"示范型", "优秀型", "合格型", "未达标"}
    awarded = sum(row[-1] != "未达标" for row in rows)
    assert re.search(rf"已公布：.*{awarded} 所学校获认定，SHA-256\s+[0-9a-f]{{64}}", said)
    assert re.search(rf"全市 +│ 60 +│ {awarded}（", said)


def test_the_schools_are_the_same_every_time_and_told_apart() -> None:
    schools = demo_schools()
    assert schools == demo_schools()
    assert len({school.name for school in schools}) == len(schools) == 60
    assert len({school.district for school in schools}) == 7
    assert {school.standard for school in schools} == {"demonstration", "excellent", "qualified", "none"}


@pytest.mark.parametrize("number", range(0, 60, 7))
def test_what_is_said_of_a_school_fits_the_rubric(number: int) -> None:
    school = demo_schools()[number]
    applying = applicable_clauses(RUBRIC, school.figures)
    for answers in (truth(school, RUBRIC), self_assessment(school, RUBRIC), score_sheet(school, RUBRIC, 1)):
        assert all(
            0 <= points <= RUBRIC.items[code].points and points % 50 == 0 for code, points in answers.points.items()
        )
        assert {code: set(met) for code, met in answers.clauses.items()} == {
            code: {clause.name for clause in clauses} for code, clauses in applying.items() if clauses
        }
    for code in ("1.2.1", "1.2.2"):
        assert figures_verdict(RUBRIC.items[code].clauses[0], school.figures) is True
