"""Near-identical photos are found by the index, like scenes are not: recall and precision on the labelled set."""

from functools import lru_cache

import pytest
from PIL import Image

from backend.gateways.photo_hash import Fingerprint
from backend.store import perceptual
from backend.store.mongo import Database
from tests.labelled import GROUPS, like_pairs, like_scene, photos, print_of

PHOTOS, LIKE_A_KIND = 34, 15
LEAST_RECALL = {"same picture": 0.98, "cropped": 0.8, "turned": 0.8}
LEAST_PRECISION = 0.98


@lru_cache(maxsize=1)
def originals() -> list[tuple[Image.Image, Fingerprint]]:
    return [(photo, print_of(photo)) for photo in photos(PHOTOS)]


async def found_by(db: Database, found: Fingerprint) -> set[str]:
    return {each.blob_id for each in await perceptual.near(db, "asking", found.turned, found.middles)}


async def keep(db: Database, prints: list[Fingerprint]) -> None:
    for number, each in enumerate(prints):
        await perceptual.put(db, f"photo {number}", f"school {number}", each.whole, each.middle)


@pytest.mark.parametrize("group", GROUPS)
async def test_recall_and_precision_of_the_labelled_set(database: Database, group: str) -> None:
    """Each changed photo is asked for among the originals; whatever else is found is wrong."""
    await keep(database, [own for _, own in originals()])
    hits = wrong = asked = 0
    for change in GROUPS[group].values():
        for number, (photo, _) in enumerate(originals()):
            found = await found_by(database, print_of(change(photo)))
            asked += 1
            hits += f"photo {number}" in found
            wrong += len(found - {f"photo {number}"})
    print(f"{group}: recall {hits / asked:.3f} of {asked}, {wrong} wrong")
    assert hits / asked >= LEAST_RECALL[group]
    assert hits / (hits + wrong) >= LEAST_PRECISION


async def test_the_original_that_comes_after_its_copy_is_found_too(database: Database) -> None:
    for group, changes in GROUPS.items():
        for name, change in changes.items():
            await database.perceptual.delete_many({})
            some = originals()[:8]
            await keep(database, [print_of(change(photo)) for photo, _ in some])
            hits = [f"photo {number}" in await found_by(database, own) for number, (_, own) in enumerate(some)]
            assert sum(hits) >= 7, (group, name)


async def test_like_scenes_are_told_apart(database: Database) -> None:
    """Of 500 pairs of like scenes at most 2 in 100 pass for the same photo, as many as a precision of 0.98 allows."""
    pairs = list(like_pairs(LIKE_A_KIND))
    assert len(pairs) >= 500
    names = sorted({each for pair in pairs for each in pair})
    prints = {name: print_of(like_scene(*name)) for name in names}
    for name, each in prints.items():
        await perceptual.put(database, str(name), str(name), each.whole, each.middle)
    found = {name: await found_by(database, each) for name, each in prints.items()}
    assert all(str(name) in found[name] for name in names)
    wrong = [pair for pair in pairs if str(pair[1]) in found[pair[0]] or str(pair[0]) in found[pair[1]]]
    assert len(wrong) <= len(pairs) * (1 - LEAST_PRECISION)


async def test_photos_of_the_same_school_are_no_finding(database: Database) -> None:
    own = originals()[0][1]
    await perceptual.put(database, "a", "asking", own.whole, own.middle)
    assert await found_by(database, own) == set()


async def test_a_link_is_noted_on_both_sides_and_once(database: Database) -> None:
    for number, (_, own) in enumerate(originals()[:3]):
        await perceptual.put(database, f"photo {number}", f"school {number}", own.whole, own.middle)
    for _ in range(2):
        await perceptual.link(database, "photo 0", ["photo 1", "photo 2"])
    assert await perceptual.twins_of(database, "photo 0") == ["photo 1", "photo 2"]
    assert await perceptual.twins_of(database, "photo 1") == ["photo 0"]
    assert await perceptual.twins_of(database, "unknown") == []
