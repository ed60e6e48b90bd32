"""Subscription quotas: every accept counted once, whoever reports it, in whatever order; spent by one alone."""

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from backend.store import quotas
from backend.store.mongo import Database, transact
from backend.store.quotas import APP, PUSH, WINDOW
from tests.seeds import fresh_seed, seeded

NOW = datetime(2022, 8, 15, 2, 0, tzinfo=UTC)
OPENID, TEMPLATE = "o-person", "t-result"


@dataclass(frozen=True, slots=True)
class Report:
    id: str
    source: str
    seconds: float = 0


async def add(db: Database, *reports: Report) -> int:
    """The quota after these reports."""
    count = 0
    for report in reports:
        at = NOW + timedelta(seconds=report.seconds)
        count = await quotas.add(db, OPENID, TEMPLATE, report_id=report.id, source=report.source, at=at)
    return count


async def spend(db: Database, openid: str = OPENID, template_id: str = TEMPLATE) -> bool:
    """Whether one could be taken."""
    key = (openid, template_id)
    return key in await transact(db, lambda session: quotas.spend_each(db, session, [key]))


async def test_accepts_add_up_and_are_spent_one_by_one(database: Database) -> None:
    assert not await spend(database)
    assert await add(database, Report("a", APP), Report("b", APP)) == 2
    assert await spend(database)
    assert await spend(database)
    assert not await spend(database)
    await quotas.give_back(database, OPENID, TEMPLATE)
    assert await quotas.counts(database, OPENID) == {TEMPLATE: 1}
    await quotas.empty(database, OPENID, TEMPLATE)
    assert await quotas.counts(database, OPENID) == {TEMPLATE: 0}


async def test_quotas_are_by_user_and_template(database: Database) -> None:
    await add(database, Report("a", APP))
    assert not await spend(database, "o-other")
    assert not await spend(database, template_id="t-other")
    await quotas.give_back(database, "o-nobody", TEMPLATE)
    assert await quotas.counts(database, "o-nobody") == {}


async def test_each_is_spent_that_has_some(database: Database) -> None:
    await add(database, Report("a", APP), Report("b", APP))
    await quotas.add(database, "o-2", TEMPLATE, report_id="a", source=APP, at=NOW)
    wanted = [(OPENID, TEMPLATE), ("o-2", TEMPLATE), ("o-3", TEMPLATE)]
    for left in (wanted[:2], wanted[:1], []):
        assert await transact(database, lambda session: quotas.spend_each(database, session, wanted)) == set(left)


@pytest.mark.parametrize("order", list(permutations([Report("a", APP), Report("p", PUSH, 3)])))
async def test_both_reports_of_one_accept_count_once_in_both_orders(
    database: Database, order: tuple[Report, ...]
) -> None:
    assert await add(database, *order) == 1
    # Each of them again, and again after the message was sent.
    assert await add(database, *order) == 1
    assert await spend(database)
    assert await add(database, *order) == 0


@pytest.mark.parametrize(
    "order",
    list(permutations([Report("a", APP), Report("b", APP, 20), Report("p", PUSH, 1), Report("q", PUSH, 21)])),
)
async def test_two_accepts_are_two_in_every_order(database: Database, order: tuple[Report, ...]) -> None:
    assert await add(database, *order) == 2


async def test_reports_far_apart_are_two_accepts(database: Database) -> None:
    beyond = WINDOW.total_seconds() + 1
    assert await add(database, Report("a", APP), Report("p", PUSH, beyond)) == 2
    assert await add(database, Report("q", PUSH, -beyond)) == 3


async def test_rivals_agree(database: Database) -> None:
    reports = [Report(f"{source}{number}", source, number) for number in range(5) for source in (APP, PUSH)]
    await asyncio.gather(*(add(database, report) for report in [*reports, *reports]))
    assert await quotas.counts(database, OPENID) == {TEMPLATE: 5}
    got = await asyncio.gather(*(spend(database) for _ in range(20)))
    assert sum(got) == 5


@seeded
async def test_duplicated_and_reordered_reports_count_every_accept_once(database: Database, run: int) -> None:
    """Accepts far enough apart to be told apart; of each, one report or both, each any number of times."""
    draw = random.Random(fresh_seed())
    accepts = draw.randint(1, 6)
    reports = []
    for number in range(accepts):
        at = number * 3 * WINDOW.total_seconds()
        both = [Report(f"a{number}", APP, at), Report(f"p{number}", PUSH, at + draw.uniform(-60, 60))]
        for report in draw.sample(both, draw.randint(1, 2)):
            reports += [report] * draw.randint(1, 3)
    draw.shuffle(reports)
    assert await add(database, *reports) == accepts


async def test_a_rejection_voids_what_was_accepted_before_it_and_not_after(database: Database) -> None:
    await add(database, Report("a", APP), Report("b", APP, 10))
    await quotas.reject(database, OPENID, TEMPLATE, NOW + timedelta(seconds=30))
    assert await quotas.counts(database, OPENID) == {TEMPLATE: 0}
    assert await add(database, Report("c", APP, 60)) == 1
    # The same rejection, come again or late, leaves the later accept alone.
    await quotas.reject(database, OPENID, TEMPLATE, NOW + timedelta(seconds=30))
    assert await quotas.counts(database, OPENID) == {TEMPLATE: 1}
    await quotas.reject(database, "o-new", TEMPLATE, NOW)
    assert await quotas.counts(database, "o-new") == {TEMPLATE: 0}


async def test_old_reports_are_forgotten_and_counts_stay(database: Database) -> None:
    for number in range(60):
        await add(database, Report(f"a{number}", APP, number * 1000))
    document = await database.subscription_quotas.find_one({})
    assert document is not None
    assert (document["count"], len(document["reports"])) == (60, 50)
    assert set(document) == {"_id", "schema", "openid", "template_id", "count", "reports", "rejected_at"}
