"""Reads config/: bounded YAML without aliases → plain data → the rules' types. Every file is read anew."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import yaml
from yaml._yaml import CParser
from yaml.composer import Composer
from yaml.resolver import BaseResolver

from inspection.rules.cycle import Cycle, District, parse_cycle, parse_districts
from inspection.rules.fields import is_name
from inspection.rules.notices import Notice, parse_notices
from inspection.rules.problems import Problem, ProblemsError, pointer
from inspection.rules.rubric import Rubric, parse_rubric

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20

_T = TypeVar("_T")
_Lines = dict[str, int]  # The line in the file, counted from 1, by JSON pointer.


class ConfigError(Exception):
    """A file of config/ that can't be used; each message names its line where it has one, and says what to do."""

    def __init__(self, file: Path, problems: tuple[Problem, ...]) -> None:
        listed = "\n".join(f"  {problem.message}" for problem in problems)
        super().__init__(f"配置文件 {file} 有 {len(problems)} 处要改：\n{listed}")
        self.file = file
        self.problems = problems


def default_config_folder() -> Path:
    """The folder of rubrics and cycles: `config/` of the repository, or the copy inside the installed package."""
    package = Path(__file__).resolve().parent
    beside = package.parent / "config"
    return beside if (beside / "rubrics").is_dir() else package / "_config"


def read_yaml(path: Path) -> object:
    """The plain data in a YAML file: dict, list, str, int, Decimal, bool and None; ConfigError if it can't be had.

    The file is UTF-8 and at most 1 MiB. Anchors, aliases, tags, keys twice and deep nesting are refused. Decimals are
    exact; a date is a str; a number in quotes, or in any form but 12 and 1.5, is a str.
    """
    return _plain_data(path, _content(path))[0]


def load_rubric(folder: Path, name: str) -> Rubric:
    """The rubric `name` of the config folder; its sha256 is that of the file's bytes. ConfigError if it is wrong."""
    return parse_rubric_file(read_rubric_file(folder, name), _file(folder / "rubrics", name))


def read_rubric_file(folder: Path, name: str) -> bytes:
    """The bytes of the rubric `name` of the config folder, unchecked. ConfigError if they can't be had."""
    return _content(_file(folder / "rubrics", name))


# Opening a cycle reads the same file that its first use reads again.
@lru_cache(maxsize=8)
def parse_rubric_file(content: bytes, path: Path) -> Rubric:
    """The rubric in the bytes of a file, whose sha256 it carries; ConfigError, which names `path`, if it is wrong."""
    rubric = _parsed(path, content, lambda data: parse_rubric(data, sha256(content).hexdigest()))
    _check_name(path, rubric.name)
    return rubric


def load_cycle(folder: Path, name: str) -> Cycle:
    """The cycle `name` of the config folder; ConfigError if it is wrong. Its rubric is not loaded."""
    path = _file(folder / "cycles", name)
    cycle = _parsed(path, _content(path), parse_cycle)
    _check_name(path, cycle.name)
    return cycle


def cycle_names(folder: Path) -> list[str]:
    """The cycles of the config folder, by name."""
    return sorted(path.stem for path in (folder / "cycles").glob("*.yaml") if is_name(path.stem))


def load_districts(folder: Path) -> tuple[District, ...]:
    """The districts of the config folder, in the order of the file; ConfigError if they are wrong."""
    path = folder / "districts.yaml"
    return _parsed(path, _content(path), parse_districts)


def load_notices(folder: Path) -> Mapping[str, Notice]:
    """How each event is told in WeChat; ConfigError where that can't work."""
    path = folder / "notices.yaml"
    return _parsed(path, _content(path), parse_notices)


def _file(folder: Path, name: str) -> Path:
    """The file of `name`, which may come from a user: it can't lead out of the folder."""
    if not is_name(name):
        message = f"“{name[:64]}”不是配置的名称：请只用小写字母、数字和连字符，如 taizhou-2022"
        raise ConfigError(folder, (Problem("", "bad_name", message),))
    return folder / f"{name}.yaml"


def _check_name(path: Path, name: str) -> None:
    if name != path.stem:
        message = f"文件里的 name 是 {name}，与文件名 {path.name} 不符：请改成一致"
        raise ConfigError(path, (Problem("/name", "wrong_name", message),))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(path, (Problem("", "not_found", "没有这个文件：请检查名称，或补上文件"),)) from None
    except OSError as error:
        message = f"文件读不出来（{error.strerror}）：请检查它是不是普通文件、权限对不对"
        raise ConfigError(path, (Problem("", "unreadable", message),)) from error
    if len(content) > MAX_BYTES:
        message = f"文件超过 {MAX_BYTES // 1024} KiB：请检查是否放错了文件"
        raise ConfigError(path, (Problem("", "too_large", message),))
    return content


