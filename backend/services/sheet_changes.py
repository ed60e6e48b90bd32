"""What a batch of operations does to a score sheet: pure, so that a lost race just does it again."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NoReturn, TypeAlias

from backend.models.operations import OperationBatch, OperationIn, Refused, SheetConflict
from backend.services.cycles import OpenCycle
from backend.services.sheet_state import EPOCH, MILLISECOND, FieldName, conflict, key_of, milliseconds, states
from inspection.rules.operations import Value, corrected
from inspection.rules.rubric import Rubric
from inspection.rules.scoring import CLAUSES, MOST_SEQ, POINTS, Reader, RefusedError, fields

# A visit makes some hundreds of operations. A document of MongoDB holds 16 MB: a broken phone must not fill it. What is
# under this bound has room for one more batch of 500 operations with notes as long as they may be.
MOST_BYTES = 8 * 1024 * 1024
_BYTES_EACH = 240
_BYTES_CHARACTER = 4  # At most, in UTF-8.

_PARTS = itemgetter("id", "item", "field")

# Where the document keeps what stands in a field: the name, the key, and perhaps the clause.
_Place: TypeAlias = tuple[str, str, str]

_SIGNED = ("sheet_signed", "评分表已签字，不能再改；如需修改请联系市教育局退回")
_CLOSED = ("visit_closed", "现场评估已结束，不能再改；如需修改请联系市教育局")
_FULL = ("sheet_full", "这张评分表的改动次数太多，无法再保存，请联系市教育局")


@dataclass(slots=True)
class Taken:
    """What a batch does to a sheet: what is new, known and refused, which items it names, the batch as stored (None:
    nothing new), which other fields of the document it sets, what is in conflict afterwards, and by how many bytes the
    document grows."""

    now: datetime
    added: list[dict[str, Any]] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    items: dict[str, None] = field(default_factory=dict)
    batch: dict[str, Any] | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    conflicts: list[SheetConflict] = field(default_factory=list)
    size: int = 0


def take(cycle: OpenCycle, sheet: Mapping[str, Any], batch: OperationBatch, now: datetime) -> Taken:
    """What the batch does to the sheet as stored."""
    taken = Taken(now)
    places = _places(cycle.rubric, cycle.cycle.rules.score_step, frozenset(sheet["stages"]))
    closed = _closed(sheet)
    device_now, server_now = milliseconds(batch.device_now), milliseconds(now)
    known = {each["id"] for earlier in sheet["batches"] for each in earlier["operations"]}
    # A field that is set for the first time, and once, needs no merge. That is nearly every field of a first batch.
    before = {(each["item"], each["field"]) for earlier in sheet["batches"] for each in earlier["operations"]}
    contested = dict.fromkeys((item, name) for item, name in sheet["conflicts"])
    for sent in batch.operations:
        name, item, part = _PARTS(sent)
        if name in known:
            taken.known.append(name)
        else:
            try:
                if closed is not None:
                    raise RefusedError(*closed)
                reader, place = places.get((item, part)) or _unknown(item, part, places)
                operation: dict[str, Any] = {**sent}
                operation["value"] = value = reader(sent["value"])
                operation["at"] = _made(sent, device_now, server_now)
            except RefusedError as error:
                taken.refused.append({"id": name, "code": error.code, "message": error.message})
                continue
            known.add(name)
            taken.added.append(operation)
            if (item, part) in before:
                contested[item, part] = None
            before.add((item, part))
            _set(sheet, taken.changes, place, value)
            if type(value) is str:
                taken.size += _BYTES_CHARACTER * len(value)
        taken.items[item] = None
    if taken.added:
        version = sheet["version"] + 1
        taken.batch = {"device": batch.device, "received": now, "version": version, "operations": taken.added}
        taken.size += _BYTES_EACH * len(taken.added)
    _merge(sheet, taken, contested)
    return taken


@lru_cache(maxsize=64)
def _places(rubric: Rubric, score_step: int, stages: frozenset[str]) -> Mapping[FieldName, tuple[Reader, _Place]]:
    """For every field what reads its values, and where they are kept."""
    return {name: (reader, _place(*name)) for name, reader in fields(rubric, score_step, stages).items()}


def _place(item: str, name: str) -> _Place:
    kind, _, clause = name.partition("/")
    return kind, key_of(item), clause


def _closed(sheet: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why the sheet takes nothing in any more, as a code and a message."""
    if sheet["state"] == "signed":
        return _SIGNED
    if sheet["phase"] == "closed":
        return _CLOSED
    return _FULL if sheet["size"] > MOST_BYTES else None


def _made(sent: OperationIn, device_now: int, server_now: int) -> int:
    """When the operation was made by the corrected clock, in milliseconds. Raises `RefusedError` for a wrong number or
    time."""
    if not 1 <= sent["seq"] <= MOST_SEQ:
        raise RefusedError("bad_seq", f"序号（seq）应为 1 到 {MOST_SEQ} 的整数")
    try:
        made = corrected((datetime.fromisoformat(sent["at"]) - EPOCH) // MILLISECOND, device_now, server_now)
    except (ValueError, OverflowError):
        raise RefusedError("bad_time", "手机时间（at）无效，请检查手机的日期和时间") from None
    # A clock that was decades off may say anything; what was made before 1970 was not made on a phone.
    return made if made > 0 else 0


def _unknown(item: str, name: str, places: Container[FieldName]) -> NoReturn:
    if (item, POINTS) not in places:
        raise RefusedError("unknown_item", f"细则中没有编号为“{item}”的指标")
    if name.startswith(CLAUSES):
        raise RefusedError("unknown_clause", f"{item} 没有这项要求，或者它不适用于该校的学段")
    raise RefusedError("unknown_field", f"没有“{name}”这一栏：应为 points、note 或 clauses/名称")


def _merge(sheet: Mapping[str, Any], taken: Taken, contested: Mapping[FieldName, None]) -> None:
    """Works out what then stands in the fields that were set more than once, and what is in conflict on the sheet."""
    merged = states((*sheet["batches"], *([taken.batch] if taken.batch else [])), contested) if contested else {}
    in_conflict = sorted(name for name, state in merged.items() if state.conflicts)
    taken.conflicts = [conflict(name, merged[name]) for name in in_conflict]
    if taken.added:
        for name, state in merged.items():
            _set(sheet, taken.changes, _place(*name), state.value)
        taken.changes["conflicts"] = [list(name) for name in in_conflict]
        _keep_first_scores(sheet, taken)


def _set(sheet: Mapping[str, Any], changes: dict[str, Any], place: _Place, value: Value) -> None:
    """Sets a field in what the batch changes of the document."""
    kind, key, clause = place
    if kind not in changes:
        changes[kind] = dict(sheet[kind])
    values = changes[kind]
    if clause:
        verdicts = dict(values.get(key, {}))
        _put(verdicts, clause, value)
        _put(values, key, verdicts or None)
    else:
        _put(values, key, value)


def _put(values: dict[str, Any], key: str, value: Any) -> None:
    if value is None:
        values.pop(key, None)
    else:
        values[key] = value


def _keep_first_scores(sheet: Mapping[str, Any], taken: Taken) -> None:
    """Keeps the points that an item has when it is first scored: the answer shows the school's own from then on."""
    first, points = sheet["first"], taken.changes.get("points", {})
    fresh = {key: points[key] for key in map(key_of, taken.items) if key in points}
    if not fresh.keys() <= first.keys():
        taken.changes["first"] = {**fresh, **first}
