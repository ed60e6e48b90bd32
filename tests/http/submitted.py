"""Schools with their submissions for tests: registered, filled in, submitted, endorsed, all through the API."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import randrange
from typing import Any

from inspection.rules.case import School, Stage, applicable_clauses
from inspection.rules.points import as_number
from inspection.rules.rubric import Rubric
from tests import photos
from tests.http.conftest import Answer, Service, SignedIn, SignIn, new_id
from tests.http.uploading import Client, of_submission

PHONE = "0523-86881234"


@dataclass(frozen=True, slots=True)
class Registered:
    """A registered school, its contact, and its submission."""

    id: str
    name: str
    contact: SignedIn
    submission_id: str

    @property
    def path(self) -> str:
        """The submission's address."""
        return f"/api/submissions/{self.submission_id}"


@dataclass(frozen=True, slots=True)
class World:
    """A running service with an open cycle, a city officer, and the officer of the district hailing."""

    service: Service
    sign_in: SignIn
    rubric: Rubric
    city: SignedIn
    officer: SignedIn

    async def register(
        self, name: str = "海陵小学", district: str = "hailing", stages: tuple[str, ...] = ("primary",)
    ) -> Registered:
        """Registers a school and signs its contact in."""
        new = {"district": district, "name": name, "stages": list(stages)}
        school = (await self.service.post("/api/schools", new, self.city.token)).json
        contact = await self.sign_in("school", school_id=school["id"])
        found = (await self.service.get("/api/submissions", contact.token)).json["items"]
        return Registered(school["id"], name, contact, found[0]["id"])

    async def save(self, school: Registered, *changes: Mapping[str, Any], by: SignedIn | None = None) -> Answer:
        """PATCHes the changes."""
        token = (by or school.contact).token
        return await self.service.patch(school.path, {"changes": list(changes)}, token)

    async def read(self, school: Registered, by: SignedIn | None = None) -> Any:
        """The submission as its contact sees it."""
        answer = await self.service.get(school.path, (by or school.contact).token)
        assert answer.status == 200, answer.body
        return answer.json

    async def fill_in(self, school: Registered, **values: Any) -> None:
        """Fills in the whole form; `values` replace some by name."""
        await self.upload_evidence(school, evidence_id := new_id())
        view = await self.read(school)
        wanted = complete(self.rubric, tuple(view["school"]["stages"]), evidence_id) | values
        changes = [change(name, value, view["versions"].get(name, 0)) for name, value in wanted.items()]
        answer = await self.save(school, *changes)
        assert answer.status == 200, answer.body
        assert answer.json["conflicts"] == []

    async def add_evidence(self, school: Registered, evidence_id: str, **more: Any) -> Answer:
        """Records a photo."""
        return await self.service.post(f"{school.path}/evidence", evidence(evidence_id) | more, school.contact.token)

    async def upload_evidence(self, school: Registered, evidence_id: str, **more: str) -> None:
        """Uploads a photo."""
        said = of_submission(school.submission_id, evidence_id, **more)
        await Client(self.service, school.contact.token).upload(said, photos.snapshot(randrange(10**9)))

    async def post(self, school: Registered, verb: str, body: Any = None, by: SignedIn | None = None) -> Answer:
        """Makes a transition as the officer of hailing, or whoever."""
        return await self.service.post(f"{school.path}/{verb}", body, (by or self.officer).token)

    async def submitted(self, name: str = "海陵小学", district: str = "hailing") -> Registered:
        """A school that submitted."""
        school = await self.register(name, district)
        await self.fill_in(school)
        answer = await self.post(school, "submit", by=school.contact)
        assert answer.status == 200, answer.body
        return school

    async def endorsed(self, name: str = "海陵小学") -> Registered:
        """A school that hailing recommends."""
        school = await self.submitted(name)
        assert (await self.post(school, "endorse", {"opinion": "同意推荐"})).status == 200
        return school


async def make_world(service: Service, sign_in: SignIn) -> World:
    """Opens the cycle."""
    city, officer = await sign_in("city", name="李市长"), await sign_in("district", name="王科长")
    answer = await service.post("/api/cycles", {"name": "2022"}, city.token)
    assert answer.status in (200, 201), answer.body
    return World(service, sign_in, service.deps.rubrics["taizhou-2022"], city, officer)


def change(name: str, value: Any, version: int = 0) -> dict[str, Any]:
    """One change of a field."""
    return {"field": name, "value": value, "version": version}


def evidence(evidence_id: str) -> dict[str, Any]:
    """The record of a photo."""
    return {"id": evidence_id, "sha256": "ab" * 32, "kind": "photo", "name": "机房.jpg", "size": 123456}


def complete(rubric: Rubric, stages: tuple[str, ...], evidence_id: str) -> dict[str, Any]:
    """Every field that a submission needs, by name: full points, every clause claimed, a photo on every item."""
    application = {
        "applied": "excellent",
        "school_phone": PHONE,
        "responsible/name": "陈校长",
        "responsible/phone": "13800000001",
        "contact/name": "周老师",
        "contact/phone": "13800000002",
        "teachers": 60,
        "teacher_computers": 62,
        "highlights": "数据驱动的课堂",
    }
    for stage in stages:
        application |= {
            f"stages/{stage}/{name}": number
            for name, number in {"classes": 20, "students": 900, "student_devices": 150}.items()
        }
    fields: dict[str, Any] = {f"/application/{name}": value for name, value in application.items()}
    school = School(tuple(Stage(stage, 0, 0) for stage in stages), 0, 0)
    for code, clauses in applicable_clauses(rubric, school).items():
        fields[f"/items/{code}/points"] = as_number(rubric.items[code].points)
        fields |= {f"/items/{code}/clauses/{clause.name}": True for clause in clauses}
        fields[f"/items/{code}/evidence"] = [evidence_id]
    return fields
