"""Documents of the cycle: its rubric (附件1), a district's recommendation list (附件4), a publication."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.documents.contents import (
    AwardedLine,
    PublicationDocument,
    RecommendationListDocument,
    RecommendedSchool,
    RubricDocument,
    RubricGroup,
    RubricIndicator,
    RubricItem,
)
from backend.models.attachments import Attachment
from backend.models.documents import DocumentKind
from backend.models.people import Actor
from backend.models.recommendation_lists import ListView
from backend.services import cycles, publication_lists
from backend.services.cycles import OpenCycle
from backend.services.documents import Form, Printed, render
from backend.services.list_view import list_view
from backend.services.recommendation_lists import district_name_for
from backend.services.school_forms import day_of
from backend.services.snapshots import district_name
from backend.store import cycles as stored_cycles
from backend.store import publications, publishing
from backend.store.recommendation_lists import list_id
from inspection.rules.points import as_number
from inspection.rules.rubric import Rubric


async def rubric(deps: Deps, actor: Actor) -> Attachment:
    """附件1 as docx. Raises `Conflict` where no cycle is open."""
    content = await render(deps, actor, print_rubric(await cycles.current(deps)))
    return Attachment("附件1-评估细则.docx", content)


def print_rubric(cycle: OpenCycle) -> Printed:
    """What 附件1 of the cycle prints."""
    title, _, edition = cycle.rubric.title.partition("(")
    content = RubricDocument(
        title=title,
        edition=f"({edition}" if edition else "",
        rubric_sha256=cycle.rubric.sha256,
        groups=_groups(cycle.rubric),
        note=cycle.rubric.note,
    )
    return Printed(DocumentKind.RUBRIC, cycle.id, cycle, content)


def _groups(of: Rubric) -> tuple[RubricGroup, ...]:
    return tuple(
        RubricGroup(
            group.name,
            as_number(group.points),
            tuple(
                RubricIndicator(
                    indicator.name,
                    as_number(indicator.points),
                    tuple(RubricItem(item.text, as_number(item.points)) for item in indicator.items),
                )
                for indicator in group.indicators
            ),
        )
        for group in of.groups
    )


async def print_rubric_again(deps: Deps, kind: DocumentKind, cycle_id: str) -> Printed | None:
    """What 附件1 of the cycle would print now."""
    cycle = await stored_cycles.find(deps.db, cycle_id, deps.cycle_cache)
    return print_rubric(cycle) if cycle else None


async def recommendation_list(deps: Deps, actor: Actor, district: str, form: Form) -> Attachment:
    """附件4 as docx or xlsx. Raises `NotFound` for another district's, `Conflict` where no cycle is open."""
    name, cycle = district_name_for(deps, actor, district), await cycles.current(deps)
    printed = print_recommendation_list(cycle, await list_view(deps, cycle, district, name, None))
    return Attachment(f"附件4-推荐名单-{name}.{form}", await render(deps, actor, printed, form))


def print_recommendation_list(cycle: OpenCycle, view: ListView) -> Printed:
    """What 附件4 prints of a district's list."""
    content = RecommendationListDocument(
        district=view.district_name,
        contact=view.contact,
        phone=view.phone,
        schools=tuple(
            RecommendedSchool(
                school=row.school_name,
                contact=row.contact or "",
                phone=row.phone or "",
                applied=(row.applied_name or "").removesuffix("型"),
                points=as_number(row.self_points),
                highlights=row.highlights or "",
            )
            for row in view.rows
        ),
        day=day_of(view.handed_in_at),
    )
    subject = list_id(cycle.id, view.district)
    return Printed(DocumentKind.RECOMMENDATION_LIST, subject, cycle, content, district=view.district_name)


async def print_recommendation_list_again(deps: Deps, kind: DocumentKind, subject: str) -> Printed | None:
    """What 附件4 would print now."""
    cycle_id, _, district = subject.partition("/")
    cycle = await stored_cycles.find(deps.db, cycle_id, deps.cycle_cache)
    if cycle is None:
        return None
    view = await list_view(deps, cycle, district, district_name(deps, district), None)
    return print_recommendation_list(cycle, view)


async def publication(deps: Deps, actor: Actor, publication_id: str, form: Form) -> Attachment:
    """The awarded schools of a publication as docx or xlsx. Raises `NotFound`, also while it is being prepared."""
    stored = await publication_lists.find(deps, publication_id)
    printed = await print_publication(deps, stored)
    return Attachment(f"{stored['title']}-第{stored['version']}版.{form}", await render(deps, actor, printed, form))


async def print_publication(deps: Deps, stored: Mapping[str, Any]) -> Printed:
    """What a publication (as stored) prints."""
    cycle = await stored_cycles.find(deps.db, stored["cycle"], deps.cycle_cache)
    if cycle is None:
        raise LookupError(f"publication {stored['_id']} is of a cycle that is not open")
    content = PublicationDocument(
        title=stored["title"],
        cycle_title=cycle.cycle.title,
        version=stored["version"],
        reason=stored["reason"],
        day=day_of(stored["published_at"]) or "",
        schools=tuple(AwardedLine(each["district"], each["school"], each["grade"]) for each in stored["public"]),
        public_sha256=stored["public_sha256"],
    )
    return Printed(DocumentKind.PUBLICATION, stored["_id"], cycle, content)


async def print_publication_again(deps: Deps, kind: DocumentKind, publication_id: str) -> Printed | None:
    """What the publication prints; None where a later one has taken its place."""
    stored = await publications.find(deps.db, publication_id)
    if stored is None or (await publishing.read(deps.db, stored["cycle"]))["latest"] != publication_id:
        return None
    return await print_publication(deps, stored)
