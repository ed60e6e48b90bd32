"""The rows of imports, read into what they say: all that is wrong in a row is said, whatever the order of columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from backend.documents.tables import CellProblem, Column, Row
from backend.models.people import Role
from backend.models.schools import STAGE_NAMES, Location
from backend.services import import_cells as read
from inspection.rules.cycle import District

_T = TypeVar("_T")


# Of a cell that can't be understood: who typed it knows it by its beginning.
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Contact:
    """A person as a row names them."""

    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class SchoolEntry:
    """A row of the schools; None is an empty cell. `location` is {"lat", "lon"}."""

    row: Row
    district: str
    name: str
    stages: tuple[str, ...]
    phone: str | None
    location: Mapping[str, float] | None
    contact: Contact | None


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """A row of the people; `district` is the officer's, or the school's that the contact named by `school` is of."""

    row: Row
    person: Contact
    role: Role
    district: str | None
    school: str | None


@dataclass(frozen=True, slots=True)
class AwardEntry:
    """A row of the past awards."""

    row: Row
    district: str
    school: str
    year: int
    grade: str


@dataclass(slots=True)
class Sheet:
    """The rows while they are read: the columns by key, what is wrong, and what was understood of each row."""

    columns: Mapping[str, Column]
    problems: list[CellProblem] = field(default_factory=list)
    understood: dict[int, dict[str, str]] = field(default_factory=dict)

    def refuse(self, row: Row, key: str, code: str, message: str) -> None:
        """Notes a problem with a cell; the message begins with its place."""
        cell, title = row.cells[key], self.columns[key].title
        where = f"第 {row.number} 行“{title}”" + (f"（{cell.ref}）" if cell.ref else "")
        self.problems.append(CellProblem(row.number, title, cell.ref or None, code, f"{where}：{message}"))

    def take(self, row: Row, key: str, reader: Callable[[str], _T], show: Callable[[_T], str] = str) -> _T | None:
        """What `reader` makes of the cell, which is shown in the report; None for an empty one, and for a wrong one,
        of which the report shows what was typed."""
        understood = self.understood.setdefault(row.number, {})
        if not row[key]:
            if self.columns[key].required:
                self.refuse(row, key, "missing", "没有填写，请填写")
            return None
        try:
            value = reader(row[key])
        except read.RefusedError as error:
            self.refuse(row, key, "invalid", str(error))
            understood[self.columns[key].title] = row[key][:MOST_SHOWN]
            return None
        understood[self.columns[key].title] = show(value)
        return value


def sheet_of(columns: Sequence[Column]) -> Sheet:
    """A sheet of these columns, of which nothing has been read yet."""
    return Sheet({column.key: column for column in columns})


def read_school(sheet: Sheet, row: Row, districts: Mapping[str, District]) -> SchoolEntry | None:
    """The school of a row; None where anything in it is wrong."""
    before = len(sheet.problems)
    district = sheet.take(row, "district", read.district(districts), lambda each: each.name)
    name = sheet.take(row, "name", read.school_name)
    stages = sheet.take(row, "stages", read.stages, lambda each: "、".join(STAGE_NAMES[stage] for stage in each))
    phone = sheet.take(row, "phone", read.telephone)
    location = _location(sheet, row)
    contact = _contact(sheet, row)
    if len(sheet.problems) > before or district is None or name is None or stages is None:
        return None
    return SchoolEntry(row, district.id, name, tuple(stage.value for stage in stages), phone, location, contact)


def _location(sheet: Sheet, row: Row) -> Mapping[str, float] | None:
    lat, lon = sheet.take(row, "lat", read.degrees(90)), sheet.take(row, "lon", read.degrees(180))
    for key, other in (("lat", "lon"), ("lon", "lat")):
        if row[key] and not row[other]:
            sheet.refuse(row, other, "missing", "经度和纬度要一起填写")
    return Location(lat=lat, lon=lon).model_dump() if lat is not None and lon is not None else None


def _contact(sheet: Sheet, row: Row) -> Contact | None:
    name = sheet.take(row, "contact_name", read.person_name)
    phone = sheet.take(row, "contact_phone", read.mobile)
    for key, other in (("contact_name", "contact_phone"), ("contact_phone", "contact_name")):
        if row[key] and not row[other]:
            sheet.refuse(row, other, "missing", "联系人和联系电话要一起填写")
    return Contact(name, phone) if name is not None and phone is not None else None


def read_person(sheet: Sheet, row: Row, districts: Mapping[str, District]) -> PersonEntry | None:
    """The person of a row; None where anything in it is wrong."""
    before = len(sheet.problems)
    name = sheet.take(row, "person", read.person_name)
    phone = sheet.take(row, "phone", read.mobile)
    role = sheet.take(row, "role", read.role, lambda each: read.ROLES[each][0])
    district = sheet.take(row, "district", read.district(districts), lambda each: each.name)
    school = sheet.take(row, "name", read.school_name)
    if role in (Role.SCHOOL, Role.DISTRICT) and not row["district"]:
        sheet.refuse(row, "district", "missing", f"{read.ROLES[role][0]}要写明市（区）")
    if role is Role.SCHOOL and not row["name"]:
        sheet.refuse(row, "name", "missing", "学校联系人要写明学校")
    if role is not None and role is not Role.SCHOOL and row["name"]:
        sheet.refuse(row, "name", "not_wanted", "只有学校联系人才写学校，请删去或改正身份")
    if len(sheet.problems) > before or name is None or phone is None or role is None:
        return None
    of_place = role in (Role.SCHOOL, Role.DISTRICT) and district is not None
    return PersonEntry(row, Contact(name, phone), role, district.id if district and of_place else None, school)


def read_award(
    sheet: Sheet, row: Row, districts: Mapping[str, District], grades: Mapping[str, str], this_year: int
) -> AwardEntry | None:
    """The past award of a row; None where anything in it is wrong. `grades` are the titles by name."""
    before = len(sheet.problems)
    district = sheet.take(row, "district", read.district(districts), lambda each: each.name)
    school = sheet.take(row, "name", read.school_name)
    year = sheet.take(row, "year", read.year(this_year))
    grade = sheet.take(row, "grade", read.grade(grades), lambda each: grades[each])
    if len(sheet.problems) > before or district is None or school is None or year is None or grade is None:
        return None
    return AwardEntry(row, district.id, school, year, grade)


def refuse_repeated(sheet: Sheet, entries: Sequence[Any], key: Callable[[Any], object], column: str) -> None:
    """Notes every entry that says of the same thing what an earlier one does."""
    first: dict[object, Row] = {}
    for entry in entries:
        row = first.setdefault(key(entry), entry.row)
        if row is not entry.row:
            sheet.refuse(entry.row, column, "repeated", f"与第 {row.number} 行重复，请删去一行")
