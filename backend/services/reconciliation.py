"""From what is stored to the cases that the rules decide: signed sheets, rulings in force, the self-assessment."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from backend.deps import Deps
from backend.services.cycles import OpenCycle
from backend.services.submissions import evidence_counts, school_figures, self_answers
from backend.store import photo_records, score_sheets, visits
from backend.store.mongo import Session
from backend.store.reconciliation import submissions_after
from backend.store.submissions import item_code
from inspection.rules.case import Answers, Case, Sheet
from inspection.rules.reconciliation import Ruling, rulings_in_force
from inspection.rules.replay import case_to_data
from inspection.rules.rubric_changes import under
from inspection.rules.workflow import State

# Schools that are read together: a batch is decoded in one go, which nothing else can run beside.
_BATCH = 25
# So many cases are made before others get a turn on the event loop (some milliseconds).
_TURN = 4

_code = cache(item_code)


def sheet_answers(sheet: Mapping[str, Any]) -> Answers:
    """What a score sheet says."""
    return Answers(
        {_code(key): points for key, points in sheet["points"].items()},
        {_code(key): clauses for key, clauses in sheet["clauses"].items()},
    )


def rulings_of(visit: Mapping[str, Any]) -> tuple[Ruling, ...]:
    """All rulings ever made on a visit."""
    return tuple(
        Ruling(each["item"], each["rank"], each["order"], each["points"], each["clauses"]) for each in visit["rulings"]
    )


def case_of(
    open_cycle: OpenCycle,
    submission: Mapping[str, Any],
    visit: Mapping[str, Any],
    sheets: Iterable[Mapping[str, Any]],
    suspect: frozenset[str] = frozenset(),
) -> Case:
    """The case of a submission: what its grade depends on. Of the sheets only the signed ones count; `suspect` are its
    items with a flagged photo (see `suspects`).

    All documents are as stored; the submission has been handed in, so that its figures are there.
    """
    school = school_figures(submission)
    if school is None:
        raise ValueError(f"submission {submission['_id']} has no figures")
    signed = [sheet for sheet in sheets if sheet["state"] == "signed"]
    case = Case(
        rubric=open_cycle.rubric,
        rules=open_cycle.cycle.rules,
        applied=submission["application"]["applied"],
        school=school,
        self_assessment=self_answers(submission),
        # The order changes no outcome; a fixed one keeps what is stored of the case the same.
        sheets=tuple(
            Sheet(sheet["inspector_id"], sheet_answers(sheet))
            for sheet in sorted(signed, key=lambda sheet: str(sheet["inspector_id"]))
        ),
        rulings=rulings_in_force(rulings_of(visit)),
        evidence=evidence_counts(submission),
        suspect=suspect,
    )
    # What was said by an earlier rubric counts as far as the present one has a place for it.
    return under(case, open_cycle.rubric) if open_cycle.rubric_changed else case


async def suspects(
    deps: Deps, pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], transaction: Session | None = None
) -> Mapping[str, frozenset[str]]:
    """The items with a photo that carries an integrity flag, by submission: attached by the school, or taken there on
    the visit. `pairs` are submissions with their visits, as stored."""
    evidence = await photo_records.flagged_evidence(
        deps.db, [submission["_id"] for submission, _ in pairs], transaction
    )
    taken = await photo_records.flagged_items(deps.db, [visit["_id"] for _, visit in pairs], transaction)
    return {
        submission["_id"]: frozenset(taken.get(visit["_id"], ()))
        | _items_with(submission, evidence.get(submission["_id"], set()))
        for submission, visit in pairs
    }


def _items_with(submission: Mapping[str, Any], evidence: set[str]) -> frozenset[str]:
    if not evidence:
        return frozenset()
    items = submission["items"].items()
    return frozenset(_code(key) for key, item in items if not evidence.isdisjoint(item.get("evidence") or ()))


def case_data(case: Case) -> dict[str, object]:
    """The case in the form of the replay (`python -m backend decide`), to be stored as text by `write_json`.

    It names the rubric with its hash and all rules, and reads back as exactly this case.
    """
    return case_to_data(case)


async def cases(
    deps: Deps, cycle: OpenCycle, states: Iterable[State], after: str = ""
) -> AsyncGenerator[tuple[Mapping[str, Any], Mapping[str, Any], Case], None]:
    """Every submission in one of the states that has a visit, with the visit and its case, in the order of their ids;
    those whose id comes `after` this one.

    The submissions come without the versions and the history of their fields. MongoDB gets the next few ready while
    these are worked on: at most two batches are in memory at once.
    """
    wanted, count = tuple(states), 0
    next_batch: asyncio.Task[list[_Read]] | None = asyncio.create_task(_read_after(deps, cycle, wanted, after))
    try:
        while next_batch is not None:
            batch = await next_batch
            more = len(batch) == _BATCH
            next_batch = asyncio.create_task(_read_after(deps, cycle, wanted, batch[-1][0]["_id"])) if more else None
            for submission, visit, sheets, suspect in batch:
                if visit is not None:
                    yield submission, visit, case_of(cycle, submission, visit, sheets, suspect)
                count += 1
                if count % _TURN == 0:
                    await asyncio.sleep(0)
    finally:
        if next_batch is not None:
            next_batch.cancel()


_Read = tuple[Mapping[str, Any], Mapping[str, Any] | None, Sequence[Mapping[str, Any]], frozenset[str]]


async def _read_after(deps: Deps, cycle: OpenCycle, states: Sequence[State], after: str) -> list[_Read]:
    """The next submissions, each with its visit (None: it has none), the signed sheets, and the suspect items."""
    batch = await submissions_after(deps.db, cycle.id, states, after, _BATCH)
    visited = await visits.live_by_submission(deps.db, [submission["_id"] for submission in batch])
    pairs = [(each, visited[each["_id"]]) for each in batch if each["_id"] in visited]
    signed, suspect = await asyncio.gather(
        score_sheets.signed_by_visit(deps.db, [visit["_id"] for _, visit in pairs]), suspects(deps, pairs)
    )
    return [
        (each, visited[each["_id"]], signed[visited[each["_id"]]["_id"]], suspect[each["_id"]])
        if each["_id"] in visited
        else (each, None, (), frozenset())
        for each in batch
    ]
