"""The schools' part: they fill in the form, attach evidence, submit; the districts review and hand in their lists."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.demonstration.answers import evidence_counts, self_assessment
from backend.demonstration.pictures import photo
from backend.demonstration.registration import City, Entrant
from backend.demonstration.schools import DemoSchool
from inspection.rules.points import as_number

FILES = 3
MOST_CHANGES = 400
# The seed of a school, and of the one whose photo it uses.
BORROWED = (4, 11)
HIGHLIGHTS = "建成覆盖全校的智慧教学环境，形成“{name}”特色课程，近三年有多项成果在市级以上交流。"


async def fill_in(city: City, entrant: Entrant, share: float = 1.0) -> None:
    """Saves the form as it would be typed; `share` of the items is answered."""
    evidence = [await _add_evidence(city, entrant, number) for number in range(FILES)]
    changes = _application(entrant) + _items(city, entrant, evidence, share)
    for start in range(0, len(changes), MOST_CHANGES):
        body = {"changes": changes[start : start + MOST_CHANGES]}
        await city.api.call("PATCH", f"/api/submissions/{entrant.submission_id}", entrant.contact.token, body)


async def _add_evidence(city: City, entrant: Entrant, number: int) -> str:
    evidence_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{entrant.submission_id}/{number}"))
    taken_at = datetime.now(UTC) - timedelta(days=2 + number)
    data = await asyncio.to_thread(photo, seed_of(entrant.school, number), taken_at)
    said = {"submission_id": entrant.submission_id, "name": f"{entrant.school.name}-{number + 1}.jpg"}
    await city.api.upload(entrant.contact.token, data, evidence_id=evidence_id, **said)
    return evidence_id


def seed_of(school: DemoSchool, number: int) -> int:
    """The photo that a school shows as its `number`th. One school took its first from another, which is found out."""
    return FILES * (BORROWED[1] if school.seed == BORROWED[0] and number == 0 else school.seed) + number


def _application(entrant: Entrant) -> list[dict[str, Any]]:
    school = entrant.school
    values: dict[str, Any] = {
        "applied": school.applied,
        "school_phone": f"0523-86{school.seed:06}",
        "responsible/name": school.principal,
        "responsible/phone": f"1380000{school.seed:04}",
        "contact/name": school.contact,
        "contact/phone": entrant.contact.phone,
        "teachers": school.figures.teachers,
        "teacher_computers": school.figures.teacher_computers,
        "highlights": HIGHLIGHTS.format(name=school.name),
    }
    for stage in school.figures.stages:
        values[f"stages/{stage.stage}/classes"] = school.classes[stage.stage]
        values[f"stages/{stage.stage}/students"] = stage.students
        values[f"stages/{stage.stage}/student_devices"] = stage.student_devices
    return [_change(f"/application/{name}", value) for name, value in values.items()]


def _items(city: City, entrant: Entrant, evidence: Sequence[str], share: float) -> list[dict[str, Any]]:
    own, counts = self_assessment(entrant.school, city.rubric), evidence_counts(entrant.school, city.rubric)
    answered = list(own.points)[: round(len(own.points) * share)]
    changes = []
    for code in answered:
        changes.append(_change(f"/items/{code}/points", as_number(own.points[code])))
        for name, met in own.clauses.get(code, {}).items():
            changes.append(_change(f"/items/{code}/clauses/{name}", met))
        if code in counts:
            changes.append(_change(f"/items/{code}/evidence", evidence[: counts[code]]))
    return changes


def _change(field: str, value: Any) -> dict[str, Any]:
    return {"field": field, "value": value, "version": 0}


async def step(city: City, entrant: Entrant, token: str, action: str, body: Any = None) -> None:
    """Makes a transition of the submission; its new state is noted."""
    moved = await city.api.call("POST", f"/api/submissions/{entrant.submission_id}/{action}", token, body)
    entrant.state = moved["state"]


async def submit(city: City, entrant: Entrant) -> None:
    """The school submits."""
    await step(city, entrant, entrant.contact.token, "submit")


async def endorse(city: City, entrant: Entrant) -> None:
    """The district endorses; a few schools have to mend something first."""
    officer = city.districts[entrant.school.district].token
    if entrant.school.seed % 7 == 3:
        remarks = {"1.1.1": "请补充无线网络覆盖范围的说明和照片"}
        await step(
            city, entrant, officer, "return", {"reason": "部分佐证材料不够清晰，请补充后重新提交", "remarks": remarks}
        )
        await submit(city, entrant)
    await step(city, entrant, officer, "endorse", {"opinion": "材料齐全，同意推荐。"})


async def hand_in(city: City, district: str) -> None:
    """The district orders its list by the schools' own points and hands it in."""
    officer = city.districts[district]
    path = f"/api/recommendation-lists/{district}"
    found = await city.api.call("GET", path, officer.token)
    rows = sorted(found["rows"], key=lambda row: (-row["self_points"], row["school_name"]))
    body = {
        "version": found["version"],
        "contact": officer.name,
        "phone": officer.phone,
        "order": [row["submission_id"] for row in rows],
    }
    saved = await city.api.call("PUT", path, officer.token, body)
    await city.api.call("POST", f"{path}/hand-in", officer.token, {"version": saved["version"]})
