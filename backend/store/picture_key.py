"""The key that addresses of pictures are signed with: made once, by whoever needs it first, and the same for all."""

import secrets
from dataclasses import dataclass

from bson.binary import Binary
from pymongo import ReturnDocument

from backend.store.mongo import Database

_BYTES = 32


@dataclass(slots=True)
class PictureKey:
    """The key, read once a process."""

    _key: bytes | None = None

    async def read(self, db: Database) -> bytes:
        """The key of the database."""
        if self._key is None:
            made = {"$setOnInsert": {"schema": 1, "key": Binary(secrets.token_bytes(_BYTES))}}
            found = await db["meta"].find_one_and_update(
                {"_id": "picture_key"}, made, upsert=True, return_document=ReturnDocument.AFTER
            )
            self._key = bytes(found["key"])
        return self._key
