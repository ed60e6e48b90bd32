"""What officers do to a cycle: open it, close a district's submissions earlier, extend a district's hand-in."""

import asyncio
from functools import lru_cache
from pathlib import Path

from backend.config_files import (
    ConfigError,
    cycle_names,
    load_cycle,
    load_rubric,
    parse_rubric_file,
    read_rubric_file,
)
from backend.deps import Deps
from backend.errors import Conflict, Detail, Invalid, NotFound
from backend.models.cycles import (
    Closing,
    ConfiguredCycle,
    ConfiguredCycles,
    CycleDates,
    CycleOpening,
    CycleView,
    DistrictDates,
    Extension,
)
from backend.models.people import Actor
from backend.services.audit import audit
from backend.services.cycles import OpenCycle, calendar, current, cycle_view, district_dates
from backend.services.notices import notify, officers_of
from backend.services.permissions import Scope, require
from backend.services.submissions import create_missing
from backend.services.workflow import faster
from backend.store import cycles, schools
from backend.store.mongo import Session, transact
from inspection.rules.cycle import DATES, Cycle, CycleError, District, cycle_to_data, dates_to_data, parse_cycle
from inspection.rules.rubric import Rubric
from inspection.rules.workflow import moment_text, until_text


async def open_cycle(deps: Deps, actor: Actor | None, opening: CycleOpening) -> CycleView:
    """Opens the cycle of config/ and gives every registered school a draft of its submission, all or nothing.

    Raises `Invalid` for another cycle than the configured one, for dates out of order, and for a file of config/ that
    is wrong; `Conflict` where it is open already.
    """
    cycle, rubric, source = await asyncio.to_thread(_configured, deps, opening.name)
    if opening.dates is not None:
        cycle = _with_dates(cycle, opening.dates)

    async def work(transaction: Session) -> OpenCycle:
        await cycles.hold_shut(deps.db, transaction)
        if not await cycles.insert(deps.db, transaction, cycle, rubric, source, deps.clock()):
            raise Conflict("这个评估周期已经开启，不能再开启一次", code="cycle_open")
        opened = await current(deps, transaction)
        after = {"rubric": rubric.name, "rubric_sha256": rubric.sha256, "dates": _dates(cycle)}
        await audit(deps, transaction, actor, "cycle.opened", "cycle", cycle.name, after=after)
        async for batch in schools.in_batches(deps.db, transaction):
            await create_missing(deps, transaction, opened, batch)
        return opened

    opened = await transact(deps.db, work)
    deps.cycle_cache.drop()
    return cycle_view(opened, deps.districts)


async def configured(deps: Deps, actor: Actor) -> ConfiguredCycles:
    """The cycles that there are files of, with what is wrong in them, and which of them are open."""
    opened = await cycles.opened_at(deps.db)
    described = await asyncio.to_thread(_described, deps.settings.config_folder)
    return ConfiguredCycles(
        cycles=[
            each.model_copy(update={"chosen": each.name == deps.settings.cycle, "opened_at": opened.get(each.name)})
            for each in described
        ]
    )


def _described(folder: Path) -> tuple[ConfiguredCycle, ...]:
    files = sorted([*folder.glob("cycles/*.yaml"), *folder.glob("rubrics/*.yaml")])
    return _read_all(folder, tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files))


@lru_cache(maxsize=2)
def _read_all(folder: Path, files: tuple[tuple[str, int, int], ...]) -> tuple[ConfiguredCycle, ...]:
    """What the files say; a rubric takes half a second to read, so only when a file is another one (`files`)."""
    return tuple(_read(folder, name) for name in cycle_names(folder))


def _read(folder: Path, name: str) -> ConfiguredCycle:
    try:
        cycle = load_cycle(folder, name)
        load_rubric(folder, cycle.rubric)
    except ConfigError as error:
        problems = [f"{error.file.name}：{each.message}" for each in error.problems]
        return ConfiguredCycle(name=name, problems=problems, chosen=False, opened_at=None)
    return ConfiguredCycle(
        name=name,
        title=cycle.title,
        year=cycle.year,
        rubric=cycle.rubric,
        dates=CycleDates(**{each: getattr(cycle.dates, each) for each in DATES}),
        chosen=False,
        opened_at=None,
    )


def _configured(deps: Deps, name: str) -> tuple[Cycle, Rubric, bytes]:
    """The cycle of this name, its rubric, and the rubric's file, as config/ has them now."""
    if name != deps.settings.cycle:
        message = f"本服务设定的周期是 {deps.settings.cycle}，请改用它，或请系统管理员修改 ZHIPING_CYCLE"
        raise Invalid(message, details=[Detail("/name", "unknown_cycle", message)])
    folder = deps.settings.config_folder
    try:
        cycle = load_cycle(folder, name)
        source = read_rubric_file(folder, cycle.rubric)
        return cycle, parse_rubric_file(source, folder / f"{cycle.rubric}.yaml"), source
    except ConfigError as error:
        details = [Detail("/name", each.code, f"{error.file.name}：{each.message}") for each in error.problems]
        raise Invalid("评估周期的配置文件有误，请系统管理员按 details 改正", details=details) from error


