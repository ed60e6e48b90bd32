"""A school's published result: telling it, and reading it."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.deps import Deps
from backend.models.paging import Page, PageQuery
from backend.models.people import Actor, Role
from backend.models.publications import ResultView
from backend.services.cycles import OpenCycle, current
from backend.services.notices import contacts_of_schools, notify, officers_of
from backend.services.outcomes import BELOW, grade_view
from backend.services.snapshots import grade_of
from backend.store import publications, publishing
from backend.store.mongo import Session


async def tell(
    deps: Deps,
    transaction: Session,
    cycle: OpenCycle,
    publication: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
) -> None:
    """Tells the schools of these entries their result, each contact once a publication; and the district of a school
    that reached no grade, which nobody else is told. A correction is told to the school and its district."""
    for entry, to, event, message in await messages(deps, transaction, cycle, publication, entries):
        await notify(
            deps, transaction, to, event, entry["submission_id"], **message, link="/results", once=publication["_id"]
        )


# An entry, the people to tell, the event, and its title, text and values.
Telling = tuple[Mapping[str, Any], Sequence[str], str, Mapping[str, Any]]


async def messages(
    deps: Deps,
    transaction: Session | None,
    cycle: OpenCycle,
    publication: Mapping[str, Any],
    entries: Sequence[Mapping[str, Any]],
) -> list[Telling]:
    """What a publication (its kind, title and reason) with these entries tells whom."""
    contacts = await contacts_of_schools(deps, transaction, [entry["school_id"] for entry in entries])
    told: list[Telling] = []
    for entry in entries:
        event, message, quietly = _message(cycle, publication, entry)
        told.append((entry, contacts[entry["school_id"]], event, message))
        if not quietly:
            officers = await officers_of(deps, transaction, entry["district"])
            told.append((entry, officers, f"district_{event}", message))
    return told


def _message(
    cycle: OpenCycle, publication: Mapping[str, Any], entry: Mapping[str, Any]
) -> tuple[str, Mapping[str, Any], bool]:
    """The event and the words, and whether only the school is told."""
    school, correction = entry["school"], publication["kind"] == "correction"
    grade = grade_view(cycle.cycle.rules, grade_of(entry["content"]))
    result = grade.statement
    word = cycle.cycle.rules.grade(grade.awarded).title if grade.awarded else BELOW
    event = "result.corrected" if correction else "result.published"
    title = "评估结果已更正" if correction else "评估结果已公布"
    why = f"更正原因：{publication['reason']}" if correction else "详情和提升路径请查看评估结果。"
    message = {
        "title": title,
        "text": f"{school}：{result}。{why}",
        "values": {"school": school, "result": result, "grade": word, "title": publication["title"]},
    }
    return event, message, not correction and result != BELOW


async def read(deps: Deps, actor: Actor, query: PageQuery) -> Page[ResultView]:
    """A page of the published results: the school's own, those of the district's schools, or all for the city."""
    cycle = await current(deps)
    latest = (await publishing.read(deps.db, cycle.id))["latest"]
    publication = await publications.find(deps.db, latest)
    if publication is None:
        return Page[ResultView](items=[], next_cursor=None)
    rows, cursor = await publications.page_of_entries(deps.db, latest, _own(actor), query.limit, query.cursor)
    items = [
        ResultView(
            publication_id=latest,
            version=publication["version"],
            published_at=publication["published_at"],
            school_id=row["school_id"],
            school=row["school"],
            district=row["district"],
            grade=grade_view(cycle.cycle.rules, grade_of(row["content"])),
        )
        for row in rows
    ]
    return Page[ResultView](items=items, next_cursor=cursor)


def _own(actor: Actor) -> dict[str, str]:
    if actor.role is Role.SCHOOL:
        return {"school_id": actor.school_id or ""}
    return {"district": actor.district or ""} if actor.role is Role.DISTRICT else {}
