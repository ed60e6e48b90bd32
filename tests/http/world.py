"""A city with schools at every state, for the tests that walk all operations; the calendar's phases overlap in it.

How schools get to a state is tested elsewhere: here they are put into the database as far as can be, and led on from
there through the API.
"""

import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from openpyxl import Workbook

from backend.models.people import Holding, Role
from backend.services.sessions import actor_of
from backend.store import people, sessions
from backend.store.migrations import migrate
from backend.store.people import Person, WeChatUser
from backend.store.recommendation_lists import list_id
from backend.store.sessions import Session, hash_token
from backend.store.submissions import new_draft
from inspection.rules.rubric import Rubric
from inspection.rules.workflow import State
from tests import photos
from tests.http import submitted
from tests.http.conftest import Answer, Clock, Service, SignedIn, new_id
from tests.http.uploading import Client, of_visit
from tests.http.visiting import PNG, Visiting
from tests.wechat_stub import Stub

NOW = datetime.fromisoformat("2022-09-05T02:00:00+00:00")
# An item without clauses, on which schools and inspectors part.
ITEM = "1.1.4"
MUNICIPAL = "municipal"
# Days from now: every transition is within its dates.
_CALENDAR = {
    "submission_opens": -60,
    "submission_closes": 20,
    "review_opens": -40,
    "hand_in": 20,
    "visits_open": -30,
    "visits_close": 40,
}
_DIRECT = {state.value: state for state in (State.DRAFT, State.SUBMITTED, State.ENDORSED, State.DECLINED)}
# What comes after planning, step by step; each name is also that of the method that takes the step.
_STEPS = (
    "planned",
    "opened",
    "scored",
    "signed",
    "countersigned",
    "closed",
    "answering",
    "answered",
    "decided",
    "noticed",
    "published",
)
# Steps that are not on the way to those after them.
_ASIDE = {"answering", "answered", "noticed"}


@dataclass(slots=True)
class Subject:
    """A school with all that belongs to it; what its state doesn't have yet is empty. `phones` are in its form."""

    school_id: str
    name: str
    district: str
    submission_id: str
    phones: tuple[str, ...]
    contact: SignedIn
    lead: SignedIn
    member: SignedIn
    evidence_id: str = ""
    photo_id: str = ""
    visit_id: str = ""
    notice_id: str = ""
    objection_id: str = ""
    publication_id: str = ""

    @property
    def marks(self) -> tuple[str, ...]:
        """What tells of this school, wherever it stands."""
        ids = (self.school_id, self.submission_id, self.visit_id, self.evidence_id, self.photo_id)
        return tuple(each for each in ids if each)


