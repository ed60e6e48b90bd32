"""The table of people for officers: by role and district, with whom a WeChat user is bound to."""

from collections.abc import Mapping
from typing import Any

from backend.deps import Deps
from backend.errors import NotFound
from backend.models.people import Actor
from backend.models.people_requests import PeopleTableQuery, PersonRow
from backend.services.holding_words import words_of
from backend.services.people import person_view, wanted_of
from backend.services.tables import Found, Table, TableColumn, when
from backend.store import people


async def find(deps: Deps, actor: Actor, query: PeopleTableQuery, skip: int, limit: int) -> Found[PersonRow]:
    """The people that the query asks for, of those that the actor may see: a district its officers and its schools'
    contacts.

    Raises `NotFound` for a district that is not theirs to see.
    """
    wanted = wanted_of(actor, query, bound=query.bound)
    if wanted is None:
        raise NotFound("没有这个市（区），请检查网址")
    documents, total = await people.table(deps.db, wanted, query.sort, skip, limit)
    found = {document["_id"]: people.person_of(document) for document in documents}
    words = await words_of(deps, [holding for person in found.values() for holding in person.holdings])

    def view(document: Mapping[str, Any]) -> PersonRow:
        person = found[document["_id"]]
        return PersonRow(**dict(person_view(person)), roles=[words(holding) for holding in person.holdings])

    return Found(documents, total, view)


TABLE = Table(
    name="people",
    title="人员",
    may="person.table",
    summary="People by name; a district sees its officers and its schools' contacts.",
    filters=PeopleTableQuery,
    row=PersonRow,
    columns={
        "name": TableColumn("姓名", 14, lambda row: row.name),
        "phone": TableColumn("手机号", 16, lambda row: row.phone),
        "roles": TableColumn("身份", 40, lambda row: "、".join(row.roles)),
        "bound": TableColumn("微信", 10, lambda row: "已绑定" if row.wechat_bound_at else "未绑定"),
        "bound_at": TableColumn("绑定时间", 18, lambda row: when(row.wechat_bound_at)),
        "password": TableColumn("密码", 10, lambda row: "已设置" if row.has_password else "未设置"),
        "ties": TableColumn("回避学校", 10, lambda row: len(row.ties)),
    },
    find=find,
)
