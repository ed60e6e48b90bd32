"""A plan of visits to start from: every school once, the inspectors' loads even, nobody in two places or at a school
they declared a tie to (回避), a district's schools on one day where that can be.

The same inputs always give the same plan, in whatever order they come.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Half = Literal["morning", "afternoon"]
HALVES: tuple[Half, ...] = ("morning", "afternoon")


@dataclass(frozen=True, slots=True)
class PlanSchool:
    """A school to visit."""

    id: str
    district: str


@dataclass(frozen=True, slots=True)
class PlanInspector:
    """An inspector: the schools they must not visit, and how many visits they have already."""

    id: str
    ties: frozenset[str] = frozenset()
    load: int = 0


@dataclass(frozen=True, slots=True)
class HalfDay:
    """A morning or an afternoon; `day` in ISO 8601, so that days sort by time."""

    day: str
    half: Half

    @property
    def order(self) -> tuple[str, int]:
        """Its place in time."""
        return self.day, HALVES.index(self.half)


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A team for a school at a half day; the lead comes first."""

    school: str
    when: HalfDay
    team: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """The visits by time, and the schools for which there is no room or no team, in the order of their ids."""

    visits: tuple[PlannedVisit, ...]
    left_out: tuple[str, ...]


@dataclass(slots=True)
class _Book:
    """Who is where while the plan is made. `load` and `led` count visits by inspector."""

    inspectors: Sequence[PlanInspector]
    busy: dict[HalfDay, set[str]]
    load: Counter[str]
    led: Counter[str] = field(default_factory=Counter)
    visits: list[PlannedVisit] = field(default_factory=list)

    def free(self, when: HalfDay) -> list[PlanInspector]:
        """Who is nowhere at that time, those with the fewest visits first."""
        there = [each for each in self.inspectors if each.id not in self.busy[when]]
        return sorted(there, key=lambda each: (self.load[each.id], each.id))

    def send(self, school: str, when: HalfDay, team: Iterable[str]) -> None:
        """Writes a visit down; who led least leads."""
        ranked = sorted(team, key=lambda member: (self.led[member], member))
        self.visits.append(PlannedVisit(school, when, tuple(ranked)))
        self.busy[when].update(ranked)
        self.load.update(ranked)
        self.led[ranked[0]] += 1


def suggest(
    schools: Iterable[PlanSchool],
    inspectors: Iterable[PlanInspector],
    days: Iterable[str],
    team_size: int,
    taken: Iterable[tuple[str, HalfDay]] = (),
) -> VisitPlan:
    """A plan with teams of `team_size` (at least 1) on mornings and afternoons of `days`.

    `taken` says who is already somewhere when. Without ties and with nothing taken the loads differ by one at most.
    """
    people = sorted(inspectors, key=lambda each: each.id)
    slots = [HalfDay(day, half) for day in sorted(set(days)) for half in HALVES]
    busy: dict[HalfDay, set[str]] = {slot: set() for slot in slots}
    for inspector, when in taken:
        busy.setdefault(when, set()).add(inspector)
    book = _Book(people, busy, Counter({each.id: each.load for each in people}))
    room = {slot: len(book.free(slot)) // team_size for slot in slots}
    left: list[PlanSchool] = []
    by_day = _days_of(sorted(schools, key=lambda each: (each.district, each.id)), room, left)
    for day, there in sorted(by_day.items()):
        for slot, visited in _halves(day, there, room):
            left.extend(_fill(book, slot, visited, team_size))
    left_out = [school.id for school in left if not _squeeze_in(book, school, slots, team_size)]
    return VisitPlan(
        tuple(sorted(book.visits, key=lambda visit: (visit.when.order, visit.school))), tuple(sorted(left_out))
    )


def _days_of(
    schools: Sequence[PlanSchool], room: Mapping[HalfDay, int], left: list[PlanSchool]
) -> Mapping[str, list[PlanSchool]]:
    """The schools by day, large districts first, each into the fullest day that still holds all of it.

    What holds no district whole takes as much of one as it can. Those for which no day has room go to `left`.
    """
    rooms: Counter[str] = Counter()
    for slot, count in room.items():
        rooms[slot.day] += count
    days: dict[str, list[PlanSchool]] = {day: [] for day in rooms}
    sizes = Counter(school.district for school in schools)
    for district in sorted(sizes, key=lambda each: (-sizes[each], each)):
        waiting = [school for school in schools if school.district == district]
        while waiting:
            day = _day_for(len(waiting), rooms)
            if day is None:
                left.extend(waiting)
                break
            count = min(len(waiting), rooms[day])
            days[day] += waiting[:count]
            rooms[day] -= count
            waiting = waiting[count:]
    return days


def _day_for(count: int, rooms: Mapping[str, int]) -> str | None:
    """The day with the least room that holds so many; else the one with the most; None where all are full."""
    fitting = [day for day in rooms if rooms[day] >= count]
    if fitting:
        return min(fitting, key=lambda day: (rooms[day], day))
    day = min(rooms, key=lambda each: (-rooms[each], each), default=None)
    return day if day is not None and rooms[day] else None


def _halves(
    day: str, schools: Sequence[PlanSchool], room: Mapping[HalfDay, int]
) -> Iterator[tuple[HalfDay, Sequence[PlanSchool]]]:
    """The day's schools by half, the morning filled first."""
    morning = HalfDay(day, "morning")
    yield morning, schools[: room[morning]]
    yield HalfDay(day, "afternoon"), schools[room[morning] :]


def _fill(book: _Book, when: HalfDay, schools: Sequence[PlanSchool], team_size: int) -> list[PlanSchool]:
    """Finds teams for schools that are visited at one time; gives those that go without.

    Inspectors take seats in the order of their loads. One whose schools are all full moves others along (augmenting
    paths), so that ties leave a school without a team only where no teams would do.
    """
    seats = [school for school in schools for _ in range(team_size)]
    taken_by: dict[int, PlanInspector] = {}
    for inspector in book.free(when):
        if len(taken_by) == len(seats):
            break
        _seat(inspector, seats, taken_by, set())
    teams: dict[str, list[str]] = {school.id: [] for school in schools}
    for position, inspector in taken_by.items():
        teams[seats[position].id].append(inspector.id)
    for school in schools:
        if len(teams[school.id]) == team_size:
            book.send(school.id, when, teams[school.id])
    return [school for school in schools if len(teams[school.id]) < team_size]


def _seat(
    inspector: PlanInspector, seats: Sequence[PlanSchool], taken_by: dict[int, PlanInspector], tried: set[int]
) -> bool:
    """Gives the inspector a seat at a school without a tie, moving others if need be; whether it could be done."""
    for position, school in enumerate(seats):
        if position in tried or school.id in inspector.ties:
            continue
        tried.add(position)
        if position not in taken_by or _seat(taken_by[position], seats, taken_by, tried):
            taken_by[position] = inspector
            return True
    return False


def _squeeze_in(book: _Book, school: PlanSchool, slots: Sequence[HalfDay], team_size: int) -> bool:
    """Sends whoever is free to a school that was left over, if at some time there are enough; whether there were."""
    for when in slots:
        team = [each.id for each in book.free(when) if school.id not in each.ties][:team_size]
        if len(team) == team_size:
            book.send(school.id, when, team)
            return True
    return False
