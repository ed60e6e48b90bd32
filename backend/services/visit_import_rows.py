"""The rows of an import of visits: which school, when, and who, as people write it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.documents.tables import Column, Row
from backend.models.visits import HALF_NAMES, MOST_TEAM, Half, MemberIn
from backend.names import name_key
from backend.services.import_cells import SCHOOL_COLUMNS, RefusedError, district, school_name
from backend.services.import_rows import Sheet
from backend.services.visit_checks import Wanted
from backend.store.people import Person
from inspection.rules.cycle import District

COLUMNS = (
    *SCHOOL_COLUMNS[:2],
    Column("date", "日期", ("评估日期", "时间"), required=True, example="2022-09-05"),
    Column("half", "时段", ("上午/下午", "上下午", "半天"), required=True, example="上午"),
    Column("lead", "组长", ("评估组长",), required=True, example="张三"),
    Column("members", "组员", ("成员", "评估组成员", "专家"), example="李四、王五13800000000"),
)
# By the part of a visit that something is wrong with, the column that it stands in.
COLUMN_OF = {"submission_id": "name", "date": "date", "team": "lead"}

_SEPARATORS = re.compile(r"[、，,;；/\s]+")
_PERSON = re.compile(r"(\D*)(1[0-9]{10})?")
_DAY = re.compile(r"([0-9]{4})[-./年]([0-9]{1,2})[-./月]([0-9]{1,2})日?")
_HALVES = {name_key(word): half for half, words in {
    Half.MORNING: ("上午", "上", "am", "morning"),
    Half.AFTERNOON: ("下午", "下", "pm", "afternoon"),
}.items() for word in words}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Register:
    """Whom and what the rows may name: submissions by district and the school's name key, inspectors by phone number
    and by name key."""

    districts: Mapping[str, District]
    submissions: Mapping[tuple[str, str], Mapping[str, Any]]
    by_phone: Mapping[str, Person]
    by_name: Mapping[str, Sequence[Person]]


def register(
    districts: Mapping[str, District], submissions: Iterable[Mapping[str, Any]], inspectors: Iterable[Person]
) -> Register:
    """The register of these."""
    by_name: dict[str, list[Person]] = {}
    by_phone = {}
    for person in inspectors:
        by_name.setdefault(name_key(person.name), []).append(person)
        by_phone[person.phone] = person
    schools = {(each["district"], name_key(each["school"]["name"])): each for each in submissions}
    return Register(districts, schools, by_phone, by_name)


def read_row(sheet: Sheet, row: Row, known: Register) -> Wanted | None:
    """The visit of a row; None where anything in it can't be understood."""
    before = len(sheet.problems)
    place = sheet.take(row, "district", district(known.districts), lambda each: each.name)
    name = sheet.take(row, "name", school_name)
    day = sheet.take(row, "date", _day, lambda each: each.isoformat())
    half = sheet.take(row, "half", _half, lambda each: HALF_NAMES[each])
    lead = sheet.take(row, "lead", _people(known, 1), _names)
    members = sheet.take(row, "members", _people(known, MOST_TEAM - 1), _names) or []
    submission = known.submissions.get((place.id, name_key(name))) if place and name else None
    if place and name and submission is None:
        sheet.refuse(row, "name", "unknown_submission", f"本周期{place.name}没有“{name}”的申报，请检查校名")
    if len(sheet.problems) > before or submission is None or day is None or half is None or lead is None:
        return None
    team = [MemberIn(inspector_id=lead[0].id, lead=True)]
    team += [MemberIn(inspector_id=each.id) for each in members]
    return Wanted(submission["_id"], submission["school_id"], day, half, team, {}, f"/rows/{row.number}")


def _names(people: Sequence[Person]) -> str:
    return "、".join(person.name for person in people)


def _day(text: str) -> date:
    match = _DAY.fullmatch(name_key(text))
    try:
        return date(*map(int, match.groups())) if match else date.fromisoformat(text)
    except ValueError:
        raise RefusedError("应为日期，如 2022-09-05") from None


def _half(text: str) -> Half:
    half = _HALVES.get(name_key(text).lower())
    if half is None:
        raise RefusedError("请写 上午 或 下午")
    return half


def _people(known: Register, most: int) -> Callable[[str], list[Person]]:
    """The reader of inspectors' names or phone numbers, several parted by 、."""

    def read(text: str) -> list[Person]:
        people = [_person(known, word) for word in _SEPARATORS.split(text) if word]
        if len(people) > most:
            raise RefusedError(f"最多 {most} 人")
        return people

    return read


def _person(known: Register, word: str) -> Person:
    match = _PERSON.fullmatch(name_key(word))
    name, phone = match.groups() if match else (word, None)
    if phone is not None:
        person = known.by_phone.get(phone)
        if person is None or (name and name_key(person.name) != name):
            raise RefusedError(
                f"没有手机号为 {phone} 的专家“{name}”，请检查" if name else f"没有手机号为 {phone} 的专家，请检查"
            )
        return person
    people = known.by_name.get(name, [])
    if len(people) > 1:
        raise RefusedError(f"有 {len(people)} 位专家叫“{word[:20]}”，请改写手机号")
    if not people:
        raise RefusedError(f"没有叫“{word[:20]}”的专家，请检查或改写手机号")
    return people[0]