def _parsed(path: Path, content: bytes, parse: Callable[[object], _T]) -> _T:
    data, lines = _plain_data(path, content)
    try:
        return parse(data)
    except ProblemsError as error:
        raise ConfigError(path, tuple(_with_line(problem, lines) for problem in error.problems)) from error


def _with_line(problem: Problem, lines: _Lines) -> Problem:
    """The problem with its line in its message; for a key that is missing, the line of what it is missing from."""
    place = problem.path
    while place not in lines and place:
        place = place.rpartition("/")[0]
    return replace(problem, message=f"第 {lines.get(place, 1)} 行：{problem.message}")


class _RefusedError(Exception):
    """A file that is not worth reading on."""

    def __init__(self, line: int, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem("", code, f"第 {line} 行：{message}")


class _Loader(Composer, CParser, BaseResolver):
    """Composes nodes only, of libyaml's events (in Python they take ten times as long); what could expand or recurse
    without bound is refused before it does."""

    depth = 0

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        Composer.__init__(self)
        BaseResolver.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise _RefusedError(line, "alias", "不能用锚点（&）和引用（*）：请把内容直接写出来；若是文字，请加上引号")
        if event.tag:
            raise _RefusedError(line, "tag", "不能用类型标签（!）：请删去；若是文字，请加上引号")
        if self.depth == MAX_DEPTH:
            raise _RefusedError(line, "too_deep", f"嵌套超过 {MAX_DEPTH} 层：请检查缩进和括号")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


# Only these forms are anything but text: YAML 1.1 would also read 1:30 as 90, 010 as 8, and no as false. Numbers have
# a bounded length, so that none is costly; a longer one stays text, and is refused as such where a number is due.
_WHOLE = r"[-+]?(?:0|[1-9][0-9]{0,17})"
_SCALARS: dict[str, tuple[str, Callable[[str], object]]] = {
    "int": (_WHOLE, int),
    "decimal": (_WHOLE + r"\.[0-9]{1,18}", Decimal),
    "bool": ("true|false", lambda text: text == "true"),
    "null": ("null|~|", lambda text: None),
}
for _tag, (_pattern, _) in _SCALARS.items():
    _Loader.add_implicit_resolver(_tag, re.compile(rf"(?:{_pattern})\Z"), None)


def _plain_data(path: Path, content: bytes) -> tuple[object, _Lines]:
    lines: _Lines = {"": 1}
    problems: list[Problem] = []
    try:
        node = _Loader(_text(content)).get_single_node()
    except _RefusedError as error:
        raise ConfigError(path, (error.problem,)) from None
    except yaml.YAMLError as error:
        raise ConfigError(path, (_syntax_problem(content, error),)) from None
    data = None if node is None else _plain(node, "", lines, problems)
    if problems:
        raise ConfigError(path, tuple(problems))
    return data, lines


def _text(content: bytes) -> str:
    try:
        # Editors on Windows put a byte order mark first.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _RefusedError(line, "not_utf8", "有不是 UTF-8 的字符：请用 UTF-8 编码另存文件") from None


def _syntax_problem(content: bytes, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        line = error.problem_mark.line + 1
        return Problem(
            "", "syntax", f"第 {line} 行：YAML 写法有误（{error.problem}）：请检查这里和上一行的缩进、冒号、引号和括号"
        )
    position = getattr(error, "position", 0)
    line = content.decode("utf-8-sig").count("\n", 0, position) + 1
    return Problem("", "syntax", f"第 {line} 行：有不能用的控制字符：请删去")


def _plain(node: yaml.Node, path: str, lines: _Lines, problems: list[Problem]) -> object:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, problems)
    if not isinstance(node, yaml.SequenceNode):
        construct = _SCALARS[node.tag][1] if node.tag in _SCALARS else str
        return construct(node.value)
    entries = []
    for index, entry in enumerate(node.value):
        place = path + pointer(index)
        lines[place] = entry.start_mark.line + 1
        entries.append(_plain(entry, place, lines, problems))
    return entries


def _mapping(node: yaml.MappingNode, path: str, lines: _Lines, problems: list[Problem]) -> dict[str, object]:
    data: dict[str, object] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag in _SCALARS:
            problems.append(Problem(path, "bad_key", f"第 {line} 行：键应为文字，请改正；如果是数字，请加上引号"))
            continue
        place = path + pointer(key.value)
        if key.value in data:
            message = f"第 {line} 行：键“{key.value}”写了两次，上一次在第 {lines[place]} 行：请删去一个"
            problems.append(Problem(place, "duplicate", message))
            continue
        lines[place] = line
        data[key.value] = _plain(value, place, lines, problems)
    return data
