"""One request for every operation that succeeds, as every role that may make it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from inspect import isawaitable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from backend.app import ROUTES
from backend.config_files import default_config_folder, read_rubric_file
from backend.handlers.openapi_document import Line, lines
from backend.handlers.operation import Media
from backend.models.people import Role
from backend.services import files
from backend.store import photo_records, uploads
from backend.store.photo_records import Kind, PhotoRecord
from tests import photos
from tests.http.arriving import Arrivals
from tests.http.conftest import SignedIn, new_id
from tests.http.uploading import TUS, encoded, form_body, jpeg, of_submission, of_visit
from tests.http.world import ITEM, MUNICIPAL, Subject, World, workbook
from tests.wechat_stub import push

LINES: tuple[Line, ...] = tuple(lines(ROUTES))
# `lead` and `inspector` are both inspectors: the one who leads the visit, and another of its team.
ROLES = ("school", "inspector", "lead", "district", "city", "admin")
LONG = "a long enough password"


@dataclass(frozen=True)
class Case:
    """What a request is made of: the world, the school that it is about, and who makes it in which role."""

    world: World
    subject: Subject
    actor: SignedIn
    role: str

    @cached_property
    def pushed(self) -> tuple[dict[str, str], str]:
        """A push of WeChat's: its query and its body, which is encrypted and signed by the query."""
        stub = self.world.stub
        row = {"TemplateId": "t-1", "SubscribeStatusString": "accept", "PopupScene": "0"}
        return push.request_of(
            stub.event("o-00001", "subscribe_msg_popup_event", row),
            token=stub.push_token,
            aes_key=stub.aes_key,
            app_id=stub.platform.app_id,
            timestamp=int(self.world.clock().timestamp()),
            form="xml",
            safe=True,
        )


