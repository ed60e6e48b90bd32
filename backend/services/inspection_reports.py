"""The inspection report of a school: scores three ways, discrepancies, rulings, photos, signatures."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from backend.deps import Deps
from backend.documents.contents import (
    DiscrepancyLine,
    IndicatorScores,
    InspectionReport,
    ItemScores,
    PhotoLine,
    RulingLine,
    SignatureLine,
)
from backend.errors import NotFound
from backend.models.attachments import Attachment
from backend.models.discrepancies import KIND_NAMES, ROW_STATE_NAMES
from backend.models.documents import DocumentKind
from backend.models.people import Actor, Role
from backend.models.schools import STAGE_NAMES, Stage
from backend.models.visits import HALF_NAMES, Half
from backend.services.documents import Printed, render
from backend.services.outcomes import statement
from backend.services.snapshots import district_name
from backend.services.submission_view import grade_title
from backend.services.submissions import visible
from backend.services.visit_case import VisitCase, load
from backend.store import (
    answers,
    blobs,
    countersignatures,
    discrepancies,
    people,
    publications,
    publishing,
    submissions,
    visit_photos,
    visits,
)
from backend.store.submissions import item_key
from inspection.rules.outcome import Outcome, assess
from inspection.rules.points import as_number
from inspection.rules.workflow import SHANGHAI, State

_AGREED = (State.SCORED, State.DECIDED, State.PUBLISHED)
_RANKS = {"lead": "组长", "city": "市教育局"}
_CLAUSES = {"basic": "★", "senior": "高中要求", "demonstration": "▲", "filing": "等保备案"}
# So many pictures at most stand in a report; the captions of all do.
MOST_PICTURES = 60


async def inspection_report(deps: Deps, actor: Actor, submission_id: str) -> Attachment:
    """The report as docx. Raises `NotFound` before the visit is closed, for others than the city before the result is
    published, and where the actor may not see the submission."""
    submission = await visible(deps, actor, submission_id)
    if State(submission["state"]) not in _AGREED or not (
        actor.role is Role.CITY or await _is_published(deps, submission)
    ):
        raise _not_there()
    kind = DocumentKind.SCHOOLS_INSPECTION_REPORT if actor.role is Role.SCHOOL else DocumentKind.INSPECTION_REPORT
    printed, pictures = await print_report(deps, kind, submission)
    content = await render(deps, actor, printed, pictures=pictures)
    return Attachment(f"现场评估报告-{printed.school}.docx", content)


async def _is_published(deps: Deps, submission: Mapping[str, Any]) -> bool:
    latest = (await publishing.read(deps.db, submission["cycle"]))["latest"]
    return await publications.has_entry(deps.db, latest, submission["school_id"])


def _not_there() -> NotFound:
    # The same for what is not there and what one may not see yet.
    return NotFound("没有这份申报材料，请检查网址")


async def print_again(deps: Deps, kind: DocumentKind, submission_id: str) -> Printed | None:
    """What the report would print now; None where there is none any more."""
    submission = await submissions.find(deps.db, submission_id)
    if submission is None or State(submission["state"]) not in _AGREED:
        return None
    return (await print_report(deps, kind, submission))[0]


async def print_report(
    deps: Deps, kind: DocumentKind, submission: Mapping[str, Any]
) -> tuple[Printed, dict[str, bytes]]:
    """What the report of the submission (as stored) prints now, and its pictures by their SHA-256."""
    visit = await visits.live_of(deps.db, submission["_id"])
    if visit is None:
        raise _not_there()
    found = await load(deps, None, visit, submission)
    outcome, for_school = assess(found.case), kind is DocumentKind.SCHOOLS_INSPECTION_REPORT
    school, district = submission["school"]["name"], district_name(deps, submission["district"])
    photos = await visit_photos.of_visit(deps.db, visit["_id"])
    signature = await countersignatures.find(deps.db, visit["_id"])
    lines, decision, rules = _scores(found, outcome, for_school), outcome.decision, found.cycle.cycle.rules
    own = found.case.self_assessment.points
    content = InspectionReport(
        title=f"{found.cycle.cycle.title}现场评估报告",
        school=school,
        district=district,
        stages="、".join(STAGE_NAMES[Stage(stage)] for stage in submission["school"]["stages"]),
        applied=grade_title(found.cycle, found.case.applied),
        visited=f"{visit['date']} {HALF_NAMES[Half(visit['half'])]}",
        team="、".join(f"{each['name']}{'（组长）' if each['lead'] else ''}" for each in visit["team"]),
        with_district=not for_school,
        total=as_number(sum(own.values())) if own else None,
        agreed_total=as_number(sum(each.points or 0 for each in outcome.items.values())),
        result=statement(rules, decision.attained, decision.awarded) if decision else None,
        indicators=lines,
        discrepancies=await _discrepancies(deps, submission["_id"]),
        rulings=tuple(_ruling(each, named=not for_school) for each in visit["rulings"]),
        photos=await _photos(deps, found, photos),
        signatures=_signatures(found, signature),
    )
    pictures = await _pictures(deps, photos)
    if signature is not None:
        pictures[_sha256(signature)] = signature
    return Printed(kind, submission["_id"], found.cycle, content, school, district), pictures


def _scores(found: VisitCase, outcome: Outcome, for_school: bool) -> tuple[IndicatorScores, ...]:
    given = {} if for_school else {key: each["points"] for key, each in found.submission["review"]["items"].items()}
    own = found.case.self_assessment.points
    lines = []
    for group in found.cycle.rubric.groups:
        for indicator in group.indicators:
            codes = [item.code for item in indicator.items]
            district = {code: given.get(item_key(code)) for code in codes}
            lines.append(
                IndicatorScores(
                    name=indicator.name,
                    points=as_number(indicator.points),
                    self_points=_sum([own.get(code) for code in codes]),
                    district_points=_sum(list(district.values())),
                    agreed_points=as_number(sum(outcome.items[code].points or 0 for code in codes)),
                    items=tuple(
                        ItemScores(
                            code=item.code,
                            text=item.text,
                            points=as_number(item.points),
                            self_points=_number(own.get(item.code)),
                            district_points=_number(district[item.code]),
                            agreed_points=_number(outcome.items[item.code].points),
                            unmet=tuple(
                                _CLAUSES[name]
                                for name, verdict in outcome.items[item.code].clauses.items()
                                if verdict is False
                            ),
                        )
                        for item in indicator.items
                    ),
                )
            )
    return tuple(lines)


def _number(points: int | None) -> int | float | None:
    return None if points is None else as_number(points)


def _sum(points: Sequence[int | None]) -> int | float | None:
    """The sum of what is given; None where nothing is."""
    known = [each for each in points if each is not None]
    return as_number(sum(known)) if known else None


async def _discrepancies(deps: Deps, submission_id: str) -> tuple[DiscrepancyLine, ...]:
    rows = await discrepancies.of_submission(deps.db, submission_id)
    said = {each["item"]: each for each in await answers.of_submission(deps.db, submission_id)}
    return tuple(
        DiscrepancyLine(
            item=row["item"],
            kind=KIND_NAMES[row["kind"]],
            delta=_number(row["delta"]),
            changes_grade=row["changes_grade"],
            state=ROW_STATE_NAMES[row["state"]],
            answer=said[row["item"]]["text"] if row["item"] in said else None,
        )
        for row in sorted(rows, key=lambda row: (not row["current"], str(row["rank"])))
    )


def _ruling(ruling: Mapping[str, Any], *, named: bool) -> RulingLine:
    rank = _RANKS[ruling["rank"]]
    return RulingLine(
        item=ruling["item"],
        points=_number(ruling["points"]),
        clauses=tuple(f"{_CLAUSES[name]} {'达到' if met else '未达到'}" for name, met in ruling["clauses"].items()),
        reason=ruling["reason"],
        by=f"{rank} {ruling['by']['name']}" if named else rank,
        at=_minute(ruling["at"]),
    )


def _minute(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


async def _photos(deps: Deps, found: VisitCase, photos: Sequence[Mapping[str, Any]]) -> tuple[PhotoLine, ...]:
    lost = {each["evidence_id"]: each["reason"] for each in found.visit["written_off"]}
    names = {sheet["inspector_id"]: sheet["name"] for sheet in found.sheets}
    # Whoever took a photo may have left the team since, and with it the sheets.
    for inspector in {photo["inspector_id"] for photo in photos} - set(names):
        person = await people.find(deps.db, inspector)
        names[inspector] = person.name if person else ""
    return tuple(
        PhotoLine(
            item=photo["item"],
            taken_at=_minute(photo["taken_at"]),
            by=names[photo["inspector_id"]],
            sha256=photo["sha256"],
            lost=lost.get(photo["_id"]),
        )
        for photo in photos
    )


async def _pictures(deps: Deps, photos: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """The small renditions of the photos, with the mark on them, by the SHA-256 of the photo; those that there are."""
    files: dict[str, str] = {}
    for photo in photos:
        made = (photo.get("renditions") or {}).get("320", {}).get("image/jpeg")
        if photo["sha256"] and made:
            files.setdefault(photo["sha256"], made["file_id"])
    shown = dict(list(files.items())[:MOST_PICTURES])
    found = await blobs.read_renditions(deps.db, list(shown.values()))
    return {sha256: found[file_id] for sha256, file_id in shown.items() if file_id in found}


def _signatures(found: VisitCase, signature: bytes | None) -> tuple[SignatureLine, ...]:
    leads = {each["inspector_id"] for each in found.visit["team"] if each["lead"]}
    lines = [
        SignatureLine(
            name=sheet["name"],
            role="组长" if sheet["inspector_id"] in leads else "评估专家",
            at=_minute(sheet["signed_at"]),
        )
        for sheet in found.signed
    ]
    said = found.visit["countersignature"]
    if said is not None:
        lines.append(
            SignatureLine(
                name=said["name"] or "",
                role=f"学校代表{'（' + said['role'] + '）' if said['role'] else ''}",
                at=_minute(said["at"]),
                refused=said["reason"] if said["refused"] else None,
                sha256=_sha256(signature) if signature is not None and not said["refused"] else None,
            )
        )
    return tuple(lines)


def _sha256(content: bytes) -> str:
    return sha256(content).hexdigest()
