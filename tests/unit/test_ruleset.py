"""The 2022 rules in the code and in config/ are the same, and those of the notice."""

from backend.config_files import default_config_folder, load_cycle
from inspection.rules.ruleset import RULES_2022


def test_the_defaults_of_a_replay_are_the_cycle_s() -> None:
    assert load_cycle(default_config_folder(), "2022").rules == RULES_2022


def test_the_lines_of_the_notice() -> None:
    # 附件1 注: 90 分及以上示范型, 80 分及以上优秀型, 70 分及以上合格型.
    assert [(grade.title, grade.min_total) for grade in RULES_2022.grades] == [
        ("示范型", 9000),
        ("优秀型", 8000),
        ("合格型", 7000),
    ]