# Of a case, or of one and awaited.
Body = Callable[[Case], Any]
Value = Callable[[Case], "str | Awaitable[str]"]
Prepare = Callable[[Case], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sample:
    """How to call an operation so that it succeeds.

    `stage` is what the school has come to, by role where it differs. `but` may not after all: the lead of a visit is an
    inspector, and may what others of the team may not. `values` are parts of the path.
    """

    stage: str | Mapping[str, str] = "draft"
    body: Body | None = None
    query: Callable[[Case], Mapping[str, str] | Awaitable[Mapping[str, str]]] | None = None
    headers: Callable[[Case], Mapping[str, str]] | None = None
    handed_in: bool = False
    district: str = "hailing"
    prepare: Prepare | None = None
    but: frozenset[str] = frozenset()
    values: Mapping[str, Value] = field(default_factory=dict)

    def stage_for(self, role: str) -> str:
        """The stage of the school for this role."""
        return self.stage if isinstance(self.stage, str) else self.stage[role]


# The parts of paths, but for those that a sample gives itself.
VALUES: Mapping[str, Value] = {
    "school_id": lambda case: case.subject.school_id,
    "submission_id": lambda case: case.subject.submission_id,
    "evidence_id": lambda case: case.subject.evidence_id,
    "visit_id": lambda case: case.subject.visit_id,
    "notice_id": lambda case: case.subject.notice_id,
    "objection_id": lambda case: case.subject.objection_id,
    "publication_id": lambda case: case.subject.publication_id,
    "district": lambda case: case.subject.district,
    "rubric_hash": lambda case: candidate(case),
    "item": lambda case: ITEM,
    "import_kind": lambda case: "schools",
    "page_file": lambda case: "style.css",
    "web_path": lambda case: "sw.js",
}


async def stored_evidence(case: Case) -> str:
    """The school's evidence, which has been uploaded and checked; with an address of its picture for the case."""
    record = await _stored(case, "evidence", case.subject.evidence_id)
    if record is not None:
        shown = (await files.views(case.world.service.deps, case.world.city.actor, [record]))[record.id]
        case.__dict__["address"] = dict(parse_qsl(urlsplit(shown.small or "").query))
    return case.subject.evidence_id


async def evidence_stored(case: Case) -> None:
    """The school's evidence has been uploaded and checked."""
    await stored_evidence(case)


async def photographed(case: Case) -> None:
    """An inspector has taken a photo."""
    await case.world.photographed(case.subject)


async def stored_photo(case: Case) -> str:
    """An inspector's photo, which has been uploaded and checked."""
    await _stored(case, "visit_photo", case.subject.photo_id)
    return case.subject.photo_id


async def _stored(case: Case, kind: Kind, record_id: str) -> PhotoRecord | None:
    arrivals = Arrivals(case.world.service.deps)
    found = await photo_records.find(arrivals.deps.db, kind, record_id)
    if found is not None and not found.document.get("blob_id"):
        picture = photos.snapshot(len(case.world.subjects))
        blob = {"blob_id": await arrivals.blob(case.subject.school_id, picture), "stored_at": case.world.clock()}
        collection = "evidence" if kind == "evidence" else "visit_photos"
        await arrivals.deps.db[collection].update_one({"_id": record_id}, {"$set": blob})
    await arrivals.check_all()
    return await photo_records.find(arrivals.deps.db, kind, record_id)


def said(case: Case) -> Any:
    """A reason."""
    return {"reason": "材料不全"}


def holding(actor: SignedIn) -> dict[str, Any]:
    """The role of the actor as a request names it."""
    return {"role": actor.actor.role.value, "school_id": actor.actor.school_id, "district": actor.actor.district}


def contact_or_self(case: Case) -> str:
    """The person whom officers look at: the school's contact; everybody else themself."""
    officer = case.role in ("district", "city", "admin")
    return (case.subject.contact if officer else whose(case)).person.id


def whose(case: Case) -> SignedIn:
    """Whom a request about a person is about: the one in the actor's place in this school's matters."""
    places = {"school": case.subject.contact, "inspector": case.subject.member, "lead": case.subject.lead}
    return places.get(case.role, case.actor)


async def message_of(case: Case) -> str:
    """A new message to the one in the actor's place."""
    message_id = new_id()
    message = {
        "_id": message_id,
        "schema": 1,
        "person_id": whose(case).person.id,
        "event": "submission.returned",
        "title": "申报材料被退回",
        "text": "请修改后重新提交",
        "link": None,
        "at": case.world.clock(),
        "read_at": None,
        "unread": True,
    }
    await case.world.db.inbox.insert_one(message)
    return message_id


async def link(case: Case) -> Any:
    """A sign-in link of a new person."""
    person = await case.world.sign_in("inspector")
    made = await case.world.post(f"/api/people/{person.person.id}/sign-in-links", {})
    return {"link": urlsplit(made.json["url"]).fragment}


def new_person(case: Case) -> Any:
    """Somebody not known yet."""
    return {"name": "新人", "phone": f"136{case.world.number():08}", "holding": {"role": "inspector"}}


async def visit(case: Case) -> Any:
    """A visit to plan, by a team of its own."""
    team = [await case.world.sign_in("inspector") for _ in range(2)]
    members = [{"inspector_id": each.person.id, "lead": each is team[0]} for each in team]
    return {"submission_id": case.subject.submission_id, "date": "2022-09-06", "half": "morning", "team": members}


async def visits(case: Case) -> Any:
    """Visits to plan together."""
    return {"visits": [await visit(case)]}


def schools_file(case: Case) -> bytes:
    """A workbook with one school."""
    name = f"表中第{case.world.number():05}学校"
    return workbook(("市（区）", "学校名称", "学段", "联系人", "联系电话"), ("海陵区", name, "小学", None, None))


async def visits_file(case: Case) -> bytes:
    """A workbook with one visit."""
    team = [await case.world.sign_in("inspector") for _ in range(2)]
    lead, member = (each.person.phone for each in team)
    titles = ("市（区）", "学校名称", "日期", "时段", "组长", "组员")
    return workbook(titles, ("海陵区", case.subject.name, "2022-09-07", "上午", lead, member))


async def visit_change(case: Case) -> Any:
    """Another half of the day."""
    found = await case.world.db.visits.find_one({"_id": case.subject.visit_id})
    return {"version": found["version"], "half": "afternoon"}


async def sheet_version(case: Case) -> Any:
    """The version of the actor's sheet."""
    who = case.subject.lead if case.role == "lead" else case.subject.member
    wanted = {"visit_id": case.subject.visit_id, "inspector_id": who.person.id}
    return {"version": (await case.world.db.score_sheets.find_one(wanted))["version"]}


async def version_of_list(case: Case) -> Any:
    """The version of the district's list."""
    return {"version": (await _list(case))["version"]}


async def whole_list(case: Case) -> Any:
    """The list with its one school."""
    order = [case.subject.submission_id]
    return {"version": (await _list(case))["version"], "contact": "王科长", "phone": "0523-86880000", "order": order}


async def _list(case: Case) -> Any:
    path = f"/api/recommendation-lists/{case.subject.district}"
    answer = await case.world.service.get(path, case.world.city.token)
    assert answer.status == 200, answer.body.decode()
    return answer.json


async def alone(case: Case) -> None:
    """Only this school is on its district's list."""
    await case.world.db.recommendation_lists.delete_many({"district": case.subject.district})
    await case.world.only_endorsed(case.subject)


async def list_saved(case: Case) -> None:
    """The list is ready to be handed in."""
    await alone(case)
    officer = case.actor if case.role == "city" else await case.world.sign_in("district", district=LISTED)
    path = f"/api/recommendation-lists/{case.subject.district}"
    await case.world.send("PUT", path, await whole_list(case), officer)


async def list_handed_in(case: Case) -> None:
    """The list is handed in."""
    await alone(case)
    officer = await case.world.sign_in("district", district=LISTED)
    path = f"/api/recommendation-lists/{case.subject.district}"
    await case.world.send("PUT", path, await whole_list(case), officer)
    await case.world.send("POST", f"{path}/hand-in", await version_of_list(case), officer)


def rubric_file(case: Case) -> bytes:
    """The rubric with another remark at its end: another file, which says the same."""
    source = read_rubric_file(default_config_folder(), "taizhou-2022")
    return source + f"# {case.world.number()}\n".encode()


async def candidate(case: Case) -> str:
    """A rubric that was uploaded to be looked at."""
    answer = await case.world.service.request(
        "POST",
        "/api/rubric/candidates",
        body=rubric_file(case),
        token=case.world.city.token,
        headers={"Content-Type": "application/yaml"},
    )
    assert answer.status == 201, answer.body
    return str(answer.json["sha256"])


async def adoption(case: Case) -> Any:
    """Why it is taken, and what it was compared with."""
    cycle = await case.world.service.get("/api/cycle", case.world.city.token)
    return {"reason": "省里修订了细则", "present_sha256": cycle.json["rubric_sha256"]}


async def nothing_decided(case: Case) -> None:
    """No school waits for its publication."""
    await case.world.db.submissions.update_many({"state": "decided"}, {"$set": {"state": "withdrawn"}})


async def no_cycle(case: Case) -> None:
    """There is no cycle any more, so that it can be opened."""
    await case.world.db.cycles.delete_many({})
    case.world.service.deps.cycle_cache.drop()


async def handed_in_for_the_city(case: Case) -> None:
    """The list is handed in for the city's part of an action, and open for the school's."""
    await case.world.set_list(case.subject.district, handed_in=case.role == "city")


async def publishable(case: Case) -> None:
    """Nothing stands against publishing."""
    await case.world.nothing_against_publishing()


def batch(case: Case) -> Any:
    """One change from a phone."""
    change = {"id": new_id(), "seq": 1, "at": case.world.later(), "item": ITEM, "field": "points", "value": 1}
    return {"device": new_id(), "device_now": case.world.later(), "operations": [change]}


def photo(case: Case) -> Any:
    """A photo that was just taken."""
    return {"id": new_id(), "item": ITEM, "taken_at": case.world.later(minutes=-1), "sha256": None}


async def lost_photo(case: Case) -> Any:
    """A photo that never arrived, to write off."""
    taken = photo(case)
    path = f"/api/visits/{case.subject.visit_id}/evidence"
    await case.world.service.post(path, taken, case.subject.member.token)
    return {"evidence_id": taken["id"], "reason": "手机遗失"}


def login(case: Case) -> Any:
    """A WeChat user whom nobody knows yet."""
    return {"code": case.world.stub.platform.code_for(f"o-new-{case.world.number()}")}


async def binding(case: Case) -> Any:
    """An unknown WeChat user with the phone number of somebody invited."""
    invited = await case.world.sign_in("inspector")
    await _unbind(case, invited)
    sent = await case.world.service.post("/api/wechat/sessions", login(case))
    phone_code = case.world.stub.platform.phone_code(invited.person.phone)
    return {"ticket": sent.json["ticket"], "phone_code": phone_code}


def accepts(case: Case) -> Any:
    """One message accepted."""
    now = case.world.later()
    return {"device_now": now, "accepts": [{"id": new_id(), "template_id": "t-1", "result": "accept", "at": now}]}


async def _unbind(case: Case, who: SignedIn) -> None:
    await case.world.db.people.update_one({"_id": who.person.id}, {"$set": {"wechat": None}})


async def contact_unbound(case: Case) -> None:
    """The school's contact is bound to no WeChat user."""
    await _unbind(case, case.subject.contact)


async def invitation_of(case: Case, person_id: str | None = None) -> str:
    """A new invitation of the school's contact, or of another person."""
    contact, now = case.subject.contact, case.world.clock()
    invitation = {
        "_id": new_id(),
        "schema": 1,
        "code_hash": new_id(),
        "person_id": person_id or contact.person.id,
        "holding": holding(contact),
        "made_by": None,
        "made_at": now,
        "expires_at": now + timedelta(days=14),
        "used_at": None,
        "revoked_at": None,
    }
    await case.world.db.invitations.insert_one(invitation)
    return str(invitation["_id"])


async def invited(case: Case) -> None:
    """Who is asked about has an invitation."""
    await invitation_of(case, contact_or_self(case))


def evidence(case: Case) -> Any:
    """A photo of a school."""
    return {"id": new_id(), "sha256": "ab" * 32, "kind": "photo", "name": "机房.jpg", "size": 123456}


async def printed_code(case: Case) -> Mapping[str, str]:
    """The verification code of a document of the school."""
    path = f"/api/submissions/{case.subject.submission_id}/application-form"
    await case.world.send("GET", path, None, case.world.city)
    document = await case.world.db.documents.find_one({"subject": case.subject.submission_id})
    return {"code": document["_id"]}


def metadata(case: Case) -> dict[str, str]:
    """What is said with a file of the school, or of its visit."""
    if case.role in ("inspector", "lead"):
        return of_visit(case.subject.visit_id, item=ITEM, taken_at=case.world.later(minutes=-1))
    return of_submission(case.subject.submission_id)


def creation(case: Case) -> dict[str, str]:
    """The headers that begin an upload of 100 bytes."""
    return {**TUS, "Upload-Length": "100", "Upload-Metadata": encoded(metadata(case))}


async def upload_of(case: Case) -> str:
    """An upload of 100 bytes, none of which has come, of the one in the actor's place."""
    places = {"inspector": case.subject.member, "lead": case.subject.lead}
    owner, now = places.get(case.role, case.subject.contact), case.world.clock()
    upload = {
        "_id": new_id(),
        "person_id": owner.person.id,
        "role": owner.actor.role.value,
        "school_id": case.subject.school_id,
        "evidence_id": new_id(),
        "submission_id": case.subject.submission_id,
        "visit_id": None,
        "said": {"kind": "photo", "sha256": None},
        "metadata": "",
        "length": 100,
        "offset": 0,
        "state": "receiving",
        "created_at": now,
        "expires_at": now + timedelta(days=1),
        **dict.fromkeys(("tail", "content_type", "receipt", "lease")),
    }
    await uploads.insert(case.world.db, upload)
    return str(upload["_id"])


# Who uploads has something to upload to.
UPLOADS = {"school": "draft", "inspector": "opened", "lead": "opened"}

# A district whose list has only the schools that a sample puts there.
LISTED = "taixing"
NOT_LEAD = frozenset({"inspector"})
# What a city officer may do only as the one who was named for the municipal district.
REVIEWS = frozenset(
    {
        "review.save",
        "submission.endorse",
        "submission.decline",
        "submission.undo_decline",
        "recommendation_list.save",
        "recommendation_list.hand_in",
    }
)
RULED = {"item": ITEM, "points": 0.5, "reason": "现场核实"}
NOTICE = {"until": "2022-09-20", "text": "现予公示"}
SIGNED = {"name": "陈校长", "role": "校长", "signature": "iVBORw0KGgo="}

SAMPLES: Mapping[str, Sample] = {
    "page.home": Sample(),
    "page.sign_in": Sample(),
    "page.verify": Sample(),
    "page.file": Sample(),
    "web.app": Sample(),
    "web.phone": Sample(),
    "web.phone_root": Sample(),
    "web.school": Sample(),
    "web.school_root": Sample(),
    "workbook.make": Sample(
        body=lambda case: {"title": "等级", "columns": ["等级"], "rows": [["示范型"], [1], [0.5], [None]]}
    ),
    "web.console": Sample(),
    "web.console_root": Sample(),
    "health.alive": Sample(),
    "health.ready": Sample(),
    "health.metrics": Sample(),
    "openapi.read": Sample(),
    "openapi.page": Sample(),
    "session.open": Sample(body=link),
    "session.switch": Sample(body=lambda case: {"holding": holding(case.actor)}),
    "session.close": Sample(),
    "me.read": Sample(),
    "me.set_password": Sample(body=lambda case: {"new": LONG}),
    "sign_in_link.make": Sample(body=lambda case: {}, values={"person_id": contact_or_self}),
    "cycle.open": Sample(body=lambda case: case.world.opening, prepare=no_cycle),
    "cycle.list": Sample(),
    "cycle.read": Sample(),
    "rubric.read": Sample(),
    "rubric_candidate.list": Sample(),
    "rubric_candidate.upload": Sample(body=rubric_file),
    "rubric_candidate.read": Sample(),
    "rubric_candidate.leave": Sample(),
    "rubric_candidate.compare": Sample("closed"),
    "rubric_candidate.adopt": Sample("closed", body=adoption, prepare=nothing_decided),
    "district.close": Sample(body=lambda case: {"closes": case.world.later(days=10)}, district="xinghua"),
    "district.extend": Sample(
        body=lambda case: {"hand_in": case.world.later(days=25, minutes=case.world.number()), "reason": "材料较多"},
        district="xinghua",
    ),
    "import.run": Sample(body=schools_file),
    "import.template": Sample(),
    "inbox.read": Sample(),
    "inbox.mark_read": Sample(values={"message_id": message_of}),
    "outbox.table": Sample(),
    "outbox.table_export": Sample(),
    "outbox.table_events": Sample(),
    "outbox.resend": Sample(body=lambda case: {"state": "dead"}),
    "person.list": Sample(),
    "person.table": Sample(),
    "person.table_export": Sample(),
    "person.add": Sample(body=new_person),
    "person.read": Sample(values={"person_id": contact_or_self}),
    "person.change": Sample(body=lambda case: {"version": 1, "name": "新名"}, values={"person_id": contact_or_self}),
    "person.list_sessions": Sample(values={"person_id": contact_or_self}),
    "person.end_session": Sample(
        values={
            "person_id": contact_or_self,
            "session_id": lambda case: (
                (
                    case.subject.contact if contact_or_self(case) == case.subject.contact.person.id else whose(case)
                ).actor.session_id
            ),
        }
    ),
    "person.end_sessions": Sample(values={"person_id": contact_or_self}),
    "person.set_ties": Sample(
        body=lambda case: {"school_ids": []},
        values={"person_id": lambda case: (case.subject.member if case.role == "city" else whose(case)).person.id},
    ),
    "wechat.sign_in": Sample(body=login),
    "wechat.bind": Sample(body=binding),
    "wechat.unbind": Sample(values={"person_id": contact_or_self}),
    "wechat.verify_push": Sample(query=lambda case: case.pushed[0] | {"echostr": "4375120948345356249"}),
    # The ciphertext is another each time, and its signature with it: query and body are of one push.
    "wechat.push": Sample(query=lambda case: case.pushed[0], body=lambda case: case.pushed[1].encode()),
    "web_view_ticket.make": Sample(),
    "accept.read": Sample(),
    "accept.report": Sample(body=accepts),
    "invitation.list": Sample(values={"person_id": contact_or_self}),
    "invitation.table": Sample(),
    "invitation.table_export": Sample(),
    "invitation.make": Sample(body=lambda case: {}, values={"person_id": contact_or_self}, prepare=contact_unbound),
    "invitation.revoke": Sample(
        values={"person_id": lambda case: case.subject.contact.person.id, "invitation_id": invitation_of}
    ),
    "contact.replace": Sample(
        body=lambda case: {"name": "新联系人", "phone": f"136{case.world.number():08}"},
        values={"person_id": lambda case: case.subject.contact.person.id},
    ),
    "school.list": Sample(),
    "school.register": Sample(
        body=lambda case: {
            "district": "hailing",
            "name": f"新办第{case.world.number():05}学校",
            "stages": ["primary"],
        }
    ),
    "school.read": Sample(),
    "school.change": Sample(body=lambda case: {"version": 1, "phone": "0523-86880000"}),
    "audit_event.table": Sample(),
    "audit_event.table_export": Sample(),
    "audit_event.table_events": Sample(),
    # A school is told once it may answer.
    "discrepancy.read": Sample({"school": "answering", "district": "closed", "city": "closed"}),
    "discrepancy.list": Sample("closed"),
    "answer_window.open": Sample("closed", body=lambda case: {"closes": case.world.later(days=2)}),
    "answer_window.open_many": Sample(
        "closed",
        body=lambda case: {"submission_ids": [case.subject.submission_id], "closes": case.world.later(days=2)},
    ),
    "answer.give": Sample("answering", body=lambda case: {"text": "我校有多媒体教室"}),
    "answer.settle": Sample("answered", body=lambda case: {"result": "upheld", "reason": "现场未见"}),
    "decision.table": Sample("closed"),
    "decision.table_export": Sample("closed"),
    "decision.list": Sample("decided"),
    "decision.confirm": Sample("closed", body=lambda case: {"submission_ids": [case.subject.submission_id]}),
    "decision.export": Sample("decided"),
    # A district is told with its schools.
    "decision.read": Sample({"district": "published", "city": "decided"}),
    "decision.reopen": Sample("decided", body=said),
    "public_notice.list": Sample(),
    "public_notice.open": Sample("decided", body=lambda case: NOTICE),
    "public_notice.read": Sample("noticed"),
    "objection.list": Sample("noticed"),
    "objection.record": Sample(
        "noticed", body=lambda case: {"school_id": case.subject.school_id, "text": "机房未开放", "from": "家长"}
    ),
    "objection.settle": Sample("noticed", body=lambda case: {"result": "dismissed", "reason": "经核查正常开放"}),
    "publication.list": Sample(),
    "publication.publish": Sample("decided", body=lambda case: {}, prepare=publishable),
    "publication.preview": Sample("decided"),
    "publication.read": Sample("published"),
    "publication.entries": Sample("published"),
    "publication.snapshot": Sample("published"),
    "publication.verify": Sample("published"),
    "publication.correct": Sample(
        "published",
        body=lambda case: {
            "submission_id": case.subject.submission_id,
            "reason": "登记有误",
            "rulings": [{"item": ITEM, "points": 1}],
        },
    ),
    "publication.read_public": Sample("published"),
    "result.read": Sample("published"),
    "target.read": Sample(),
    "statistic.read": Sample("decided"),
    "statistic.export": Sample("decided", query=lambda case: {"figure": "gaps"}),
    "photo_flag.list": Sample(prepare=evidence_stored),
    "photo_flag.settle": Sample(body=lambda case: {"note": "已核实"}, values={"record_id": stored_evidence}),
    "visit.list": Sample("planned"),
    "visit.plan": Sample("endorsed", body=visit, handed_in=True),
    "visit.plan_all": Sample("endorsed", body=visits, handed_in=True),
    "visit.import": Sample("endorsed", body=visits_file, handed_in=True),
    "visit.import_template": Sample(),
    "visit.suggest": Sample("endorsed", body=lambda case: {"team_size": 2}, handed_in=True),
    "visit.read": Sample("planned"),
    "visit.change": Sample("planned", body=visit_change, handed_in=True),
    "visit.cancel": Sample("planned", body=said),
    "operation.sync": Sample("planned", body=batch, handed_in=True),
    "visit.read_pack": Sample("planned"),
    "live_ticket.make": Sample(),
    "visit.read_progress": Sample("planned"),
    "score_sheet.read": Sample("opened"),
    "score_sheet.sign": Sample("scored", body=sheet_version),
    "score_sheet.reopen": Sample("signed", body=said, values={"person_id": lambda case: case.subject.member.person.id}),
    "photo.list": Sample("opened", prepare=photographed),
    "photo.add": Sample("opened", body=photo),
    "reconciliation.read": Sample("signed", but=NOT_LEAD),
    "ruling.make": Sample(
        {"lead": "signed", "inspector": "signed", "city": "closed"}, body=lambda case: RULED, but=NOT_LEAD
    ),
    "visit.read_signature": Sample("countersigned"),
    "visit.countersign": Sample("signed", body=lambda case: SIGNED),
    "visit.write_off": Sample("opened", body=lost_photo, but=NOT_LEAD),
    "visit.close": Sample("countersigned", but=NOT_LEAD),
    "visit.reopen": Sample("closed", body=said),
    "submission.list": Sample(),
    "submission.table": Sample(),
    "submission.table_export": Sample(),
    "submission.count": Sample(),
    "submission.read": Sample(),
    "submission.save": Sample(
        body=lambda case: {"changes": [{"field": "/application/teachers", "value": 60, "version": 0}]}
    ),
    "submission.read_changes": Sample(),
    "submission.submit": Sample("complete"),
    "submission.withdraw": Sample({"school": "draft", "city": "planned"}, body=said, prepare=handed_in_for_the_city),
    "evidence.read_original": Sample(values={"evidence_id": stored_evidence}),
    "photo.read_original": Sample("opened", values={"photo_id": stored_photo}),
    "item_evidence.read": Sample("opened"),
    "file.read": Sample(
        values={
            "record_kind": lambda case: "evidence",
            "record_id": stored_evidence,
            "part": lambda case: "320",
        },
        query=lambda case: case.__dict__["address"],
    ),
    "evidence.list": Sample(),
    "evidence.add": Sample(body=evidence),
    "evidence.read": Sample(),
    "evidence.remove": Sample(),
    "upload.create": Sample(UPLOADS, body=lambda case: jpeg(100), headers=creation),
    "upload.read": Sample(UPLOADS, values={"upload_id": upload_of}),
    "upload.append": Sample(
        UPLOADS,
        body=lambda case: jpeg(50),
        headers=lambda case: {**TUS, "Upload-Offset": "0"},
        values={"upload_id": upload_of},
    ),
    "upload.terminate": Sample(UPLOADS, headers=lambda case: TUS, values={"upload_id": upload_of}),
    "upload.send_form": Sample(
        UPLOADS,
        body=lambda case: form_body("b", metadata(case), jpeg(100)),
        headers=lambda case: {"Content-Type": "multipart/form-data; boundary=b"},
    ),
    "submission.return": Sample({"district": "submitted", "city": "endorsed"}, body=said),
    "submission.endorse": Sample("submitted", body=lambda case: {"opinion": "同意推荐"}),
    "submission.decline": Sample("submitted", body=said),
    "submission.undo_decline": Sample("declined", body=said),
    "review.read": Sample("submitted"),
    "review.save": Sample("submitted", body=lambda case: {"version": 0, "items": {}, "opinion": "同意推荐"}),
    "reviewer.read": Sample(district=MUNICIPAL),
    "reviewer.appoint": Sample(district=MUNICIPAL, body=lambda case: {"person_id": case.world.city.person.id}),
    "document.rubric": Sample(),
    "document.application_form": Sample(),
    "document.self_assessment_form": Sample(),
    "document.inspection_report": Sample({"school": "published", "district": "published", "city": "closed"}),
    "document.inspection_reports": Sample("closed"),
    "document.publication": Sample("published"),
    "document.archive": Sample(),
    "document.verify": Sample(query=printed_code),
    "recommendation_list.read": Sample(),
    "recommendation_list.save": Sample("complete", district=LISTED, body=whole_list, prepare=alone),
    "recommendation_list.hand_in": Sample("complete", district=LISTED, body=version_of_list, prepare=list_saved),
    "recommendation_list.reopen": Sample("complete", district=LISTED, body=said, prepare=list_handed_in),
    "recommendation_list.export": Sample(),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request of an operation as it is sent; `body` is JSON, or bytes for a workbook."""

    line: Line
    values: Mapping[str, str]
    body: Any
    token: str | None
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path, with the sample's query."""
        return self.line.route.template.format(**self.values) + (f"?{self.query}" if self.query else "")

    @property
    def sent(self) -> dict[str, Any]:
        """The body as the test's client takes it."""
        declared = self.line.operation.body
        if isinstance(declared, Media):
            return {"body": self.body, "headers": {"Content-Type": declared.types[0], **self.headers}}
        return {"json_body": self.body, "headers": dict(self.headers)}


async def request_of(line: Line, case: Case) -> Request:
    """The operation's sample request in this case."""
    sample = SAMPLES[line.operation.id]
    values = {}
    for part in line.route.parts:
        value = {**VALUES, **sample.values}[part](case)
        values[part] = value if isinstance(value, str) else await value
        assert values[part], f"{line.operation.id}: the school at this stage has no {part}"
    body = sample.body(case) if sample.body else None
    asked = sample.query(case) if sample.query else {}
    query = urlencode(await asked if isawaitable(asked) else asked)
    headers = sample.headers(case) if sample.headers else {}
    return Request(line, values, await body if isawaitable(body) else body, case.actor.token, query, headers)


async def case_of(world: World, line: Line, role: str) -> Case:
    """A new school at the stage of the sample, and somebody in the role whose business it is: the sample succeeds."""
    name = line.operation.id
    sample = SAMPLES[name]
    district = MUNICIPAL if role == "city" and name in REVIEWS else sample.district
    subject = await world.subject(sample.stage_for(role), district)
    case = Case(world, subject, await actor_for(world, subject, role), role)
    await world.set_list(district, handed_in=sample.handed_in)
    if role == "city" and name in REVIEWS:
        await world.appoint(case.actor)
    if sample.prepare is not None:
        await sample.prepare(case)
    return case


async def actor_for(world: World, subject: Subject, role: str) -> SignedIn:
    """Somebody in the role whose business the school is."""
    match role:
        case "school":
            return subject.contact
        case "inspector":
            return subject.member
        case "lead":
            return subject.lead
        case "district":
            return await world.sign_in("district", district=subject.district)
        case _:
            return await world.sign_in(role)


def stored_role(role: str) -> Role:
    """The role of the permission table."""
    return Role.INSPECTOR if role == "lead" else Role(role)
