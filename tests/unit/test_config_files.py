"""Files of config/: exact numbers, no traps; and messages that name the line and what to do."""

import hashlib
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.config_files import MAX_BYTES, MAX_DEPTH, ConfigError, load_cycle, load_districts, load_rubric, read_yaml

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the config folder, to be spoilt."""
    return Path(shutil.copytree(CONFIG, tmp_path / "config"))


def read(tmp_path: Path, content: str | bytes) -> object:
    file = tmp_path / "file.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_yaml(file)


def problem_of(tmp_path: Path, content: str | bytes) -> tuple[str, str]:
    """Code and message of the one problem of such a file."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, content)
    (problem,) = caught.value.problems
    assert problem.message in str(caught.value)
    assert str(tmp_path / "file.yaml") in str(caught.value)
    assert "请" in problem.message
    return problem.code, problem.message


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-3", -3),
        ("0.5", Decimal("0.5")),
        ("0.10", Decimal("0.10")),
        ("true", True),
        ("null", None),
        ("", None),
        ("'1'", "1"),
        ('"true"', "true"),
        ("1.1.1", "1.1.1"),
        ("2022-06-20T00:00:00+08:00", "2022-06-20T00:00:00+08:00"),
        ("2022-06-20", "2022-06-20"),
        # YAML 1.1 would make something else of these.
        ("1:1", "1:1"),
        ("no", "no"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        (".inf", ".inf"),
        ("1e3", "1e3"),
        ("1.0e+999999999", "1.0e+999999999"),
        ("9" * 5000, "9" * 5000),
        ("★1.有线", "★1.有线"),
    ],
)
def test_scalars(tmp_path: Path, text: str, value: object) -> None:
    data = read(tmp_path, f"key: {text}\n")
    assert data == {"key": value}
    assert isinstance(data, dict)
    assert type(data["key"]) is type(value)


def test_decimals_keep_their_digits(tmp_path: Path) -> None:
    assert str(read(tmp_path, "0.20")) == "0.20"
    assert read(tmp_path, "0.1") != 0.1


def test_merge_keys_mean_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "<<: {a: 1}\nb: 2") == {"<<": {"a": 1}, "b": 2}


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfa: 1") == {"a": 1}


def test_billion_laughs_is_refused_before_it_is_expanded(tmp_path: Path) -> None:
    laughs = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    code, message = problem_of(tmp_path, laughs)
    assert code == "alias"
    assert "第 1 行" in message


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: *a", "alias", 2),
        ("a: 1\nb: &b 1", "alias", 2),
        ("a: 1\n&k b: 1", "alias", 2),
        ("a: !!python/object/apply:os.system [id]", "tag", 1),
        ("a: 1\nb: !!float 1", "tag", 2),
        ("a: !!binary aGk=", "tag", 1),
        ("a: 1\nb: 2\na: 3", "duplicate", 3),
        ("a: {b: 1, 'b': 2}", "duplicate", 1),
        ("a: 1\n1: 2", "bad_key", 2),
        ("true: 1", "bad_key", 1),
        ("a: 1\n? [b]\n: 1", "bad_key", 2),
        ("a: [1\nb: 2", "syntax", 2),
        ("a: 1\n\tb: 2", "syntax", 2),
        ("a: 1\n---\nb: 1", "syntax", 2),
        ("a: 1\nb: \x07", "syntax", 2),
        ("[" * 10_000, "too_deep", 1),
        ("- " * 10_000, "too_deep", 1),
        ("? " * 10_000, "too_deep", 1),
        ("{a: " * 10_000, "too_deep", 1),
    ],
)
def test_what_is_refused_names_its_line(tmp_path: Path, text: str, code: str, line: int) -> None:
    found, message = problem_of(tmp_path, text)
    assert found == code
    assert message.startswith(f"第 {line} 行：")