def _with_dates(cycle: Cycle, dates: CycleDates) -> Cycle:
    data = {**cycle_to_data(cycle), "dates": dates_to_data({name: getattr(dates, name) for name in DATES})}
    try:
        return parse_cycle(data)
    except CycleError as error:
        details = [Detail(each.path, each.code, each.message) for each in error.problems]
        raise Invalid("日程有误，请逐条改正", details=details) from error


def _dates(cycle: Cycle) -> dict[str, object]:
    return {name: getattr(cycle.dates, name) for name in DATES}


async def close_early(deps: Deps, actor: Actor, district_id: str, closing: Closing) -> DistrictDates:
    """Sets when the submissions of the actor's district close, between now and the cycle's own date.

    Raises `NotFound` for another district, `Invalid` for a moment out of these bounds.
    """
    district = _district(deps, actor, "district.close", district_id)

    async def work(transaction: Session) -> OpenCycle:
        cycle = await current(deps, transaction)
        if message := _wrong_closing(deps, cycle, closing):
            raise Invalid(message, details=[Detail("/closes", "out_of_range", message)])
        before = {"district": district_id, "submission_closes": calendar(cycle, district_id)["submission_closes"]}
        if not await cycles.set_closing(deps.db, transaction, cycle.id, cycle.version, district_id, closing.closes):
            raise faster()
        after = {"district": district_id, "submission_closes": closing.closes}
        await audit(deps, transaction, actor, "cycle.closing_set", "cycle", cycle.id, before=before, after=after)
        return await current(deps, transaction)

    return _changed(deps, district, await transact(deps.db, work))


def _wrong_closing(deps: Deps, cycle: OpenCycle, closing: Closing) -> str | None:
    dates = cycle.cycle.dates
    if closing.closes > dates.submission_closes:
        return f"只能提前截止，不能晚于全市的截止时间 {until_text(dates.submission_closes)}"
    if closing.closes <= dates.submission_opens:
        return f"截止时间应晚于申报开始时间 {moment_text(dates.submission_opens)}"
    if closing.closes < deps.clock():
        return "截止时间已经过去，请改为以后的时间"
    return None


async def extend(deps: Deps, actor: Actor, district_id: str, extension: Extension) -> DistrictDates:
    """Gives a district more time to hand in its recommendation list; one handed in already is open again.

    Raises `NotFound` for an unknown district; `Invalid` for a moment that is past, not later than the present one, or
    after the visits' end.
    """
    district = _district(deps, actor, "district.extend", district_id)

    async def work(transaction: Session) -> OpenCycle:
        cycle = await current(deps, transaction)
        present = calendar(cycle, district_id)["hand_in"]
        if message := _wrong_extension(deps, cycle, district_id, extension):
            raise Invalid(message, details=[Detail("/hand_in", "out_of_range", message)])
        granted = {"hand_in": extension.hand_in, "granted_at": deps.clock(), "reason": extension.reason}
        if not await cycles.set_extension(deps.db, transaction, cycle.id, cycle.version, district_id, granted):
            raise faster()
        await audit(
            deps,
            transaction,
            actor,
            "cycle.extended",
            "cycle",
            cycle.id,
            before={"district": district_id, "hand_in": present},
            after={"district": district_id, "hand_in": extension.hand_in},
            reason=extension.reason,
        )
        await _tell_officers(deps, transaction, cycle, district, extension)
        return await current(deps, transaction)

    return _changed(deps, district, await transact(deps.db, work))


def _wrong_extension(deps: Deps, cycle: OpenCycle, district_id: str, extension: Extension) -> str | None:
    present, visits_close = calendar(cycle, district_id)["hand_in"], cycle.cycle.dates.visits_close
    if extension.hand_in <= present:
        return f"应晚于现在的上报截止时间 {until_text(present)}"
    if extension.hand_in <= deps.clock():
        return "延期后的截止时间已经过去，请改为以后的时间"
    if extension.hand_in > visits_close:
        return f"不能晚于终评结束时间 {until_text(visits_close)}"
    return None


async def _tell_officers(
    deps: Deps, transaction: Session, cycle: OpenCycle, district: District, extension: Extension
) -> None:
    until = until_text(extension.hand_in)
    await notify(
        deps,
        transaction,
        await officers_of(deps, transaction, district.id),
        "cycle.extended",
        cycle.id,
        title="推荐名单上报已延期",
        text=f"{district.name}的推荐名单可在 {until} 前上报。理由：{extension.reason}",
        values={"district": district.name, "hand_in": extension.hand_in, "reason": extension.reason},
        link="/recommendations",
    )


def _district(deps: Deps, actor: Actor, action: str, district_id: str) -> District:
    """The district of this id; `NotFound` where there is none, or it is not the actor's."""
    own = require(actor, action) is Scope.OWN
    for district in deps.districts:
        if district.id == district_id and (not own or actor.district == district_id):
            return district
    raise NotFound("没有这个市（区），请检查后重试")


def _changed(deps: Deps, district: District, cycle: OpenCycle) -> DistrictDates:
    deps.cycle_cache.drop()
    return district_dates(cycle, district)
