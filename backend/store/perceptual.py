"""Perceptual hashes, and the index that finds near-identical photos among a million without looking at them all.

{_id: the blob's, schema, school_id, whole, middle (32 bytes each), keys: [int], twins: [ids of blobs at other schools]}

Multi-index hashing: of two hashes that differ in few of 256 bits, some band of 20 neighbouring bits is most likely the
same in both. The index has each band of a photo as a key (its number and its bits), so a look-up reads some hundred
photos that share one, and compares these exactly. See docs/evidence.md for the figures.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bson.binary import Binary

from backend.store.mongo import Database, Session

SCHEMA = 1
# From how many of 256 bits on two hashes are not of the same picture any more (the labelled set of the tests).
NEAR_BITS = 56

_BITS = 256
_BAND_BITS = 20
_WHOLE_BANDS, _MIDDLE_BANDS = _BITS // _BAND_BITS, 8
# PDQ's bits are a 16 × 16 table of frequencies, the lowest last. A crop shifts the low ones least: the bands of the
# middle are taken from the 96 lowest.
_LOW_BITS = sorted(range(_BITS), key=lambda bit: (bit // 16 + bit % 16, bit))[:96]
_STRIDE = 5
_MIDDLE_PLACES = tuple(
    tuple(_LOW_BITS[(12 * band + _STRIDE * number) % len(_LOW_BITS)] for number in range(_BAND_BITS))
    for band in range(_MIDDLE_BANDS)
)
# Pictures so alike that thousands share a band must not cost a look-up its time.
_MOST_CANDIDATES = 4000


class Near(NamedTuple):
    """A near-identical photo: its blob, its school, how many bits its hash differs by."""

    blob_id: str
    school_id: str
    distance: int


def keys_of(whole: bytes, middle: bytes) -> list[int]:
    """The keys under which a photo is found."""
    return [*_whole_keys(whole), *_middle_keys(middle)]


async def put(db: Database, blob_id: str, school_id: str, whole: bytes, middle: bytes) -> None:
    """Adds the hashes of a blob; the same again changes nothing."""
    fields = {
        "schema": SCHEMA,
        "school_id": school_id,
        "whole": Binary(whole),
        "middle": Binary(middle),
        "keys": keys_of(whole, middle),
        "twins": [],
    }
    await db.perceptual.update_one({"_id": blob_id}, {"$setOnInsert": fields}, upsert=True)


async def near(db: Database, school_id: str, turned: Sequence[bytes], middles: Sequence[bytes]) -> list[Near]:
    """The photos of other schools one of whose hashes is near one of these, the nearest first."""
    keys = {key for hash_ in turned for key in _whole_keys(hash_)}
    keys |= {key for hash_ in middles for key in _middle_keys(hash_)}
    wanted = {"keys": {"$in": sorted(keys)}}
    fields = {"school_id": 1, "whole": 1, "middle": 1}
    wholes, centres = [_number(each) for each in turned], [_number(each) for each in middles]
    # Photos of one's own school are read and left aside here: a filter would only have MongoDB read them in vain.
    found = db.perceptual.find(wanted, fields, batch_size=_MOST_CANDIDATES).limit(_MOST_CANDIDATES)
    result = [
        Near(each["_id"], each["school_id"], distance)
        for each in await found.to_list(None)
        if each["school_id"] != school_id
        and (distance := min(_least(each["whole"], wholes), _least(each["middle"], centres))) <= NEAR_BITS
    ]
    return sorted(result, key=lambda each: (each.distance, each.blob_id))


async def link(db: Database, blob_id: str, others: Sequence[str]) -> None:
    """Notes that this blob and the others look the same, with each of them."""
    if others:
        await db.perceptual.update_one({"_id": blob_id}, {"$addToSet": {"twins": {"$each": list(others)}}})
        await db.perceptual.update_many({"_id": {"$in": list(others)}}, {"$addToSet": {"twins": blob_id}})


async def twins_of(db: Database, blob_id: str, session: Session | None = None) -> list[str]:
    """The blobs at other schools that look the same as this one."""
    found = await db.perceptual.find_one({"_id": blob_id}, {"twins": 1}, session=session)
    return list(found["twins"]) if found else []


def _number(hash_: bytes) -> int:
    return int.from_bytes(hash_, "big")


def _least(hash_: bytes, others: Iterable[int]) -> int:
    number = _number(hash_)
    return min((number ^ other).bit_count() for other in others)


def _whole_keys(hash_: bytes) -> list[int]:
    number, mask = _number(hash_), (1 << _BAND_BITS) - 1
    return [band << _BAND_BITS | (number >> band * _BAND_BITS) & mask for band in range(_WHOLE_BANDS)]


def _middle_keys(hash_: bytes) -> list[int]:
    number, keys = _number(hash_), []
    for band, places in enumerate(_MIDDLE_PLACES, _WHOLE_BANDS):
        bits = 0
        for place in places:
            bits = bits << 1 | number >> place & 1
        keys.append(band << _BAND_BITS | bits)
    return keys
