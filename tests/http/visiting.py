"""Visits for tests: endorsed schools straight in the database, all that follows through the API."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.names import name_key
from backend.store.recommendation_lists import list_id
from backend.store.submissions import item_key, new_draft, self_points_of
from inspection.rules.case import School as Figures
from inspection.rules.case import Stage, applicable_clauses
from inspection.rules.points import as_number
from inspection.rules.rubric import Rubric
from inspection.rules.workflow import State
from tests.http.conftest import Answer, Service, SignedIn, SignIn, new_id

# Within the visits, 10:00 in Shanghai.
SEPTEMBER = datetime(2022, 9, 5, 2, 0, tzinfo=UTC)
# What every school here says of an item: nothing else in an answer looks like it.
SECRET = "自评说明绝密"
PNG = "iVBORw0KGgo="

Change = tuple[str, str, Any]


@dataclass(frozen=True, slots=True)
class School:
    """An endorsed school and its submission."""

    id: str
    name: str
    district: str
    submission_id: str
    stages: tuple[str, ...]


@dataclass(slots=True)
class Phone:
    """A phone of an inspector: it counts its operations, and its clock may be wrong by `ahead`."""

    who: SignedIn
    id: str = field(default_factory=new_id)
    seq: int = 0
    ahead: timedelta = timedelta()

    def clock(self, now: datetime) -> str:
        """What the phone shows."""
        return (now + self.ahead).isoformat()

    def operation(self, now: datetime, item: str, name: str, value: Any, saw: str | None = None) -> dict[str, Any]:
        """The next operation of this phone."""
        self.seq += 1
        return {
            "id": new_id(),
            "seq": self.seq,
            "at": self.clock(now),
            "item": item,
            "field": name,
            "value": value,
            "saw": saw,
        }


@dataclass(slots=True)
class Visiting:
    """A running service in September with an open cycle and a city officer."""

    service: Service
    sign_in: SignIn
    rubric: Rubric
    city: SignedIn
    phones: dict[str, Phone] = field(default_factory=dict)

    @property
    def db(self) -> Any:
        """The database of the service."""
        return self.service.deps.db

    async def inspectors(self, count: int) -> list[SignedIn]:
        """So many inspectors."""
        return [await self.sign_in("inspector", name=f"专家{'甲乙丙丁戊己庚辛'[number]}") for number in range(count)]

    async def school(
        self,
        name: str = "海陵小学",
        *,
        district: str = "hailing",
        stages: tuple[str, ...] = ("primary",),
        state: State = State.ENDORSED,
        handed_in: bool = True,
        own: Mapping[str, int] | None = None,
    ) -> School:
        """An endorsed school that claims full points (but for `own`, in hundredths) and every clause."""
        school = School(new_id(), name, district, new_id(), stages)
        document = {"_id": school.id, "district": district, "name": name, "stages": list(stages)}
        submission = new_draft(school.submission_id, "2022", document, SEPTEMBER)
        submission["state"] = state.value
        submission["application"] |= {"applied": "demonstration", "teachers": 60, "teacher_computers": 62}
        submission["application"]["stages"] = {
            stage: {"classes": 20, "students": 900, "student_devices": 150} for stage in stages
        }
        submission["items"] = {
            item_key(code): {
                "points": (own or {}).get(code, item.points),
                "clauses": {name: True for name, _ in self.clauses(stages, code)},
                "note": f"{SECRET}{code}",
                "evidence": [new_id()],
            }
            for code, item in self.rubric.items.items()
        }
        submission["self_points"] = self_points_of(submission["items"])
        kept = {"schema": 2, "version": 1, "name_key": name_key(name), "phone": None, "location": None}
        await self.db.schools.insert_one({**document, **kept, "past_awards": [], "registered_at": SEPTEMBER})
        await self.db.submissions.insert_one(submission)
        if handed_in:
            await self.hand_in(district)
        return school

    async def hand_in(self, district: str) -> None:
        """The district has handed its list in."""
        fields = {"schema": 1, "version": 1, "cycle": "2022", "district": district, "handed_in_at": SEPTEMBER}
        await self.db.recommendation_lists.update_one({"_id": list_id("2022", district)}, {"$set": fields}, upsert=True)

    def clauses(self, stages: Sequence[str], code: str) -> list[tuple[str, bool]]:
        """The clauses of an item that apply, each with whether figures decide it."""
        figures = Figures(tuple(Stage(stage, 1, 1) for stage in stages), 1, 1)
        return [(clause.name, clause.figures is not None) for clause in applicable_clauses(self.rubric, figures)[code]]

    def body(self, school: School, *team: SignedIn, **more: Any) -> dict[str, Any]:
        """A visit to plan; the first of the team leads."""
        members = [{"inspector_id": each.person.id, "lead": each is team[0]} for each in team]
        return {
            "submission_id": school.submission_id,
            "date": "2022-09-05",
            "half": "morning",
            "team": members,
        } | more

    async def plan(self, school: School, *team: SignedIn, **more: Any) -> str:
        """Plans a visit; its id."""
        answer = await self.post("/api/visits", self.body(school, *team, **more))
        assert answer.status == 201, answer.body
        return str(answer.json["id"])

    async def get(self, path: str, who: SignedIn | None = None) -> Answer:
        """GET as the city officer, or whoever."""
        return await self.service.get(path, (who or self.city).token)

    async def post(self, path: str, body: Any = None, who: SignedIn | None = None) -> Answer:
        """POST as the city officer, or whoever."""
        return await self.service.post(path, body, (who or self.city).token)

    def phone(self, who: SignedIn) -> Phone:
        """The inspector's own phone."""
        return self.phones.setdefault(who.person.id, Phone(who))

    def operations(self, phone: Phone, changes: Iterable[Change]) -> list[dict[str, Any]]:
        """The operations of these changes, made now."""
        return [phone.operation(self.service.clock(), *each) for each in changes]

    async def send(self, visit_id: str, phone: Phone, operations: Sequence[Mapping[str, Any]]) -> Answer:
        """Sends a batch."""
        body = {"device": phone.id, "device_now": phone.clock(self.service.clock()), "operations": list(operations)}
        return await self.post(f"/api/visits/{visit_id}/operations", body, phone.who)

    async def score(self, visit_id: str, who: SignedIn, *changes: Change) -> Any:
        """Scores on the inspector's own phone; the answer, in which nothing is refused."""
        phone = self.phone(who)
        answer = await self.send(visit_id, phone, self.operations(phone, changes))
        assert answer.status == 200, answer.body
        assert answer.json["refused"] == []
        return answer.json

    def everything(self, **points: int) -> list[Change]:
        """Full points (but for `points`, hundredths by item like `i1_1_1`), every clause of a primary school met."""
        wanted = {name[1:].replace("_", "."): value for name, value in points.items()}
        changes: list[Change] = []
        for code, item in self.rubric.items.items():
            changes.append((code, "points", as_number(wanted.get(code, item.points))))
            changes += [
                (code, f"clauses/{name}", True) for name, figures in self.clauses(("primary",), code) if not figures
            ]
        return changes

    async def sheet(self, visit_id: str, who: SignedIn, since: int = 0) -> Any:
        """The inspector's sheet."""
        answer = await self.get(f"/api/visits/{visit_id}/sheet?since={since}", who)
        assert answer.status == 200, answer.body
        return answer.json

    async def sign(self, visit_id: str, who: SignedIn, version: int | None = None) -> Answer:
        """Signs the sheet as it is."""
        if version is None:
            version = (await self.sheet(visit_id, who))["version"]
        return await self.post(f"/api/visits/{visit_id}/sheet/sign", {"version": version}, who)

    async def score_and_sign(self, visit_id: str, who: SignedIn, **points: int) -> None:
        """Everything, signed."""
        await self.score(visit_id, who, *self.everything(**points))
        answer = await self.sign(visit_id, who)
        assert answer.status == 200, answer.body

    async def state(self, school: School) -> str:
        """The state of the school's submission."""
        return str((await self.db.submissions.find_one({"_id": school.submission_id}))["state"])

    async def inbox(self, who: SignedIn) -> list[str]:
        """The kinds of the person's messages, sorted: the clock stands still."""
        return sorted([each["event"] async for each in self.db.inbox.find({"person_id": who.person.id})])


async def make_visiting(service: Service, sign_in: SignIn) -> Visiting:
    """Goes on to September and opens the cycle."""
    service.clock.set(SEPTEMBER)
    city = await sign_in("city", name="李市长")
    answer = await service.post("/api/cycles", {"name": "2022"}, city.token)
    assert answer.status in (200, 201), answer.body
    return Visiting(service, sign_in, service.deps.rubrics["taizhou-2022"], city)