def test_depth_up_to_the_limit_is_read(tmp_path: Path) -> None:
    data = read(tmp_path, "[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert str(data) == "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert problem_of(tmp_path, "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))[0] == "too_deep"


def test_all_duplicate_keys_are_named_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "a: 1\na: 2\nb:\n  c: 1\n  c: 2\n")
    assert [problem.path for problem in caught.value.problems] == ["/a", "/b/c"]
    assert "上一次在第 4 行" in caught.value.problems[1].message
    assert "有 2 处要改" in str(caught.value)


def test_invalid_utf_8_names_its_line(tmp_path: Path) -> None:
    code, message = problem_of(tmp_path, "a: 1\nb: 网\n".encode() + "c: 网".encode("gbk"))
    assert code == "not_utf8"
    assert message.startswith("第 3 行：")


def test_size_limit(tmp_path: Path) -> None:
    assert read(tmp_path, "a: 1\n#" + "x" * (MAX_BYTES - 6)) == {"a": 1}
    assert problem_of(tmp_path, "a: 1\n#" + "x" * (MAX_BYTES - 5))[0] == "too_large"


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read_yaml(tmp_path / "none.yaml")
    assert caught.value.problems[0].code == "not_found"
    with pytest.raises(ConfigError) as caught:
        read_yaml(tmp_path)
    assert caught.value.problems[0].code == "unreadable"


@given(content=st.binary(max_size=200) | st.text(alphabet="ab:-[]{}?&*!|>'\"%@,# \n\t1.", max_size=80))
def test_any_file_is_data_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, content: str | bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        read(folder, content)
    except ConfigError as error:
        refused = error
    else:
        return
    assert all("请" in problem.message for problem in refused.problems)


def test_sha256_is_that_of_the_files_bytes() -> None:
    file = CONFIG / "rubrics" / "taizhou-2022.yaml"
    sha256 = load_rubric(CONFIG, "taizhou-2022").sha256
    assert sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    if shutil.which("sha256sum"):
        printed = subprocess.run(["sha256sum", str(file)], capture_output=True, text=True, check=True).stdout
        assert printed.split()[0] == sha256


def test_nothing_is_cached(config: Path) -> None:
    before = load_rubric(config, "taizhou-2022")
    spoil(config / "rubrics" / "taizhou-2022.yaml", "name: 校园网络", "name: 校园网")
    after = load_rubric(config, "taizhou-2022")
    assert after.groups[0].indicators[0].name == "校园网"
    assert after.sha256 != before.sha256


@pytest.mark.parametrize("name", ["", "../2022", "a/b", "A", "2022.yaml", "-a", "a\n", "a\0", ".", "a" * 65, "二"])
def test_names_cannot_lead_out_of_the_folder(name: str) -> None:
    for load in (load_rubric, load_cycle):
        with pytest.raises(ConfigError) as caught:
            load(CONFIG, name)
        assert [problem.code for problem in caught.value.problems] == ["bad_name"]


def test_an_unknown_name(config: Path) -> None:
    with pytest.raises(ConfigError, match="没有这个文件"):
        load_cycle(config, "2023")


def test_a_file_must_bear_its_own_name(config: Path) -> None:
    shutil.copy(config / "rubrics" / "taizhou-2022.yaml", config / "rubrics" / "taizhou-2023.yaml")
    shutil.copy(config / "cycles" / "2022.yaml", config / "cycles" / "2023.yaml")
    with pytest.raises(ConfigError, match="与文件名 taizhou-2023.yaml 不符"):
        load_rubric(config, "taizhou-2023")
    with pytest.raises(ConfigError, match="与文件名 2023.yaml 不符"):
        load_cycle(config, "2023")


def line_of(file: Path, words: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


def test_problems_of_a_rubric_name_their_lines(config: Path) -> None:
    file = config / "rubrics" / "taizhou-2022.yaml"
    spoil(file, "code: 2.2.5", "code: 2.2.4")
    spoil(file, "name: 智能安防\n        points: 1\n", "name: 智能安防\n")
    with pytest.raises(ConfigError) as caught:
        load_rubric(config, "taizhou-2022")
    missing, wrong = caught.value.problems
    assert wrong.path == "/groups/1/indicators/1/items/4/code"
    # The first 2.2.4 is the right one; the wrong one stands three lines below, where 2.2.5 was.
    assert wrong.message.startswith(f"第 {line_of(file, 'code: 2.2.4') + 3} 行：")
    # A key that is missing has no line: the line of what it is missing from is given.
    assert missing.path == "/groups/0/indicators/3/points"
    assert missing.message.startswith(f"第 {line_of(file, 'name: 智能安防')} 行：")


def test_problems_of_cycles_and_districts_name_their_lines(config: Path) -> None:
    cycle = config / "cycles" / "2022.yaml"
    spoil(cycle, "visits_close: 2022-10-01", "visits_close: 2022-08-01")
    with pytest.raises(ConfigError, match=f"第 {line_of(cycle, 'visits_close')} 行：visits_close（终评结束）应晚于"):
        load_cycle(config, "2022")
    districts = config / "districts.yaml"
    spoil(districts, "id: gaogang", "id: hailing")
    with pytest.raises(ConfigError, match=f"第 {line_of(districts, '高港区')} 行："):
        load_districts(config)
