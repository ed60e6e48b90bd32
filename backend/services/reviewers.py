"""Who reviews the schools of a municipal district (市直): one city officer, whom the city names."""

from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid, NotFound
from backend.models.people import Actor, Role
from backend.models.recommendation_lists import ReviewerBody, ReviewerView
from backend.services import cycles
from backend.services.acting import is_municipal
from backend.services.audit import audit
from backend.store import people, recommendation_lists
from backend.store.mongo import Session, transact


async def read(deps: Deps, actor: Actor, district: str) -> ReviewerView:
    """Who is named. Raises `NotFound` for an unknown district, `Conflict` for one that is not municipal."""
    _check_district(deps, district)
    cycle = await cycles.current(deps)
    named = await recommendation_lists.find_reviewer(deps.db, cycle.id, district)
    person = await people.find(deps.db, named["person_id"]) if named else None
    return ReviewerView(
        district=district, person_id=person.id if person else None, name=person.name if person else None
    )


async def appoint(deps: Deps, actor: Actor, district: str, body: ReviewerBody) -> ReviewerView:
    """Names the officer, in the place of the one before. Raises `Invalid` for a person who is no city officer."""
    _check_district(deps, district)

    async def work(transaction: Session) -> ReviewerView:
        cycle = await cycles.current(deps, transaction)
        person = await people.find(deps.db, body.person_id, transaction)
        if person is None or all(holding.role is not Role.CITY for holding in person.holdings):
            message = "初评人应是市教育局的人员，请另选一位"
            raise Invalid(message, details=[Detail("/person_id", "not_a_city_officer", message)])
        before = await recommendation_lists.find_reviewer(deps.db, cycle.id, district, transaction)
        await recommendation_lists.set_reviewer(deps.db, transaction, cycle.id, district, person.id)
        await audit(
            deps,
            transaction,
            actor,
            "reviewer.appointed",
            "district",
            f"{cycle.id}/{district}",
            before={"person_id": before["person_id"]} if before else None,
            after={"person_id": person.id},
        )
        return ReviewerView(district=district, person_id=person.id, name=person.name)

    return await transact(deps.db, work)


def _check_district(deps: Deps, district: str) -> None:
    if all(each.id != district for each in deps.districts):
        raise NotFound("没有这个市（区），请检查网址")
    if not is_municipal(deps, district):
        raise Conflict("只有市直学校由指定的市教育局人员初评；其他市（区）自行初评", code="not_municipal")
