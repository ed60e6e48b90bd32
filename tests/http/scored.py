"""Schools whose visit is closed, put straight into the database: what the tests of discrepancies, decisions and
publications begin with. How a school gets there is tested elsewhere, and by the demonstration."""

import os
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.names import name_key
from backend.services.cycles import current
from backend.services.discrepancies import refresh
from backend.services.reconciliation import case_of
from backend.store.mongo import Session, transact
from backend.store.submissions import item_key, new_draft, self_points_of
from inspection.rules.case import School, Stage, applicable_clauses
from inspection.rules.rubric import Rubric
from inspection.rules.workflow import State
from tests.http.conftest import Answer, Service, SignedIn, SignIn, new_id

# After the visits.
OCTOBER = datetime(2022, 10, 10, 2, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scored:
    """A school with its submission, whose contact signs in when asked to."""

    id: str
    name: str
    district: str
    submission_id: str
    visit_id: str

    @property
    def path(self) -> str:
        """The submission's address."""
        return f"/api/submissions/{self.submission_id}"


@dataclass(slots=True)
class City:
    """A running service with an open cycle in October, and a city officer."""

    service: Service
    sign_in: SignIn
    rubric: Rubric
    officer: SignedIn
    contacts: dict[str, SignedIn] = field(default_factory=dict)

    async def contact(self, school: Scored) -> SignedIn:
        """The school's contact."""
        if school.id not in self.contacts:
            self.contacts[school.id] = await self.sign_in("school", school_id=school.id)
        return self.contacts[school.id]

    async def school(
        self,
        name: str = "海陵小学",
        *,
        district: str = "hailing",
        applied: str = "demonstration",
        own: Mapping[str, int] | None = None,
        agreed: Mapping[str, int] | None = None,
        unmet: Sequence[tuple[str, str]] = (),
        lost: int = 0,
        reviewers: Sequence[str] = (),
        past: Sequence[str] = (),
    ) -> Scored:
        """A scored school: full points and all clauses met, in its own eyes and the inspectors'.

        But for `own` and `agreed`, hundredths by item; the clauses `unmet`, which the inspectors deny; and `lost`
        hundredths that it neither claims nor is given, on items without clauses.
        """
        school_id, submission_id, visit_id = new_id(), new_id(), new_id()
        full = {code: item.points for code, item in self.rubric.items.items()}
        for code, item in self.rubric.items.items():
            if lost and not item.clauses and code not in {**(own or {}), **(agreed or {})}:
                full[code] -= (taken := min(lost, item.points))
                lost -= taken
        school = {"_id": school_id, "district": district, "name": name, "stages": ["primary"]}
        clauses = applicable_clauses(self.rubric, School((Stage("primary", 1, 1),), 1, 1))
        submission = new_draft(submission_id, "2022", school, OCTOBER)
        submission["state"] = State.SCORED.value
        submission["application"] |= {"applied": applied, "teachers": 60, "teacher_computers": 60}
        submission["application"]["stages"] = {"primary": {"classes": 20, "students": 900, "student_devices": 100}}
        submission["review"]["reviewers"] = list(reviewers)
        submission["items"] = {
            item_key(code): {
                "points": ({**full, **(own or {})})[code],
                "clauses": {clause.name: True for clause in clauses[code]},
                "note": None,
                "evidence": ["x"],
            }
            for code in full
        }
        submission["self_points"] = self_points_of(submission["items"])
        visit = {
            "_id": visit_id,
            "schema": 1,
            "version": 1,
            "submission_id": submission_id,
            "state": "closed",
            "live": True,
            "date": "2022-09-05",
            "opened_at": OCTOBER - timedelta(days=35),
            "closed_at": OCTOBER - timedelta(days=35) + timedelta(hours=3),
            "rulings": [],
        }
        points = {item_key(code): number for code, number in {**full, **(agreed or {})}.items()}
        verdicts = {
            item_key(code): {clause.name: (code, clause.name) not in unmet for clause in each}
            for code, each in clauses.items()
            if each
        }
        sheets = [
            {
                "_id": new_id(),
                "schema": 1,
                "version": 1,
                "visit_id": visit_id,
                "inspector_id": new_id(),
                "name": "专家",
                "state": "signed",
                "points": points,
                "clauses": verdicts,
            }
            for _ in range(2)
        ]
        db = self.service.deps.db
        registered = {"schema": 2, "version": 1, "name_key": name_key(name), "phone": None, "location": None}
        awards = [{"year": 2020 + number, "grade": grade} for number, grade in enumerate(past)]
        await db.schools.insert_one({**school, **registered, "past_awards": awards, "registered_at": OCTOBER})
        await db.submissions.insert_one(submission)
        await db.visits.insert_one(visit)
        await db.score_sheets.insert_many(sheets)

        async def close(transaction: Session) -> None:
            cycle = await current(self.service.deps, transaction)
            case = case_of(cycle, submission, visit, sheets)
            await refresh(self.service.deps, transaction, cycle, submission, visit, case)

        await transact(db, close)
        return Scored(school_id, name, district, submission_id, visit_id)

    async def decide(self, *schools: Scored, by: SignedIn | None = None) -> Answer:
        """Confirms the proposed grades."""
        body = {"submission_ids": [school.submission_id for school in schools], "opinion": "同意"}
        return await self.service.post("/api/decisions", body, (by or self.officer).token)

    async def decided(self, name: str, **more: Any) -> Scored:
        """A school that is decided."""
        school = await self.school(name, **more)
        answer = await self.decide(school)
        assert answer.status == 200, answer.body
        return school

    async def publish(self) -> Answer:
        """Publishes what is decided."""
        return await self.service.post("/api/publications", {}, self.officer.token)

    async def published(self) -> Any:
        """Publishes what is decided; the publication."""
        answer = await self.publish()
        assert answer.status == 201, answer.body
        return answer.json

    async def get(self, path: str, who: SignedIn | None = None) -> Answer:
        """GET as the city officer, or whoever."""
        return await self.service.get(path, (who or self.officer).token)

    async def post(self, path: str, body: Any = None, who: SignedIn | None = None) -> Answer:
        """POST as the city officer, or whoever."""
        return await self.service.post(path, body, (who or self.officer).token)

    async def state(self, school: Scored) -> str:
        """The state of the school's submission."""
        found = await self.service.deps.db.submissions.find_one({"_id": school.submission_id})
        assert found is not None
        return str(found["state"])

    async def inbox(self, who: SignedIn) -> list[tuple[str, str]]:
        """The kinds and texts of the person's messages, newest first."""
        items = (await self.service.get("/api/inbox?limit=200", who.token)).json["items"]
        return [(message["event"], message["text"]) for message in items]


async def make_city(service: Service, sign_in: SignIn) -> City:
    """Goes on to October and opens the cycle."""
    service.clock.set(OCTOBER)
    officer = await sign_in("city", name="李市长")
    answer = await service.post("/api/cycles", {"name": "2022"}, officer.token)
    assert answer.status in (200, 201), answer.body
    return City(service, sign_in, service.deps.rubrics["taizhou-2022"], officer)


def seeds(count: int = 12) -> list[int]:
    """Fresh seeds for every run of the tests, the same in all of its workers; SEED=… repeats one that failed."""
    if "SEED" in os.environ:
        return [int(os.environ["SEED"])]
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    chance = random.Random(run)
    return [chance.randrange(10**9) for _ in range(count)]
