"""The inspectors' part: visits are planned, scored on phones, signed, ruled on where the team differs, and closed."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from backend.demonstration.answers import ruling_of, score_sheet
from backend.demonstration.pictures import DEVICE, photo
from backend.demonstration.registration import City, Entrant, Member
from inspection.rules.points import as_number
from inspection.rules.workflow import SHANGHAI

TEAM = 3
# Photos of visits are other rooms than those in the forms.
SEEDS_OF_FORMS = 1_000_000
FIRST_DAY, LAST_DAY = -25, 35
REASON = "现场复核原始材料并与两位专家合议后认定"


def working_days(now: datetime, first: int = FIRST_DAY, last: int = LAST_DAY) -> list[date]:
    """The working days from `first` to before `last`, counted from today."""
    days = [today(now) + timedelta(days=number) for number in range(first, last)]
    return [day for day in days if day.weekday() < 5]


def today(now: datetime) -> date:
    """The day in Shanghai."""
    return now.astimezone(SHANGHAI).date()


async def plan(
    city: City, entrants: Sequence[Entrant], now: datetime, days: Sequence[date] = (), *, shared: bool = False
) -> None:
    """Plans a visit to each of these schools, as the service suggests it, on these days: working days around today
    where none are given. `shared`: each of a team has groups of the rubric to score."""
    body = {"team_size": TEAM, "days": [day.isoformat() for day in days or working_days(now)]}
    suggested = await city.api.call("POST", "/api/visits/suggestion", city.officer.token, body)
    wanted = {entrant.submission_id: entrant for entrant in entrants}
    groups = [group.code for group in city.rubric.groups] if shared else []
    visits = [_visit(each, groups) for each in suggested["visits"] if each["submission_id"] in wanted]
    planned = await city.api.call("POST", "/api/visits/plan", city.officer.token, {"visits": visits})
    for visit in planned["visits"]:
        wanted[visit["submission_id"]].visit_id = visit["id"]


def _visit(suggested: Mapping[str, Any], groups: Sequence[str]) -> dict[str, Any]:
    team = [{"inspector_id": member["inspector_id"], "lead": member["lead"]} for member in suggested["team"]]
    planned: dict[str, Any] = {name: suggested[name] for name in ("submission_id", "date", "half")}
    if groups:
        planned["assignments"] = {
            member["inspector_id"]: groups[number :: len(team)] for number, member in enumerate(team)
        }
    return {**planned, "team": team}


async def team_of(city: City, entrant: Entrant) -> tuple[Member, list[Member]]:
    """The lead of the school's visit, and the whole team."""
    visit = await city.api.call("GET", f"/api/visits/{entrant.visit_id}", city.officer.token)
    by_id = {inspector.id: inspector for inspector in city.inspectors}
    team = [by_id[member["inspector_id"]] for member in visit["team"]]
    (lead,) = (by_id[member["inspector_id"]] for member in visit["team"] if member["lead"])
    return lead, team


async def score(city: City, entrant: Entrant, inspector: Member, share: float = 1.0) -> Any:
    """The inspector's phone sends what was scored, `share` of the items, in one batch; gives the answer to it."""
    sheet = score_sheet(entrant.school, city.rubric, city.inspectors.index(inspector))
    values = [
        (code, field, value)
        for code in list(sheet.points)[: round(len(sheet.points) * share)]
        for field, value in [
            ("points", as_number(sheet.points[code])),
            *((f"clauses/{name}", met) for name, met in sheet.clauses.get(code, {}).items()),
        ]
    ]
    device = str(uuid.uuid5(uuid.NAMESPACE_URL, f"phone of {inspector.id}"))
    now = datetime.now(UTC)
    operations = [
        {
            "id": str(uuid.uuid4()),
            "seq": number,
            "at": (now - timedelta(seconds=20 * (len(values) - number))).isoformat(timespec="milliseconds"),
            "item": code,
            "field": field,
            "value": value,
        }
        for number, (code, field, value) in enumerate(values, start=1)
    ]
    body = {"device": device, "device_now": now.isoformat(timespec="milliseconds"), "operations": operations}
    entrant.state = "visiting"
    return await city.api.call("POST", f"/api/visits/{entrant.visit_id}/operations", inspector.token, body)


async def photograph(city: City, entrant: Entrant, inspector: Member, number: int) -> None:
    """The inspector takes a photo of what an item is about."""
    taken_at = datetime.now(UTC) - timedelta(minutes=5)
    data = await asyncio.to_thread(photo, SEEDS_OF_FORMS + TEAM * entrant.school.seed + number, taken_at)
    said = {
        "evidence_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{entrant.visit_id}/{inspector.id}")),
        "visit_id": entrant.visit_id,
        "item": list(city.rubric.items)[number],
        "taken_at": taken_at.isoformat(timespec="milliseconds"),
        "device": DEVICE,
    }
    await city.api.upload(inspector.token, data, **said)


async def inspect(city: City, entrant: Entrant) -> None:
    """The whole visit: all score and sign, the lead rules, the school countersigns, the lead closes."""
    lead, team = await team_of(city, entrant)
    path = f"/api/visits/{entrant.visit_id}"
    for number, inspector in enumerate(team):
        synced = await score(city, entrant, inspector)
        await photograph(city, entrant, inspector, number)
        await city.api.call("POST", f"{path}/sheet/sign", inspector.token, {"version": synced["version"]})
    await rule(city, entrant, lead)
    signature = {"name": entrant.school.principal, "role": "校长", "signature": SIGNATURE}
    await city.api.call("PUT", f"{path}/countersignature", lead.token, signature)
    await city.api.call("POST", f"{path}/close", lead.token)
    entrant.state = "scored"


async def rule(city: City, entrant: Entrant, lead: Member) -> None:
    """The lead rules on every item where the team differs."""
    path = f"/api/visits/{entrant.visit_id}"
    found = await city.api.call("GET", f"{path}/reconciliation", lead.token)
    for code in found["undecided"]:
        ruling = ruling_of(entrant.school, city.rubric, code)
        body: dict[str, Any] = {"item": code, "points": as_number(ruling.points[code]), "reason": REASON}
        if ruling.clauses:
            body["clauses"] = ruling.clauses[code]
        await city.api.call("POST", f"{path}/rulings", lead.token, body)


# One white pixel: a PNG that stands for a signature drawn on a phone.
SIGNATURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEANl9ngAAAAABJRU5ErkJggg=="