@dataclass(slots=True)
class World:
    """A running service with an open cycle. It remembers everybody in it."""

    service: Service
    clock: Clock
    stub: Stub
    city: SignedIn = field(init=False)
    subjects: list[Subject] = field(default_factory=list)
    people: list[SignedIn] = field(default_factory=list)
    count: int = 0

    @property
    def db(self) -> Any:
        """The database of the service."""
        return self.service.deps.db

    @property
    def rubric(self) -> Rubric:
        """The rubric of the cycle."""
        return self.service.deps.rubrics["taizhou-2022"]

    @property
    def visiting(self) -> Visiting:
        """The helper of tests of visits on this world."""
        return Visiting(self.service, self.sign_in, self.rubric, self.city)

    @property
    def opening(self) -> Any:
        """The request that opens the cycle."""
        return {"name": "2022", "dates": {name: self.later(days=days) for name, days in _CALENDAR.items()}}

    def later(self, **duration: float) -> str:
        """A moment from now: `later(days=1)`."""
        return (self.clock() + timedelta(**duration)).isoformat()

    def number(self) -> int:
        """A new number."""
        self.count += 1
        return self.count

    async def sign_in(
        self, role: str, *, school_id: str | None = None, district: str | None = None, name: str = "", of: str = ""
    ) -> SignedIn:
        """A new person with a session; `of` is the district of a contact's school."""
        number, now = self.number(), self.clock()
        holding = Holding(role=Role(role), school_id=school_id, district=district)
        person = Person(
            new_id(),
            name or f"人员{number:05}",
            f"138{number:08}",
            (holding,),
            school_districts=(of,) if of else (),
            wechat=WeChatUser(f"o-{number:05}", None, now),
        )
        token = secrets.token_urlsafe(32)
        session = Session(
            id=new_id(),
            token_hash=hash_token(token),
            person_id=person.id,
            name=person.name,
            holding=holding,
            opened_at=now,
            seen_at=now,
            expires_at=now + timedelta(days=60),
        )
        await people.insert(self.db, person)
        await sessions.insert(self.db, session)
        signed_in = SignedIn(token, actor_of(session), person)
        self.people.append(signed_in)
        return signed_in

    async def subject(self, stage: str, district: str = "hailing") -> Subject:
        """A new school at a stage: a state in the database, `complete`, or one of the steps after planning."""
        number = self.number()
        direct = _DIRECT.get(stage, State.DRAFT if stage == "complete" else State.ENDORSED)
        name = f"第{number:05}学校"
        await self.set_list(district, handed_in=False)
        school = await self.visiting.school(name, district=district, state=direct, handed_in=False)
        phones = (f"0523-77{number:06}", f"139{number:08}", f"137{number:08}")
        contact = await self.sign_in("school", school_id=school.id, of=district)
        lead, member = [await self.sign_in("inspector") for _ in range(2)]
        subject = Subject(school.id, name, district, school.submission_id, phones, contact, lead, member)
        await self._fill_in(subject, whole=stage == "complete")
        if stage in _STEPS:
            await self.lead_on(subject, stage)
        self.subjects.append(subject)
        return subject

    async def lead_on(self, subject: Subject, stage: str) -> None:
        """Takes all steps from planning to `stage` with an endorsed school."""
        for step in _STEPS[: _STEPS.index(stage) + 1]:
            if step == stage or step not in _ASIDE or (step, stage) == ("answering", "answered"):
                await getattr(self, f"_{step}")(subject)

    async def everything(self, district: str) -> Subject:
        """A published school that has one of everything."""
        subject = await self.subject("countersigned", district)
        for step in (self.photographed, self._closed, self._answered_in_time, self._decided, self._noticed):
            await step(subject)
        await self._published(subject)
        await self.set_list(district, handed_in=False)
        return subject

    async def _fill_in(self, subject: Subject, whole: bool) -> None:
        """What the form tells of people, and a photo; the whole form as a school fills it in, where it matters."""
        school, responsible, contact = subject.phones
        told = {
            "application.school_phone": school,
            "application.responsible": {"name": "陈校长", "phone": responsible},
            "application.contact": {"name": "周老师", "phone": contact},
        }
        await self.db.submissions.update_one({"_id": subject.submission_id}, {"$set": told})
        photo = {**submitted.evidence(new_id()), "schema": 1, "item": None, "added_by": subject.contact.person.id}
        subject.evidence_id = photo["_id"] = photo.pop("id")
        photo |= {"submission_id": subject.submission_id, "school_id": subject.school_id, "added_at": self.clock()}
        nothing = dict.fromkeys(("submitted_at", "removed_at", "removed_by", "blob_id", "stored_at", "upload"))
        await self.db.evidence.insert_one(photo | nothing)
        if whole:
            # From nothing: a value that stands there already would get no version, and phones know only what has one.
            school_of = {"_id": subject.school_id, "district": subject.district, "name": subject.name, "stages": ()}
            empty = new_draft(subject.submission_id, "2022", school_of, self.clock())
            fresh = {name: empty[name] for name in ("application", "items", "self_points")}
            await self.db.submissions.update_one({"_id": subject.submission_id}, {"$set": fresh})
            registered = submitted.Registered(subject.school_id, subject.name, subject.contact, subject.submission_id)
            api = submitted.World(self.service, self.sign_in, self.rubric, self.city, self.city)
            await api.fill_in(registered)

    async def _planned(self, subject: Subject) -> None:
        await self.set_list(subject.district, handed_in=True)
        body = {
            "submission_id": subject.submission_id,
            "date": "2022-09-05",
            "half": "morning",
            "team": [
                {"inspector_id": subject.lead.person.id, "lead": True},
                {"inspector_id": subject.member.person.id, "lead": False},
            ],
        }
        subject.visit_id = (await self.post("/api/visits", body)).json["id"]

    async def _opened(self, subject: Subject) -> None:
        await self.visiting.score(subject.visit_id, subject.member, (ITEM, "points", 0))

    async def photographed(self, subject: Subject) -> None:
        """The member takes a photo, which is not uploaded yet."""
        subject.photo_id = new_id()
        said = of_visit(subject.visit_id, subject.photo_id, item=ITEM, taken_at=self.later(minutes=-5))
        await Client(self.service, subject.member.token).upload(said, photos.photo(self.number(), size=(64, 48)))

    async def _scored(self, subject: Subject) -> None:
        visiting, nothing = self.visiting, {f"i{ITEM.replace('.', '_')}": 0}
        for who in (subject.lead, subject.member):
            changes = [
                each
                for each in visiting.everything(**nothing)
                # The member has set this field, and would have to say that they saw it.
                if who is subject.lead or each[:2] != (ITEM, "points")
            ]
            await visiting.score(subject.visit_id, who, *changes)

    async def _signed(self, subject: Subject) -> None:
        for who in (subject.lead, subject.member):
            answer = await self.visiting.sign(subject.visit_id, who)
            assert answer.status == 200, answer.body

    async def _countersigned(self, subject: Subject) -> None:
        body = {"name": "陈校长", "role": "校长", "signature": PNG}
        await self.send("PUT", f"/api/visits/{subject.visit_id}/countersignature", body, subject.lead)

    async def _closed(self, subject: Subject) -> None:
        await self.post(f"/api/visits/{subject.visit_id}/close", None, subject.lead)

    async def _answering(self, subject: Subject) -> None:
        body = {"closes": self.later(days=2)}
        await self.post(f"/api/submissions/{subject.submission_id}/answer-window", body)

    async def _answered(self, subject: Subject) -> None:
        path = f"/api/submissions/{subject.submission_id}/answers/{ITEM}"
        await self.send("PUT", path, {"text": "我校有多媒体教室"}, subject.contact)

    async def _answered_in_time(self, subject: Subject) -> None:
        await self._answering(subject)
        await self._answered(subject)
        path = f"/api/submissions/{subject.submission_id}/answers/{ITEM}/settle"
        await self.post(path, {"result": "upheld", "reason": "现场未见"})
        window = {"$set": {"answer_window.closes": self.clock()}}
        await self.db.submissions.update_one({"_id": subject.submission_id}, window)

    async def _decided(self, subject: Subject) -> None:
        await self.post("/api/decisions", {"submission_ids": [subject.submission_id]})

    async def _noticed(self, subject: Subject) -> None:
        body = {"until": "2022-09-20", "text": "现予公示"}
        subject.notice_id = (await self.post("/api/public-notices", body)).json["id"]
        objection = {"school_id": subject.school_id, "text": "机房未开放", "from": "家长"}
        path = f"/api/public-notices/{subject.notice_id}/objections"
        subject.objection_id = (await self.post(path, objection)).json["id"]

    async def _published(self, subject: Subject) -> None:
        await self.nothing_against_publishing()
        subject.publication_id = (await self.post("/api/publications", {})).json["id"]

    async def nothing_against_publishing(self) -> None:
        """Public notices are over, and objections settled."""
        await self.db.public_notices.update_many({}, {"$set": {"ends_at": self.clock()}})
        await self.db.objections.update_many({"state": "open"}, {"$set": {"state": "dismissed"}})

    async def set_list(self, district: str, *, handed_in: bool) -> None:
        """Whether the district's recommendation list is handed in, whatever is on it."""
        wanted = {"_id": list_id("2022", district)}
        if not handed_in:
            await self.db.recommendation_lists.delete_one(wanted)
            return
        await self.visiting.hand_in(district)
        empty: dict[str, Any] = {"contact": None, "phone": None, "order": [], "hand_ins": [], "reopenings": []}
        await self.db.recommendation_lists.update_one(wanted, {"$set": empty})

    async def only_endorsed(self, subject: Subject) -> None:
        """Makes the school the only one of its district, and endorsed."""
        others = {"district": subject.district, "_id": {"$ne": subject.submission_id}}
        gone = [each["_id"] async for each in self.db.submissions.find(others, {"_id": 1})]
        await self.db.submissions.delete_many({"_id": {"$in": gone}})
        # Nothing in the product leaves evidence behind without its submission.
        await self.db.evidence.delete_many({"submission_id": {"$in": gone}})
        await self.db.submissions.update_one({"_id": subject.submission_id}, {"$set": {"state": "endorsed"}})

    async def appoint(self, officer: SignedIn) -> None:
        """The officer reviews the municipal district's schools from now on."""
        await self.send("PUT", f"/api/districts/{MUNICIPAL}/reviewer", {"person_id": officer.person.id}, self.city)

    async def send(self, method: str, path: str, body: Any, who: SignedIn) -> Answer:
        """A request that succeeds."""
        answer = await self.service.request(method, path, json_body=body, token=who.token)
        assert answer.status < 300, f"{method} {path}: {answer.body.decode()}"
        return answer

    async def post(self, path: str, body: Any = None, who: SignedIn | None = None) -> Answer:
        """POST as the city officer, or whoever; it succeeds."""
        return await self.send("POST", path, body, who or self.city)


async def make_world(service: Service, clock: Clock, stub: Stub) -> World:
    """Opens the cycle with a calendar around `NOW`, on a database that is ready; everybody is bound to a WeChat user of
    the stub's."""
    clock.set(NOW)
    await migrate(service.deps.db)
    world = World(service, clock, stub)
    world.city = await world.sign_in("city")
    await world.post("/api/cycles", world.opening)
    return world


def workbook(titles: Sequence[str], *rows: Sequence[str | None]) -> bytes:
    """A workbook with one sheet."""
    book, file = Workbook(), io.BytesIO()
    for row in (titles, *rows):
        book.worksheets[0].append(list(row))
    book.save(file)
    return file.getvalue()
