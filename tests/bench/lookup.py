"""Near-identical photos among a million stored hashes: how long a look-up takes.

The hashes are those of pictures that never were: PDQ's frequencies are linear in the pixels, so those of a blend of
four scenes are the blend of theirs. Bits that hang together in photos do so here, as they would not in random ones.
"""

import asyncio
import time

import numpy as np
import pdqhash
from numpy.typing import NDArray
from PIL import Image

from backend.gateways.photo_hash import Fingerprint
from backend.store import perceptual
from backend.store.indexes import INDEXES, ensure_indexes
from backend.store.mongo import Database, connect
from tests.bench.figures import RUNS, Figure
from tests.bench.servers import own_mongodb
from tests.labelled import GROUPS, print_of
from tests.scenes import scene

STORED = 1_000_000
SCENES, BLENDED, BATCH = 300, 4, 20_000
LOOKUPS = 100
LIMIT = 50.0
SIZE = (320, 240)


def figures() -> list[Figure]:
    """The p95 of look-ups, one after another."""
    with own_mongodb() as uri:
        runs = asyncio.run(_measured(uri))
    return [Figure("look-up among a million hashes, p95", tuple(runs), "ms", LIMIT, floor=False)]


async def _measured(uri: str) -> list[float]:
    db = connect(uri, "lookup")
    for start in range(0, STORED, BATCH):
        await db.perceptual.insert_many(_documents(start), ordered=False)
    await ensure_indexes(db, [index for index in INDEXES if index.collection == "perceptual"])
    # Every other photo is one that is there: its original was stored before.
    prints = []
    changes = [change for group in GROUPS.values() for change in group.values()]
    for number in range(LOOKUPS):
        photo = scene(50_000 + number, size=SIZE)
        if number % 2:
            own = print_of(photo)
            await perceptual.put(db, f"original {number}", "another school", own.whole, own.middle)
            photo = changes[number // 2 % len(changes)](photo)
        prints.append(print_of(photo))
    found = [await perceptual.near(db, "school", each.turned, each.middles) for each in prints]
    wrong = sum(f"original {number}" in {each.blob_id for each in near} for number, near in enumerate(found))
    strangers = sum(each.blob_id.isdecimal() for near in found for each in near)
    print(f"found {wrong} of {LOOKUPS // 2} that are there, and {strangers} strangers")
    return [await _p95(db, prints) for _ in range(RUNS)]


async def _p95(db: Database, prints: list[Fingerprint]) -> float:
    times = []
    for each in prints:
        begun = time.perf_counter()
        await perceptual.near(db, "school", each.turned, each.middles)
        times.append((time.perf_counter() - begun) * 1000)
    return sorted(times)[int(len(times) * 0.95)]


def _documents(start: int) -> list[dict[str, object]]:
    wholes, middles = zip(*_scenes(), strict=True)
    random = np.random.default_rng(start)
    chosen = random.integers(SCENES, size=(BATCH, BLENDED))
    weights = random.normal(size=(BATCH, BLENDED)).astype(np.float32)
    hashes = [_blends(np.array(each), chosen, weights) for each in (wholes, middles)]
    return [
        {
            "_id": str(start + number),
            "schema": perceptual.SCHEMA,
            "school_id": f"school {number % 2000}",
            "whole": whole.tobytes(),
            "middle": middle.tobytes(),
            "keys": perceptual.keys_of(whole.tobytes(), middle.tobytes()),
            "twins": [],
        }
        for number, (whole, middle) in enumerate(zip(*hashes, strict=True))
    ]


def _blends(
    frequencies: NDArray[np.float32], chosen: NDArray[np.int64], weights: NDArray[np.float32]
) -> NDArray[np.uint8]:
    """The hashes of blends: each bit says whether a frequency is above the median of its picture."""
    blended = np.einsum("bn,bnf->bf", weights, frequencies[chosen])
    return np.packbits(blended > np.median(blended, axis=1, keepdims=True), axis=1)


_known: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []


def _scenes() -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """The frequencies of each scene and of its middle."""
    if not _known:
        _known.extend(_frequencies(scene(number, size=SIZE)) for number in range(SCENES))
    return _known


def _frequencies(photo: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    width, height = photo.size
    whole, middle = [
        photo.resize((64, 64), Image.Resampling.BILINEAR, box=box)
        for box in (None, (width * 0.05, height * 0.05, width * 0.95, height * 0.95))
    ]
    first, second = [pdqhash.compute_float(np.asarray(each))[0].astype(np.float32) for each in (whole, middle)]
    return first, second


if __name__ == "__main__":
    for figure in figures():
        print(figure.row())
