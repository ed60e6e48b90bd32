"""Reading the audit trail, which `services.audit` writes: who did what to which object, with before and after."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.models.audit_trail import EVENT_NAMES, AuditActor, AuditObject, AuditQuery, AuditRow
from backend.models.people import ROLE_NAMES, Actor, Role
from backend.services.audit_words import KINDS, changes_of
from backend.services.tables import Found, Table, TableColumn, between, names_of_events, when
from backend.store import audit, schools, submissions, visits
from backend.store.notices import names_of


async def find(deps: Deps, actor: Actor, query: AuditQuery, skip: int, limit: int) -> Found[AuditRow]:
    """The events that match the query."""
    exact = {"actor.person_id": query.person_id, "event": query.event, "object.id": query.object_id}
    wanted: dict[str, Any] = {name: value for name, value in exact.items() if value is not None}
    wanted |= between("at", query.since, query.until)
    rows, total = await audit.table(deps.db, wanted, descending=query.sort.startswith("-"), skip=skip, limit=limit)
    actors = await names_of(deps.db, {row["actor"]["person_id"] for row in rows if row["actor"]})
    objects = await _names_of_objects(deps, rows)
    called = {**objects, **{each.id: each.name for each in deps.districts}}
    return Found(rows, total, lambda row: _view(row, actors, called))


async def _names_of_objects(deps: Deps, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
    """What people, schools, and what is a school's are called, by their ids; and submissions that changes name."""
    ids: dict[str, set[str]] = {}
    for row in rows:
        ids.setdefault(row["object"]["kind"], set()).add(row["object"]["id"])
    none: set[str] = set()
    found: dict[str, str] = dict(await names_of(deps.db, ids.get("person", none)))
    found |= await schools.names_of(deps.db, ids.get("school", none))
    visited = await visits.submissions_of(deps.db, ids.get("visit", none))
    told = {row["_id"]: each for row in rows if (each := _submission_of(row))}
    of_schools = await submissions.school_names(
        deps.db, {*ids.get("submission", none), *visited.values(), *told.values()}
    )
    of_visits = {visit: of_schools[each] for visit, each in visited.items() if each in of_schools}
    of_decisions = {
        row["object"]["id"]: of_schools[told[row["_id"]]]
        for row in rows
        if row["object"]["kind"] == "decision" and told.get(row["_id"]) in of_schools
    }
    return found | of_schools | of_visits | of_decisions


def _submission_of(row: Mapping[str, Any]) -> str | None:
    """The submission that what changed names."""
    found: str | None = ((row["before"] or {}) | (row["after"] or {})).get("submission_id")
    return found


def _view(row: Mapping[str, Any], actors: Mapping[str, str], called: Mapping[str, str]) -> AuditRow:
    kind, object_id = row["object"]["kind"], row["object"]["id"]
    return AuditRow(
        id=row["_id"],
        event=row["event"],
        event_name=EVENT_NAMES.get(row["event"], row["event"]),
        at=row["at"],
        actor=_actor(row["actor"], actors),
        object=AuditObject(kind=kind, kind_name=KINDS.get(kind, kind), id=object_id, name=called.get(object_id)),
        before=row["before"],
        after=row["after"],
        changes=changes_of(row["before"], row["after"], called),
        reason=row["reason"],
    )


def _actor(actor: Mapping[str, Any] | None, names: Mapping[str, str]) -> AuditActor | None:
    if actor is None:
        return None
    return AuditActor(
        person_id=actor["person_id"],
        name=names.get(actor["person_id"]),
        role=Role(actor["role"]),
        session_id=actor["session_id"],
    )


def _who(row: AuditRow) -> str:
    if row.actor is None:
        return "系统或命令行"
    return f"{row.actor.name or '已不在册的人'}（{ROLE_NAMES[row.actor.role]}）"


def _changes(row: AuditRow) -> str:
    lines = [f"{each.name}：{f'{each.before} → ' if row.before else ''}{each.after}" for each in row.changes]
    return "\n".join(lines)[:_LONGEST]


# A cell is for reading; the whole of it is in the archive.
_LONGEST = 2000

TABLE = Table(
    name="audit-events",
    title="操作记录",
    may="audit_event.table",
    summary="Who did what to which object, with before and after.",
    filters=AuditQuery,
    row=AuditRow,
    columns={
        "at": TableColumn("时间", 18, lambda row: when(row.at)),
        "who": TableColumn("谁", 28, _who),
        "event_name": TableColumn("做了什么", 18, lambda row: row.event_name),
        "object": TableColumn("对象", 24, lambda row: row.object.name or row.object.kind_name),
        "changes": TableColumn("改动前 → 改动后", 40, _changes),
        "reason": TableColumn("理由", 24, lambda row: row.reason or ""),
        "object_id": TableColumn("对象编号", 38, lambda row: row.object.id),
    },
    find=find,
    events=names_of_events(EVENT_NAMES),
)
