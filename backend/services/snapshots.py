"""What a publication freezes: canonical JSON of every school's result, and its SHA-256.

Canonical is JSON in UTF-8 with sorted keys, no white space, and characters as they are. The snapshot of a publication
is {"cycle", "kind", "reason", "schools": [an entry each], "title", "version"}; that of its public list is the same with
the awarded schools' public entries.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, TypeVar

from backend.deps import Deps
from backend.services.outcomes import grade_fields_to_data, statement
from backend.strict_json import parse_json
from inspection.rules.points import hundredths
from inspection.rules.ruleset import Rules

_Entry = TypeVar("_Entry", bound=Mapping[str, Any])


def canonical(data: Any, default: Callable[[Any], Any] | None = None) -> str:
    """`data` as canonical JSON; `default` makes data of what is none."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=default)


def snapshot_text(header: Mapping[str, Any], entries: Iterable[str]) -> str:
    """The canonical JSON of a publication, put together from that of its entries.

    The header holds cycle, kind, reason, title, version; "schools" has its place among them by the alphabet.
    """
    fields = {name: canonical(value) for name, value in header.items()} | {"schools": f"[{','.join(entries)}]"}
    return "{" + ",".join(f"{canonical(name)}:{fields[name]}" for name in sorted(fields)) + "}"


def digest(text: str) -> str:
    """The content hash of canonical JSON: the SHA-256 of its UTF-8, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def entry_content(
    deps: Deps, rules: Rules, submission: Mapping[str, Any], outcome: Mapping[str, Any]
) -> dict[str, Any]:
    """What is frozen of a decided submission (as stored, with its outcome): points are JSON numbers."""
    return {
        "school_id": submission["school_id"],
        "school": submission["school"]["name"],
        "district": submission["district"],
        "district_name": district_name(deps, submission["district"]),
        "decision": {"id": outcome["decision"]["id"], "version": outcome["decision"]["version"]},
        "statement": statement(rules, outcome["attained"], outcome["awarded"]),
        **grade_fields_to_data(outcome),
    }


@dataclass(frozen=True, slots=True)
class Frozen:
    """Entries in order, the public ones among them in their public form, and both hashes."""

    entries: Sequence[Mapping[str, Any]]
    public: Sequence[Mapping[str, str]]
    sha256: str
    public_sha256: str


def freeze_entries(deps: Deps, rules: Rules, header: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> Frozen:
    """What a publication with this header and these entries (as stored, in any order) is."""
    ordered = in_order(deps, rules, entries)
    public = [public_entry(deps, rules, entry) for entry in ordered if entry["awarded"] is not None]
    return Frozen(
        ordered,
        public,
        digest(snapshot_text(header, [entry["content"] for entry in ordered])),
        digest(snapshot_text(header, map(canonical, public))),
    )


def grade_of(content: str) -> dict[str, Any]:
    """The grade inside an entry's canonical JSON, in hundredths, as `services.outcomes.grade_view` takes it."""
    data = parse_json(content.encode())
    for gap in data["explanation"]:
        gap["points_short"] = hundredths(gap["points_short"])
    return {**data, "total": hundredths(data["total"])}


def public_entry(deps: Deps, rules: Rules, entry: Mapping[str, Any]) -> dict[str, str]:
    """What the public sees of an awarded school; `entry` holds school, district, awarded."""
    return {
        "school": entry["school"],
        "district": district_name(deps, entry["district"]),
        "awarded": entry["awarded"],
        "grade": rules.grade(entry["awarded"]).title,
    }


def in_order(deps: Deps, rules: Rules, entries: Iterable[_Entry]) -> Sequence[_Entry]:
    """The entries (each with school, district, awarded) as lists print them: by grade from the highest, by district
    in the city's order, by name; those without a grade last."""
    grades = {grade.name: place for place, grade in enumerate(rules.grades)}
    districts = {district.id: place for place, district in enumerate(deps.districts)}

    def place(entry: _Entry) -> tuple[int, int, str]:
        grade = grades.get(entry["awarded"], len(grades))
        return grade, districts.get(entry["district"], len(districts)), entry["school"]

    return sorted(entries, key=place)


def district_name(deps: Deps, district: str) -> str:
    """The name of a district of the city."""
    return next((each.name for each in deps.districts if each.id == district), district)
