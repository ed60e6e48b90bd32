"""What the rows of an import would do to what is stored: decided whole before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from backend.deps import Deps
from backend.models.imports import Action
from backend.models.people import Holding, Role
from backend.names import name_key
from backend.services.import_rows import AwardEntry, Contact, PersonEntry, SchoolEntry, Sheet
from backend.store import people, schools
from backend.store.mongo import Document, Session
from backend.store.people import Person


@dataclass(slots=True)
class _NewPerson:
    """A person who is not known yet, and all that the rows say of them."""

    id: str
    contact: Contact
    holdings: list[Holding] = field(default_factory=list)
    districts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """What to write, row by row what that means, and what stands against it.

    `schools` are those known by district and name key, `known` the people by phone number.
    """

    deps: Deps
    sheet: Sheet
    schools: dict[tuple[str, str], Document]
    known: Mapping[str, Person]
    actions: dict[int, Action] = field(default_factory=dict)
    new_schools: list[Document] = field(default_factory=list)
    changes: dict[str, tuple[Document, dict[str, Any]]] = field(default_factory=dict)
    restaged: dict[str, SchoolEntry] = field(default_factory=dict)
    _new: dict[str, _NewPerson] = field(default_factory=dict)
    _given: dict[str, tuple[Person, list[Holding], list[str]]] = field(default_factory=dict)

    @property
    def new_people(self) -> list[Person]:
        """The people to add."""
        return [
            Person(each.id, each.contact.name, each.contact.phone, tuple(each.holdings), school_districts=_once(each))
            for each in self._new.values()
        ]

    @property
    def given(self) -> people.Given:
        """The people to give further roles."""
        return list(self._given.values())

    def give(self, contact: Contact, holding: Holding, district: str | None) -> bool | None:
        """Gives the person the role, in the `district` of its school; whether it is new. None: the phone number is
        registered in another name."""
        person = self.known.get(contact.phone)
        known_as = person.name if person else self._new.setdefault(contact.phone, _NewPerson("", contact)).contact.name
        if name_key(known_as) != name_key(contact.name):
            return None
        if person is not None:
            if holding in person.holdings:
                return False
            _, holdings, districts = self._given.setdefault(person.id, (person, [], []))
        else:
            new = self._new[contact.phone]
            new.id = new.id or self.deps.new_id()
            holdings, districts = new.holdings, new.districts
        if holding in holdings:
            return False
        holdings.append(holding)
        districts.extend([district] if district else [])
        return True

    def name_of(self, phone: str) -> str:
        """The name that the phone number is registered in, here or in an earlier row."""
        return self.known[phone].name if phone in self.known else self._new[phone].contact.name


def _once(person: _NewPerson) -> tuple[str, ...]:
    return tuple(dict.fromkeys(person.districts))


Entry = SchoolEntry | PersonEntry | AwardEntry


async def plan_for(deps: Deps, transaction: Session | None, sheet: Sheet, entries: Sequence[Entry]) -> Plan:
    """The plan for the entries of the sheet, against what is stored now."""
    districts = {entry.district for entry in entries if entry.district}
    phones = {contact.phone for contact in map(_contact_of, entries) if contact}
    plan = Plan(
        deps,
        # The work of a transaction may run twice: each run notes its own problems.
        replace(sheet, problems=list(sheet.problems)),
        await schools.find_in_districts(deps.db, districts, transaction),
        await people.find_by_phones(deps.db, phones, transaction),
    )
    await deps.threads.run(lambda: _decide(plan, entries))
    return plan


def _contact_of(entry: Entry) -> Contact | None:
    match entry:
        case SchoolEntry():
            return entry.contact
        case PersonEntry():
            return entry.person
        case _:
            return None


def _decide(plan: Plan, entries: Sequence[Entry]) -> None:
    for entry in entries:
        match entry:
            case SchoolEntry():
                _decide_school(plan, entry)
            case PersonEntry():
                _decide_person(plan, entry)
            case AwardEntry():
                _decide_award(plan, entry)


def _decide_school(plan: Plan, entry: SchoolEntry) -> None:
    place = (entry.district, name_key(entry.name))
    known = plan.schools.get(place)
    school = known or schools.new_school(
        plan.deps.new_id(),
        entry.district,
        entry.name,
        entry.stages,
        plan.deps.clock(),
        phone=entry.phone,
        location=entry.location,
    )
    action: Action = "unchanged"
    if known is None:
        plan.new_schools.append(school)
        plan.schools[place] = school
        action = "create"
    elif fields := _differences(school, entry):
        plan.changes[school["_id"]] = (school, fields)
        if "stages" in fields:
            plan.restaged[school["_id"]] = entry
        action = "change"
    if entry.contact is not None:
        holding = Holding(role=Role.SCHOOL, school_id=school["_id"])
        given = plan.give(entry.contact, holding, entry.district)
        if given is None:
            _refuse_name(plan, entry, "contact_phone", entry.contact)
        elif given and action == "unchanged":
            action = "change"
    plan.actions[entry.row.number] = action


def _differences(school: Mapping[str, Any], entry: SchoolEntry) -> dict[str, Any]:
    """What the row says otherwise; an empty cell says nothing."""
    said = {"name": entry.name, "stages": list(entry.stages), "phone": entry.phone, "location": entry.location}
    return {name: value for name, value in said.items() if value is not None and value != school[name]}


def _decide_person(plan: Plan, entry: PersonEntry) -> None:
    if entry.role is Role.SCHOOL:
        school = _school_of(plan, entry)
        if school is None:
            return
        holding, of_school = Holding(role=Role.SCHOOL, school_id=school["_id"]), entry.district
    else:
        holding, of_school = Holding(role=entry.role, district=entry.district), None
    known = entry.person.phone in plan.known
    given = plan.give(entry.person, holding, of_school)
    if given is None:
        _refuse_name(plan, entry, "phone", entry.person)
        return
    plan.actions[entry.row.number] = ("change" if known else "create") if given else "unchanged"


def _decide_award(plan: Plan, entry: AwardEntry) -> None:
    school = _school_of(plan, entry)
    if school is None:
        return
    _, fields = plan.changes.get(school["_id"], (school, {"past_awards": school["past_awards"]}))
    grades = {award["year"]: award["grade"] for award in fields["past_awards"]}
    before = grades.get(entry.year)
    plan.actions[entry.row.number] = _action(before, entry.grade)
    if before != entry.grade:
        awards = [
            {"year": year, "grade": grade} for year, grade in sorted((grades | {entry.year: entry.grade}).items())
        ]
        plan.changes[school["_id"]] = (school, {"past_awards": awards})


def _action(before: str | None, after: str) -> Action:
    if before is None:
        return "create"
    return "unchanged" if before == after else "change"


def _school_of(plan: Plan, entry: PersonEntry | AwardEntry) -> Document | None:
    school = plan.schools.get((entry.district or "", name_key(entry.school or "")))
    if school is None:
        plan.sheet.refuse(entry.row, "name", "unknown_school", "这个市（区）没有登记这所学校，请检查名称或先导入学校")
    return school


def _refuse_name(plan: Plan, entry: SchoolEntry | PersonEntry, column: str, contact: Contact) -> None:
    message = f"这个手机号登记的姓名是“{plan.name_of(contact.phone)}”，请核对姓名和手机号"
    plan.sheet.refuse(entry.row, column, "phone_taken", message)
