"""The merge of operations from phones: the same state after any duplication, reordering and retry.

An operation sets one field of one item. It supersedes every earlier operation of its device on that field, and the one
that it saw (with all that this one superseded). What nothing supersedes are the field's heads. One head, or several
that say the same: that is the value. Several that differ come from devices of which none had seen the other: a
conflict. All of them are kept and shown until a person chooses, by an operation that saw them; meanwhile the latest
by corrected clock, then device, then id, stands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Value = int | bool | str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One change made on a phone. `field` is (item, "points" | "note" | "clauses/<name>"); points in hundredths.

    `seq` orders within `device`; `at` is the device's clock corrected by the server, in milliseconds of the Unix
    epoch; `saw` is the id of the last operation on this field that the device knew of when it was made.
    """

    id: str
    device: str
    seq: int
    at: int
    field: tuple[str, str]
    value: Value
    saw: str | None = None


@dataclass(frozen=True, slots=True)
class FieldState:
    """A field after the merge: the operation that stands, and the differing ones that wait for a person's choice."""

    current: Operation
    conflicts: tuple[Operation, ...] = ()

    @property
    def value(self) -> Value:
        """The value that stands."""
        return self.current.value


def corrected(device_clock: int, device_now: int, server_now: int) -> int:
    """A device's time, corrected by the difference between its clock and the server's when the batch was sent.

    A time after the sending is a clock that was set back in between: it counts as the time of sending, so that a
    phone set to 2030 does not win for ever. All in milliseconds.
    """
    return min(device_clock, device_now) + server_now - device_now


def merge(operations: Iterable[Operation]) -> Mapping[tuple[str, str], FieldState]:
    """The state of every field, whatever the order and however often each operation is in `operations`."""
    fields: dict[tuple[str, str], dict[str, Operation]] = {}
    for operation in operations:
        fields.setdefault(operation.field, {})[operation.id] = operation
    return {field: merge_field(known) for field, known in sorted(fields.items())}


def merge_field(known: Mapping[str, Operation]) -> FieldState:
    """The state of one field from all its operations by id; at least one."""
    heads = sorted(_heads(known), key=lambda head: (head.at, head.device, head.id), reverse=True)
    current = heads[0]
    return FieldState(current, tuple(head for head in heads[1:] if not same_value(head.value, current.value)))


def same_value(one: Value, other: Value) -> bool:
    """Whether two values are the same to a person: 1 and True are equal in Python and differ here."""
    return type(one) is type(other) and one == other


def _heads(known: Mapping[str, Operation]) -> list[Operation]:
    """The operations that no other supersedes.

    Superseding is transitive, and what is superseded by a superseded one is superseded too, so that it is enough to
    look one step back from every operation. A device's own earlier operations need no link: its last one stands.
    """
    last: dict[str, Operation] = {}
    for operation in known.values():
        best = last.get(operation.device)
        if best is None or (operation.seq, operation.id) > (best.seq, best.id):
            last[operation.device] = operation
    seen = _seen(known)
    heads = [operation for operation in last.values() if operation.id not in seen]
    # Ids that point at each other come from no honest phone. All would be superseded; then the last ones stand.
    return heads or list(last.values())


def _seen(known: Mapping[str, Operation]) -> set[str]:
    """The ids that some operation of another device saw, and all that came before them on their devices."""
    horizon: dict[str, int] = {}
    for operation in known.values():
        target = known.get(operation.saw or "")
        if target is not None and target.device != operation.device:
            horizon[target.device] = max(horizon.get(target.device, target.seq), target.seq)
    return {
        operation.id
        for operation in known.values()
        if operation.seq <= horizon.get(operation.device, operation.seq - 1)
    }
