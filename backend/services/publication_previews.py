"""What a publication would say, and to whom, before it is made."""

from collections import Counter
from collections.abc import Sequence

from backend.deps import Deps
from backend.models.paging import PageQuery
from backend.models.people import Actor
from backend.models.publications import (
    AwardCount,
    PreviewedEntry,
    PreviewedMessage,
    PreviewSummary,
    PublicationPreview,
)
from backend.services import results
from backend.services.cycles import OpenCycle, current
from backend.services.notices import contacts_of_schools
from backend.services.outcomes import BELOW, grade_view
from backend.services.publications import default_title, fresh_entries, obstacles
from backend.services.results import Telling
from backend.services.snapshots import district_name, grade_of
from backend.store import decisions, outcomes, people, public_notices, publications, publishing
from backend.store.people import Person
from inspection.rules.workflow import State


async def read_page(deps: Deps, actor: Actor, query: PageQuery) -> PublicationPreview:
    """A page of the decided schools as they would be published, each with the messages that would be sent.

    Raises `Conflict` where no cycle is open. Nothing is stored or sent.
    """
    cycle = await current(deps)
    rows, cursor = await decisions.page_of_submissions(
        deps.db, cycle.id, [State.DECIDED], None, query.limit, query.cursor
    )
    entries = await fresh_entries(deps, None, cycle, rows)
    publication = {"kind": "publication", "title": default_title(cycle), "reason": None}
    told = await results.messages(deps, None, cycle, publication, entries)
    known = await people.find_each(deps.db, {person_id for _, to, _, _ in told for person_id in to})
    return PublicationPreview(
        items=[
            PreviewedEntry(
                submission_id=entry["submission_id"],
                school_id=entry["school_id"],
                school=entry["school"],
                district=entry["district"],
                district_name=district_name(deps, entry["district"]),
                grade=grade_view(cycle.cycle.rules, grade_of(entry["content"])),
                public=entry["awarded"] is not None,
                messages=_messages([each for each in told if each[0] is entry], known),
            )
            for entry in entries
        ],
        next_cursor=cursor,
        summary=await _summary(deps, cycle) if query.cursor is None else None,
    )


def _messages(told: Sequence[Telling], known: dict[str, Person]) -> list[PreviewedMessage]:
    return [
        PreviewedMessage(
            event=event,
            person_id=person_id,
            person_name=known[person_id].name,
            role="district" if event.startswith("district_") else "school",
            wechat=known[person_id].wechat is not None,
            title=message["title"],
            text=message["text"],
        )
        for _, to, event, message in told
        for person_id in to
        if person_id in known
    ]


async def _summary(deps: Deps, cycle: OpenCycle) -> PreviewSummary:
    decided = await public_notices.decided(deps.db, None, cycle.id)
    awards = Counter(await outcomes.awards_of(deps.db, [each["_id"] for each in decided]))
    contacts = await contacts_of_schools(deps, None, [each["school_id"] for each in decided])
    latest = await publications.find(deps.db, (await publishing.read(deps.db, cycle.id))["latest"])
    titles: list[tuple[str | None, str]] = [(grade.name, grade.title) for grade in cycle.cycle.rules.grades]
    against = [each.message for each in await obstacles(deps, None, cycle)]
    if not decided:
        against.insert(0, "没有已认定而未公布的学校，请先认定")
    return PreviewSummary(
        title=default_title(cycle),
        obstacles=against,
        schools=len(decided),
        awards=[
            AwardCount(grade=grade, grade_title=title, count=awards[grade]) for grade, title in [*titles, (None, BELOW)]
        ],
        without_contact=sum(not found for found in contacts.values()),
        before=await publications.count_entries(deps.db, latest["_id"]) if latest else 0,
    )
