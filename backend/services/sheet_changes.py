"""What a batch of operations does to a score sheet: pure, so that a lost race just does it again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any

from backend.models.operations import OperationBatch, Refused, SheetConflict
from backend.services.cycles import OpenCycle
from backend.services.sheet_state import EPOCH, MILLISECOND, FieldName, conflict, key_of, milliseconds, states
from inspection.rules.operations import Value, corrected
from inspection.rules.scoring import CLAUSES, MOST_SEQ, POINTS, Reader, RefusedError, fields

# A visit makes some hundreds of operations. A document of MongoDB holds 16 MB: a broken phone must not fill it. What is
# under this bound has room for one more batch of 500 operations with notes as long as they may be.
MOST_BYTES = 8 * 1024 * 1024
_BYTES_EACH = 240
_BYTES_CHARACTER = 4  # At most, in UTF-8.

_PARTS = itemgetter("id", "seq", "at", "item", "field", "value")

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
    readers = fields(cycle.rubric, cycle.cycle.rules.score_step, frozenset(sheet["stages"]))
    closed = _closed(sheet)
    device_now, server_now = milliseconds(batch.device_now), milliseconds(now)
    known = {each["id"] for earlier in sheet["batches"] for each in earlier["operations"]}
    for sent in batch.operations:
        name, seq, at, item, part, value = _PARTS(sent)
        if name in known:
            taken.known.append(name)
        else:
            try:
                if closed is not None:
                    raise RefusedError(*closed)
                reader = readers.get((item, part))
                if reader is None:
                    raise _unknown(item, part, readers)
                if not 1 <= seq <= MOST_SEQ:
                    raise RefusedError("bad_seq", f"序号（seq）应为 1 到 {MOST_SEQ} 的整数")
                value = reader(value)
                # A clock that was decades off may say anything; what was made before 1970 was not made on a phone.
                made = max(0, corrected(_made(at), device_now, server_now))
                taken.added.append({**sent, "at": made, "value": value})
            except RefusedError as error:
                taken.refused.append({"id": name, "code": error.code, "message": error.message})
                continue
            known.add(name)
        taken.items[item] = None
    if taken.added:
        version = sheet["version"] + 1
        taken.batch = {"device": batch.device, "received": now, "version": version, "operations": taken.added}
        notes = sum(len(each["value"]) for each in taken.added if isinstance(each["value"], str))
        taken.size = _BYTES_EACH * len(taken.added) + _BYTES_CHARACTER * notes
    _merge(sheet, taken)
    return taken


def _closed(sheet: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why the sheet takes nothing in any more, as a code and a message."""
    if sheet["state"] == "signed":
        return _SIGNED
    if sheet["phase"] == "closed":
        return _CLOSED
    return _FULL if sheet["size"] > MOST_BYTES else None


def _made(at: str) -> int:
    """The time of an operation by the phone's clock, in milliseconds. Raises `RefusedError` for one that is none."""
    try:
        return (datetime.fromisoformat(at) - EPOCH) // MILLISECOND
    except (ValueError, OverflowError):
        raise RefusedError("bad_time", "手机时间（at）无效，请检查手机的日期和时间") from None


def _unknown(item: str, name: str, readers: Mapping[FieldName, Reader]) -> RefusedError:
    if (item, POINTS) not in readers:
        return RefusedError("unknown_item", f"细则中没有编号为“{item}”的指标")
    if name.startswith(CLAUSES):
        return RefusedError("unknown_clause", f"{item} 没有这项要求，或者它不适用于该校的学段")
    return RefusedError("unknown_field", f"没有“{name}”这一栏：应为 points、note 或 clauses/名称")


def _merge(sheet: Mapping[str, Any], taken: Taken) -> None:
    """Works out what then stands in the fields that the batch sets, and what is in conflict on the whole sheet."""
    # A field that is set for the first time, and once, needs no merge. That is nearly every field of a first batch.
    values: dict[FieldName, Value] = {}
    contested = dict.fromkeys((item, name) for item, name in sheet["conflicts"])
    before = {(each["item"], each["field"]) for earlier in sheet["batches"] for each in earlier["operations"]}
    for each in taken.added:
        name = (each["item"], each["field"])
        if name in values or name in before:
            contested[name] = None
        values[name] = each["value"]
    merged = states((*sheet["batches"], *([taken.batch] if taken.batch else [])), contested) if contested else {}
    in_conflict = sorted(name for name, state in merged.items() if state.conflicts)
    taken.conflicts = [conflict(name, merged[name]) for name in in_conflict]
    if taken.added:
        values.update({name: state.value for name, state in merged.items()})
        taken.changes = _changes(sheet, values)
        taken.changes["conflicts"] = [list(name) for name in in_conflict]
        _keep_first_scores(sheet, taken)


def _changes(sheet: Mapping[str, Any], values: Mapping[FieldName, Value]) -> dict[str, Any]:
    """The fields of the document that follow from its operations, as far as these values change them."""
    stand: dict[str, dict[str, Any]] = {}
    for (item, name), value in values.items():
        kind, _, clause = name.partition("/")
        if kind not in stand:
            stand[kind] = dict(sheet[kind])
        key = key_of(item)
        if clause:
            verdicts = dict(stand[kind].get(key, {}))
            _put(verdicts, clause, value)
            _put(stand[kind], key, verdicts or None)
        else:
            _put(stand[kind], key, value)
    return stand


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
