"""Imports from xlsx files: every bad row is reported at once, and a file is imported whole or not at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from backend.deps import Deps
from backend.documents.tables import Column, Row, Table
from backend.documents.xlsx_parts import WorkbookError
from backend.errors import Detail, Invalid
from backend.models.imports import ImportedRow, ImportKind, ImportProblem, ImportReport
from backend.models.people import Actor
from backend.names import name_key
from backend.services import people, schools
from backend.services.cycles import OpenCycle, find_current
from backend.services.import_cells import AWARD_COLUMNS, PEOPLE_COLUMNS, SCHOOL_COLUMNS, by_spelling
from backend.services.import_plans import Entry, Plan, plan_for
from backend.services.import_rows import (
    AwardEntry,
    PersonEntry,
    SchoolEntry,
    Sheet,
    read_award,
    read_person,
    read_school,
    refuse_repeated,
    sheet_of,
)
from backend.services.people_access import forget
from backend.store.mongo import Session, transact
from inspection.rules.problems import pointer


@dataclass(frozen=True, slots=True)
class _Kind:
    """What makes one kind of import: its columns, and what makes two rows say of the same thing, in which column."""

    title: str
    columns: Sequence[Column]
    same: Callable[..., object]
    column: str


def _same_school(entry: SchoolEntry) -> object:
    return entry.district, name_key(entry.name)


def _same_person(entry: PersonEntry) -> object:
    return entry.person.phone, entry.role, entry.district, name_key(entry.school or "")


def _same_award(entry: AwardEntry) -> object:
    return entry.district, name_key(entry.school), entry.year


_KINDS: Mapping[ImportKind, _Kind] = {
    ImportKind.SCHOOLS: _Kind("学校", SCHOOL_COLUMNS, _same_school, "name"),
    ImportKind.PEOPLE: _Kind("人员", PEOPLE_COLUMNS, _same_person, "phone"),
    ImportKind.PAST_AWARDS: _Kind("历年等级", AWARD_COLUMNS, _same_award, "year"),
}


async def run(deps: Deps, actor: Actor, kind: ImportKind, content: bytes, *, dry_run: bool) -> ImportReport:
    """Imports the file, in one transaction, or only reports what it would do.

    Raises `Invalid` for a file that can't be read as a table, and, unless it is a dry run, with all that is wrong in
    its rows; `Conflict` where somebody changed the same at the same time.
    """
    cycle = await find_current(deps)
    sheet, entries, table = await deps.threads.run(lambda: _read(deps, cycle, kind, content))
    if dry_run:
        plan = await _plan(deps, None, sheet, entries, cycle)
        return await deps.threads.run(lambda: _report(kind, plan, table, dry_run=True))

    async def work(transaction: Session) -> tuple[Plan, Sequence[str]]:
        now_running = await find_current(deps, transaction)
        plan = await _plan(deps, transaction, sheet, entries, now_running)
        if plan.sheet.problems:
            raise _refused(plan)
        return plan, await _carry_out(deps, transaction, actor, now_running, plan)

    plan, ended = await transact(deps.db, work)
    forget(deps, ended)
    return await deps.threads.run(lambda: _report(kind, plan, table, dry_run=False))


async def template(deps: Deps, kind: ImportKind) -> tuple[str, bytes]:
    """The name and the bytes of an empty workbook for this kind of import."""
    return f"{_KINDS[kind].title}导入模板.xlsx", await deps.threads.run(lambda: _template(kind))


@cache
def _template(kind: ImportKind) -> bytes:
    from backend.documents.workbooks import write_template  # Loads openpyxl (see backend.documents.tables).

    return write_template(_KINDS[kind].title, _KINDS[kind].columns)


def _read(deps: Deps, cycle: OpenCycle | None, kind: ImportKind, content: bytes) -> tuple[Sheet, list[Entry], Table]:
    """The file as far as it can be understood without the database."""
    from backend.documents.workbooks import read_table  # Loads openpyxl (see backend.documents.tables).

    chosen = _KINDS[kind]
    try:
        table = read_table(content, chosen.columns)
    except WorkbookError as error:
        raise Invalid(error.message, code=error.code, details=[Detail("", error.code, error.message)]) from error
    if not table.rows:
        raise Invalid("表格里没有数据，请检查", code="no_rows", details=[Detail("", "no_rows", "表头下面没有数据")])
    sheet = sheet_of(chosen.columns)
    sheet.problems += table.problems
    read = _reader(deps, cycle, kind)
    entries = [entry for entry in (read(sheet, row) for row in table.rows) if entry is not None]
    refuse_repeated(sheet, entries, chosen.same, chosen.column)
    return sheet, entries, table


def _reader(deps: Deps, cycle: OpenCycle | None, kind: ImportKind) -> Callable[[Sheet, Row], Entry | None]:
    districts = by_spelling(deps.districts)
    grades, this_year = schools.grades(deps, cycle), schools.this_year(deps)
    readers: Mapping[ImportKind, Callable[[Sheet, Row], Entry | None]] = {
        ImportKind.SCHOOLS: lambda sheet, row: read_school(sheet, row, districts),
        ImportKind.PEOPLE: lambda sheet, row: read_person(sheet, row, districts),
        ImportKind.PAST_AWARDS: lambda sheet, row: read_award(sheet, row, districts, grades, this_year),
    }
    return readers[kind]


async def _plan(
    deps: Deps, transaction: Session | None, sheet: Sheet, entries: Sequence[Entry], cycle: OpenCycle | None
) -> Plan:
    plan = await plan_for(deps, transaction, sheet, entries)
    changes = list(plan.changes.values())
    for school_id in await schools.stages_in_use(deps, transaction, cycle, changes):
        plan.sheet.refuse(plan.restaged[school_id].row, "stages", "stages_in_use", schools.STAGES_IN_USE)
    plan.sheet.problems.sort(key=lambda problem: problem.row)
    return plan


async def _carry_out(
    deps: Deps, transaction: Session, actor: Actor, cycle: OpenCycle | None, plan: Plan
) -> Sequence[str]:
    if plan.new_schools:
        await schools.add(deps, transaction, actor, cycle, plan.new_schools)
    if plan.changes:
        await schools.apply(deps, transaction, actor, cycle, list(plan.changes.values()))
    return await people.store(deps, transaction, actor, plan.new_people, plan.given)


def _refused(plan: Plan) -> Invalid:
    problems = plan.sheet.problems
    details = [
        Detail(pointer("rows", each.row, *([each.column] if each.column else [])), each.code, each.message)
        for each in problems
    ]
    rows = len({each.row for each in problems})
    message = f"有 {rows} 行要改（共 {len(problems)} 处），没有导入任何内容；请逐条改正后重新上传"
    return Invalid(message, code="bad_rows", details=details)


def _report(kind: ImportKind, plan: Plan, table: Table, *, dry_run: bool) -> ImportReport:
    wrong = {problem.row for problem in plan.sheet.problems}
    actions = {row: action for row, action in plan.actions.items() if row not in wrong}
    done = list(actions.values())
    return ImportReport(
        kind=kind,
        dry_run=dry_run,
        created=done.count("create"),
        changed=done.count("change"),
        unchanged=done.count("unchanged"),
        rows=[
            ImportedRow(
                row=row.number, action=actions.get(row.number), values=plan.sheet.understood.get(row.number, {})
            )
            for row in table.rows
        ],
        problems=[
            ImportProblem(row=each.row, column=each.column, cell=each.ref, code=each.code, message=each.message)
            for each in plan.sheet.problems
        ],
        notes=list(table.notes),
    )
