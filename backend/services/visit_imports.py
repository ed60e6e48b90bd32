"""Visits from an xlsx file: every bad row is reported at once, and they are planned all together or not at all."""

from collections.abc import Mapping, Sequence
from functools import cache

from backend.deps import Deps
from backend.documents.tables import CellProblem, Row, Table
from backend.documents.xlsx_parts import WorkbookError
from backend.errors import Detail, Invalid
from backend.models.imports import ImportedRow, ImportProblem
from backend.models.people import Actor
from backend.models.visits import MOST_VISITS, VisitImportReport
from backend.services.cycles import OpenCycle, current
from backend.services.import_cells import by_spelling
from backend.services.import_rows import Sheet, sheet_of
from backend.services.visit_checks import Wanted, load, wrong
from backend.services.visit_import_rows import COLUMN_OF, COLUMNS, Register, read_row, register
from backend.services.visits import plan_many
from backend.store import submissions, visits
from inspection.rules.problems import pointer
from inspection.rules.workflow import State

TEMPLATE_NAME = "现场评估安排导入模板.xlsx"


async def run(deps: Deps, actor: Actor, content: bytes, *, dry_run: bool) -> VisitImportReport:
    """Plans the visits of the file in one transaction, or only reports what that would do.

    Raises `Invalid` for a file that can't be read as a table, and, unless it is a dry run, with all that is wrong in
    its rows; `Conflict` where somebody else took a school or an inspector at the same time.
    """
    cycle = await current(deps)
    known = await _register(deps, cycle)
    table, sheet, wanted = await deps.threads.run(lambda: _read(content, known))
    rows = {f"/rows/{row.number}": row for row in table.rows}
    facts = await load(deps, None, cycle, wanted)
    for detail in wrong(facts, wanted):
        _refuse(sheet, rows, detail)
    sheet.problems.sort(key=lambda problem: problem.row)
    if sheet.problems and not dry_run:
        raise _refused(sheet.problems)
    if not dry_run:
        await plan_many(deps, actor, wanted)
    return _report(table, sheet, dry_run)


async def template(deps: Deps) -> bytes:
    """An empty workbook to fill in."""
    return await deps.threads.run(_template)


@cache
def _template() -> bytes:
    from backend.documents.workbooks import write_template  # Loads openpyxl (see backend.documents.tables).

    return write_template("现场评估安排", COLUMNS)


async def _register(deps: Deps, cycle: OpenCycle) -> Register:
    fields = {"school": 1, "school_id": 1, "district": 1}
    found = [
        submission
        for district in deps.districts
        for submission in await submissions.of_district(deps.db, None, cycle.id, district.id, State, fields)
    ]
    return register(by_spelling(deps.districts), found, await visits.all_inspectors(deps.db))


def _read(content: bytes, known: Register) -> tuple[Table, Sheet, list[Wanted]]:
    """The file as far as it can be understood without looking at other visits."""
    from backend.documents.workbooks import read_table  # Loads openpyxl (see backend.documents.tables).

    try:
        table = read_table(content, COLUMNS)
    except WorkbookError as error:
        raise Invalid(error.message, code=error.code, details=[Detail("", error.code, error.message)]) from error
    if not 1 <= len(table.rows) <= MOST_VISITS:
        message = f"表头下面应有 1 到 {MOST_VISITS} 行，现有 {len(table.rows)} 行，请检查"
        raise Invalid(message, code="no_rows" if not table.rows else "too_many_rows")
    sheet = sheet_of(COLUMNS)
    sheet.problems += table.problems
    read = (read_row(sheet, row, known) for row in table.rows)
    return table, sheet, [wanted for wanted in read if wanted is not None]


def _refuse(sheet: Sheet, rows: Mapping[str, Row], detail: Detail) -> None:
    """Notes what stands against a visit at the cell that says so: /rows/5/team/1/inspector_id is the members'."""
    _, _, number, part, *rest = detail.path.split("/")
    key = "members" if part == "team" and rest and rest[0] != "0" else COLUMN_OF[part]
    sheet.refuse(rows[f"/rows/{number}"], key, detail.code, detail.message)


def _refused(problems: Sequence[CellProblem]) -> Invalid:
    details = [
        Detail(pointer("rows", each.row, *([each.column] if each.column else [])), each.code, each.message)
        for each in problems
    ]
    rows = len({each.row for each in problems})
    message = f"有 {rows} 行要改（共 {len(problems)} 处），没有导入任何内容；请逐条改正后重新上传"
    return Invalid(message, code="bad_rows", details=details)


def _report(table: Table, sheet: Sheet, dry_run: bool) -> VisitImportReport:
    bad = {problem.row for problem in sheet.problems}
    return VisitImportReport(
        dry_run=dry_run,
        planned=sum(row.number not in bad for row in table.rows),
        rows=[
            ImportedRow(
                row=row.number,
                action=None if row.number in bad else "create",
                values=sheet.understood.get(row.number, {}),
            )
            for row in table.rows
        ],
        problems=[
            ImportProblem(row=each.row, column=each.column, cell=each.ref, code=each.code, message=each.message)
            for each in sheet.problems
        ],
        notes=list(table.notes),
    )
