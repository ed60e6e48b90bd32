"""Who may do what: one table, action × role → scope.

A role that is not in an action's row is refused with 403. `Scope.OWN` leaves it to the service to answer 404 for an
object that is not the actor's: their school, district, visit, or themself.
"""

from collections.abc import Mapping
from enum import StrEnum

from backend.errors import Forbidden
from backend.models.people import ROLE_NAMES, Actor, Role


class Scope(StrEnum):
    """How far a permission reaches."""

    ANY = "any"
    OWN = "own"


_EVERYONE_OWN: Mapping[Role, Scope] = dict.fromkeys(Role, Scope.OWN)
_SEE_VISITS: Mapping[Role, Scope] = {
    Role.SCHOOL: Scope.OWN,
    Role.INSPECTOR: Scope.OWN,
    Role.DISTRICT: Scope.OWN,
    Role.CITY: Scope.ANY,
}

PERMISSIONS: Mapping[str, Mapping[Role, Scope]] = {
    "me.read": _EVERYONE_OWN,
    # Phones sign in by links; officers at desks may have a password too.
    "me.set_password": dict.fromkeys((Role.DISTRICT, Role.CITY, Role.ADMIN), Scope.OWN),
    "session.switch": _EVERYONE_OWN,
    "session.close": _EVERYONE_OWN,
    "web_view_ticket.make": _EVERYONE_OWN,
    "accept.report": _EVERYONE_OWN,
    "accept.read": _EVERYONE_OWN,
    "wechat.unbind": {**_EVERYONE_OWN, Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY},
    "invitation.make": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY, Role.DISTRICT: Scope.OWN},
    "invitation.list": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY, Role.DISTRICT: Scope.OWN},
    "invitation.table": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY},
    "invitation.revoke": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY, Role.DISTRICT: Scope.OWN},
    "sign_in_link.make": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY, Role.DISTRICT: Scope.OWN},
    "person.add": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY},
    "person.change": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY},
    "person.list": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY, Role.DISTRICT: Scope.OWN},
    "person.table": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY, Role.DISTRICT: Scope.OWN},
    "person.read": {**_EVERYONE_OWN, Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY},
    "person.set_ties": {Role.CITY: Scope.ANY, Role.INSPECTOR: Scope.OWN},
    "person.list_sessions": {**_EVERYONE_OWN, Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY},
    "person.end_sessions": {**_EVERYONE_OWN, Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY},
    "person.end_session": {**_EVERYONE_OWN, Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY},
    "cycle.open": {Role.CITY: Scope.ANY},
    "cycle.list": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY},
    "cycle.read": _EVERYONE_OWN,
    "rubric.read": _EVERYONE_OWN,
    "rubric_candidate.list": {Role.CITY: Scope.ANY},
    "rubric_candidate.upload": {Role.CITY: Scope.ANY},
    "rubric_candidate.read": {Role.CITY: Scope.ANY},
    "rubric_candidate.leave": {Role.CITY: Scope.ANY},
    "rubric_candidate.compare": {Role.CITY: Scope.ANY},
    "rubric_candidate.adopt": {Role.CITY: Scope.ANY},
    "district.close": {Role.DISTRICT: Scope.OWN},
    "district.extend": {Role.CITY: Scope.ANY},
    "school.register": {Role.CITY: Scope.ANY},
    "school.change": {Role.CITY: Scope.ANY},
    "contact.replace": {Role.ADMIN: Scope.ANY, Role.CITY: Scope.ANY},
    # An inspector sees the schools of their visits, with the visits.
    "school.list": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY, Role.ADMIN: Scope.ANY},
    "school.read": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY, Role.ADMIN: Scope.ANY},
    "import.run": {Role.CITY: Scope.ANY},
    "import.template": {Role.CITY: Scope.ANY},
    "inbox.read": _EVERYONE_OWN,
    "inbox.mark_read": _EVERYONE_OWN,
    "outbox.table": {Role.CITY: Scope.ANY},
    "outbox.resend": {Role.CITY: Scope.ANY},
    # A lead inspector is an inspector: what is theirs alone is refused by the service to the others of the team.
    "visit.list": _SEE_VISITS,
    "visit.read": _SEE_VISITS,
    "visit.plan": {Role.CITY: Scope.ANY},
    "visit.suggest": {Role.CITY: Scope.ANY},
    "visit.change": {Role.CITY: Scope.ANY},
    "visit.cancel": {Role.CITY: Scope.ANY},
    "visit.import": {Role.CITY: Scope.ANY},
    "visit.read_pack": {Role.INSPECTOR: Scope.OWN},
    "visit.read_progress": {Role.INSPECTOR: Scope.OWN, Role.CITY: Scope.ANY},
    "live.connect": {Role.INSPECTOR: Scope.OWN, Role.CITY: Scope.ANY},
    "visit.countersign": {Role.INSPECTOR: Scope.OWN},
    "visit.read_signature": {Role.INSPECTOR: Scope.OWN, Role.CITY: Scope.ANY},
    "visit.write_off": {Role.INSPECTOR: Scope.OWN},
    "visit.close": {Role.INSPECTOR: Scope.OWN},
    "visit.reopen": {Role.CITY: Scope.ANY},
    "operation.sync": {Role.INSPECTOR: Scope.OWN},
    "photo.read_original": {Role.CITY: Scope.ANY},
    "item_evidence.read": {Role.INSPECTOR: Scope.OWN},
    "photo.add": {Role.INSPECTOR: Scope.OWN},
    "photo.list": {Role.INSPECTOR: Scope.OWN, Role.CITY: Scope.ANY},
    "score_sheet.read": {Role.INSPECTOR: Scope.OWN},
    "score_sheet.sign": {Role.INSPECTOR: Scope.OWN},
    "score_sheet.reopen": {Role.CITY: Scope.ANY},
    "reconciliation.read": {Role.INSPECTOR: Scope.OWN, Role.CITY: Scope.ANY},
    "ruling.make": {Role.INSPECTOR: Scope.OWN, Role.CITY: Scope.ANY},
    "audit_event.table": {Role.CITY: Scope.ANY, Role.ADMIN: Scope.ANY},
    "discrepancy.read": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "discrepancy.list": {Role.CITY: Scope.ANY},
    "answer_window.open": {Role.CITY: Scope.ANY},
    "answer_window.open_many": {Role.CITY: Scope.ANY},
    "answer.give": {Role.SCHOOL: Scope.OWN},
    "answer.settle": {Role.CITY: Scope.ANY},
    "decision.list": {Role.CITY: Scope.ANY},
    "decision.table": {Role.CITY: Scope.ANY},
    "decision.confirm": {Role.CITY: Scope.ANY},
    "decision.export": {Role.CITY: Scope.ANY},
    "decision.reopen": {Role.CITY: Scope.ANY},
    # A school reads its own with its results.
    "decision.read": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "public_notice.list": dict.fromkeys(Role, Scope.ANY),
    "public_notice.read": dict.fromkeys(Role, Scope.ANY),
    "public_notice.open": {Role.CITY: Scope.ANY},
    "objection.list": {Role.CITY: Scope.ANY},
    "objection.record": {Role.CITY: Scope.ANY},
    "objection.settle": {Role.CITY: Scope.ANY},
    "publication.list": dict.fromkeys(Role, Scope.ANY),
    "publication.read": dict.fromkeys(Role, Scope.ANY),
    "publication.publish": {Role.CITY: Scope.ANY},
    "publication.preview": {Role.CITY: Scope.ANY},
    "publication.correct": {Role.CITY: Scope.ANY},
    "publication.entries": {Role.CITY: Scope.ANY},
    "publication.snapshot": {Role.CITY: Scope.ANY},
    "publication.verify": {Role.CITY: Scope.ANY},
    "result.read": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "statistic.read": {Role.CITY: Scope.ANY},
    "statistic.export": {Role.CITY: Scope.ANY},
    "photo_flag.list": {Role.CITY: Scope.ANY},
    "photo_flag.settle": {Role.CITY: Scope.ANY},
    "target.read": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "submission.list": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "submission.table": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "submission.count": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "workbook.make": dict.fromkeys((Role.DISTRICT, Role.CITY, Role.ADMIN), Scope.ANY),
    "submission.read": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "submission.read_changes": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "submission.save": {Role.SCHOOL: Scope.OWN},
    "submission.submit": {Role.SCHOOL: Scope.OWN},
    "submission.withdraw": {Role.SCHOOL: Scope.OWN, Role.CITY: Scope.ANY},
    "submission.return": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    # A city officer reviews only as the one who was named for a municipal district (市直).
    "submission.endorse": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.OWN},
    "submission.decline": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.OWN},
    "submission.undo_decline": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.OWN},
    "review.read": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "review.save": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.OWN},
    "reviewer.read": {Role.CITY: Scope.ANY},
    "reviewer.appoint": {Role.CITY: Scope.ANY},
    "evidence.list": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "evidence.read": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "evidence.read_original": {Role.CITY: Scope.ANY},
    "evidence.add": {Role.SCHOOL: Scope.OWN},
    "evidence.remove": {Role.SCHOOL: Scope.OWN},
    "document.rubric": _EVERYONE_OWN,
    "document.application_form": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "document.self_assessment_form": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    # To the school and its district once the result is published.
    "document.inspection_report": {Role.SCHOOL: Scope.OWN, Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "document.inspection_reports": {Role.CITY: Scope.ANY},
    "document.archive": {Role.CITY: Scope.ANY},
    "document.publication": dict.fromkeys(Role, Scope.ANY),
    # An upload is the person's who began it; what it belongs to is asked in the service.
    "upload.create": {Role.SCHOOL: Scope.OWN, Role.INSPECTOR: Scope.OWN},
    "upload.read": {Role.SCHOOL: Scope.OWN, Role.INSPECTOR: Scope.OWN},
    "upload.append": {Role.SCHOOL: Scope.OWN, Role.INSPECTOR: Scope.OWN},
    "upload.terminate": {Role.SCHOOL: Scope.OWN, Role.INSPECTOR: Scope.OWN},
    "upload.send_form": {Role.SCHOOL: Scope.OWN, Role.INSPECTOR: Scope.OWN},
    "recommendation_list.read": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
    "recommendation_list.save": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.OWN},
    "recommendation_list.hand_in": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.OWN},
    "recommendation_list.reopen": {Role.CITY: Scope.ANY},
    "recommendation_list.export": {Role.DISTRICT: Scope.OWN, Role.CITY: Scope.ANY},
}


def require(actor: Actor, action: str) -> Scope:
    """How far the actor may go with the action; raises `Forbidden` where the role may not at all."""
    scope = PERMISSIONS[action].get(actor.role)
    if scope is None:
        raise Forbidden(f"以{ROLE_NAMES[actor.role]}的身份不能进行这项操作；如果您还有其他身份，请切换后再试")
    return scope
