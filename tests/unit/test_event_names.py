"""Every event of the audit trail has a name that officers understand."""

import ast
from pathlib import Path

from backend.models.audit_trail import EVENT_NAMES
from backend.services import audit
from inspection.rules.workflow import TRANSITIONS

_PLACE = {"audit": 3, "audit_many": 3}


def test_whatever_a_service_records_has_a_name() -> None:
    recorded = set()
    for file in Path(audit.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PLACE:
                event = node.args[_PLACE[node.func.id]]
                if isinstance(event, ast.Constant):
                    recorded.add(event.value)
    assert len(recorded) > 30
    assert recorded <= set(EVENT_NAMES)


def test_every_transition_has_a_name() -> None:
    assert {f"submission.{row.name}" for row in TRANSITIONS} <= set(EVENT_NAMES)
