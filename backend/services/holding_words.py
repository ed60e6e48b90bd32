"""Roles in words, with the school or district that each is for: 学校联系人（海陵小学）."""

from collections.abc import Callable, Iterable

from backend.deps import Deps
from backend.models.people import ROLE_NAMES, Holding
from backend.store import schools


async def words_of(deps: Deps, holdings: Iterable[Holding]) -> Callable[[Holding], str]:
    """What tells these roles in words; their schools are looked up once, together."""
    school_names = await schools.names_of(deps.db, {each.school_id for each in holdings if each.school_id})
    districts = {each.id: each.name for each in deps.districts}

    def words(holding: Holding) -> str:
        name = ROLE_NAMES[holding.role]
        if holding.school_id is not None:
            return f"{name}（{school_names.get(holding.school_id, '学校已不在册')}）"
        return f"{name}（{districts.get(holding.district, holding.district)}）" if holding.district else name

    return words
