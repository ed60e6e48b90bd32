"""What a submission still lacks before it may be submitted, by the need of the workflow's table that it falls under."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from backend.services.cycles import OpenCycle
from backend.services.draft_merge import value_at
from backend.services.form_fields import FormField, field_names, form_fields
from backend.services.submissions import declared_stages, evidence_counts, self_answers
from backend.store.submissions import item_code
from inspection.rules.problems import Problem
from inspection.rules.submission import missing_answers, missing_evidence


def missing_parts(
    cycle: OpenCycle, submission: Mapping[str, Any], unstored: Collection[str] = ()
) -> dict[str, Sequence[Problem]]:
    """The needs of `COMPLETE` in the workflow's table that are not there, with all details.

    `unstored` are those of the `attachments` that have not been uploaded. A field with several values that nobody has
    chosen from counts as missing.
    """
    rubric, rules, answers = cycle.rubric, cycle.cycle.rules, self_answers(submission)
    open_items, open_others = _undecided(cycle, submission)
    parts = {
        "answers_complete": [
            *missing_answers(rubric, declared_stages(submission), answers, "/items"),
            *open_items,
        ],
        "figures_present": [*_missing_figures(cycle, submission), *open_others],
        "evidence_present": missing_evidence(rubric, rules, answers, evidence_counts(submission), "/items"),
        "evidence_stored": _not_uploaded(submission, unstored),
    }
    return {need: problems for need, problems in parts.items() if problems}


def attachments(submission: Mapping[str, Any]) -> list[str]:
    """The ids of everything that is attached to the form."""
    return [each for ids in _attached(submission).values() for each in ids]


def _attached(submission: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """The attached ids by the name of the field that they stand in."""
    items = {f"/items/{item_code(key)}/evidence": item.get("evidence", ()) for key, item in submission["items"].items()}
    return {**items, "/scans": submission.get("scans") or ()}


def _not_uploaded(submission: Mapping[str, Any], unstored: Collection[str]) -> list[Problem]:
    return [
        Problem(f"{name}/{position}", "not_uploaded", f"{_place(name)}的第 {position + 1} 份材料还没有上传完")
        for name, ids in _attached(submission).items()
        for position, each in enumerate(ids)
        if each in unstored
    ]


def _place(name: str) -> str:
    return "表后" if name == "/scans" else name.split("/")[2]


def _missing_figures(cycle: OpenCycle, submission: Mapping[str, Any]) -> list[Problem]:
    """Every field of the application (附件2) that is empty; all of them are asked for."""
    fields = form_fields(cycle.rubric, tuple(submission["school"]["stages"])).values()
    return [
        Problem(field.name, "required", f"申报表的“{field.label}”尚未填写")
        for field in fields
        if field.name.startswith("/application/") and _is_blank(value_at(submission, field.path))
    ]


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _undecided(cycle: OpenCycle, submission: Mapping[str, Any]) -> tuple[list[Problem], list[Problem]]:
    """The fields with several values: those of the answers, and those of the application."""
    names = field_names(cycle.rubric, tuple(submission["school"]["stages"]))
    fields = [names[key] for key, state in submission["fields"].items() if state["conflicts"] and key in names]
    answers = [field for field in fields if not _of_application(field)]
    return [_choose(field) for field in answers], [_choose(field) for field in fields if _of_application(field)]


def _of_application(field: FormField) -> bool:
    return field.name.startswith("/application/")


def _choose(field: FormField) -> Problem:
    return Problem(field.name, "several_values", f"“{field.label}”有几个不同的填写，请先选定一个")
