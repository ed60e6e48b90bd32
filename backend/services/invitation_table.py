"""The table of everybody's invitations, up to a month after they ended; never their codes."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.models.people import Actor
from backend.models.wechat import InvitationRow, InvitationTableQuery
from backend.services.holding_words import words_of
from backend.services.invitations import view_of
from backend.services.tables import Found, Table, TableColumn, when
from backend.store import invitations
from backend.store.notices import names_of

_STATES = {"open": "可用", "used": "已使用", "revoked": "已作废", "expired": "已过期"}


async def find(deps: Deps, actor: Actor, query: InvitationTableQuery, skip: int, limit: int) -> Found[InvitationRow]:
    """The invitations that the query asks for."""
    now = deps.clock()
    wanted = invitations.Wanted(query.state, query.role, query.person_id)
    documents, total = await invitations.table(
        deps.db, wanted, now, descending=query.sort.startswith("-"), skip=skip, limit=limit
    )
    found = {each["_id"]: invitations.invitation_of(each) for each in documents}
    people = {each for one in found.values() for each in (one.person_id, one.made_by) if each}
    names, words = await names_of(deps.db, people), await words_of(deps, [each.holding for each in found.values()])

    def view(document: Mapping[str, Any]) -> InvitationRow:
        invitation = found[document["_id"]]
        return InvitationRow(
            **dict(view_of(invitation, now)),
            person_id=invitation.person_id,
            person_name=names.get(invitation.person_id),
            role=words(invitation.holding),
            made_by_name=names.get(invitation.made_by or ""),
        )

    return Found(documents, total, view)


TABLE = Table(
    name="invitations",
    title="邀请码",
    may="invitation.table",
    summary="The invitations of all people; never their codes.",
    filters=InvitationTableQuery,
    row=InvitationRow,
    columns={
        "person_name": TableColumn("人员", 14, lambda row: row.person_name or "已不在册"),
        "role": TableColumn("身份", 32, lambda row: row.role),
        "made_at": TableColumn("生成", 18, lambda row: when(row.made_at)),
        "made_by": TableColumn("生成人", 14, lambda row: row.made_by_name or "系统或命令行"),
        "expires_at": TableColumn("到期", 18, lambda row: when(row.expires_at)),
        "state": TableColumn("状态", 10, lambda row: _STATES[row.state]),
        "used_at": TableColumn("使用", 18, lambda row: when(row.used_at)),
    },
    find=find,
)
