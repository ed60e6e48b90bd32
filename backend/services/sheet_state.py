"""What stands on a score sheet as stored: fields, conflicts, and what of the self-assessment may be shown."""

from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from backend.models.operations import SelfAssessed, SheetConflict, Standing
from backend.store.submissions import item_key
from inspection.rules.operations import FieldState, Operation, merge_field
from inspection.rules.points import as_number
from inspection.rules.scoring import POINTS

FieldName = tuple[str, str]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

key_of = cache(item_key)


def milliseconds(moment: datetime) -> int:
    """The moment in milliseconds of the Unix epoch."""
    return (moment - EPOCH) // MILLISECOND


def states(
    batches: Iterable[Mapping[str, Any]], only: Container[FieldName] | None = None
) -> dict[FieldName, FieldState]:
    """The fields after the merge of stored batches; just those in `only` where it is given."""
    by_field: dict[FieldName, dict[str, Operation]] = {}
    for batch in batches:
        for each in batch["operations"]:
            name = (each["item"], each["field"])
            if only is None or name in only:
                by_field.setdefault(name, {})[each["id"]] = _operation(name, batch["device"], each)
    return {name: merge_field(known) for name, known in by_field.items()}


def _operation(name: FieldName, device: str, stored: Mapping[str, Any]) -> Operation:
    return Operation(stored["id"], device, stored["seq"], stored["at"], name, stored["value"], stored.get("saw"))


def conflict(name: FieldName, state: FieldState) -> SheetConflict:
    """How an answer shows a field with values that wait for a choice."""
    return {
        "item": name[0],
        "field": name[1],
        "current": standing(name, state.current),
        "others": [standing(name, other) for other in state.conflicts],
    }


def standing(name: FieldName, operation: Operation) -> Standing:
    """How an answer shows one value of a field; points as numbers."""
    value = operation.value
    shown = as_number(value) if name[1] == POINTS and type(value) is int else value
    return {
        "id": operation.id,
        "device": operation.device,
        "at": EPOCH + operation.at * MILLISECOND,
        "value": shown,
    }


def revealed(own: Mapping[str, Any] | None, first: Mapping[str, int], items: Iterable[str]) -> dict[str, SelfAssessed]:
    """The school's answers on those of the items that the inspector has scored; nothing of any other item, ever."""
    shown: dict[str, SelfAssessed] = {}
    for code in items:
        key = key_of(code)
        if key in first and own is not None and key in own:
            shown[code] = own[key]
    return shown
