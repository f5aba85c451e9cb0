"""Characters: a face that a user saved under a handle, with its reference pictures."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from data.database import Database, Transaction
from data.errors import BadHandle, HandleTaken, PictureMissing
from data.pictures import PictureStore, StagedPicture

Origin = Literal["portrait", "upload"]
_HANDLE = re.compile(r"[A-Za-z0-9_-]{1,15}")


@dataclass(frozen=True, slots=True)
class CharacterReference:
    id: int
    sha256: str
    origin: Origin
    portrait_id: int | None
    position: int


@dataclass(frozen=True, slots=True)
class Character:
    """A saved face; `references` are those of its current version, in order."""

    id: int
    user_id: int
    guild_id: int
    handle: str
    version: int
    references: tuple[CharacterReference, ...]
    created_at: float


def check_handle(handle: str) -> str:
    """`handle` without a leading "@" and spaces around it. Raises `BadHandle`."""
    bare = handle.strip().removeprefix("@")
    if not _HANDLE.fullmatch(bare):
        raise BadHandle(handle)
    return bare


_SELECT = """
SELECT c.id, c.user_id, c.guild_id, c.handle, c.version, c.created_at,
    r.id AS reference_id, r.sha256, r.origin, r.portrait_id, r.position
FROM characters c JOIN character_references r ON r.character_id = c.id AND r.version = c.version
"""


class Characters:
    def __init__(self, db: Database, pictures: PictureStore) -> None:
        self._db = db
        self._pictures = pictures

    async def save(
        self,
        user_id: int,
        guild_id: int,
        handle: str,
        picture: StagedPicture | str,
        *,
        origin: Origin,
        portrait_id: int | None = None,
        now: float,
    ) -> Character:
        """Save a face from a staged picture, or from a stored one by its sha256.

        Raises `BadHandle`, `HandleTaken`, `PictureMissing`, `NoSpace`; a staged picture is removed then.
        """
        try:
            bare = check_handle(handle)
            async with self._db.transaction() as tx:
                sha256 = await self._sha256(tx, picture)
                character_id = await _insert_character(tx, user_id, guild_id, bare, now)
                await tx.execute(
                    "INSERT INTO character_references (character_id, position, sha256, origin, portrait_id,"
                    " created_at) VALUES (?, 0, ?, ?, ?, ?)",
                    (character_id, sha256, origin, portrait_id, now),
                )
                return _characters(await tx.execute(f"{_SELECT} WHERE c.id = ?", (character_id,)))[0]
        except BaseException:
            if isinstance(picture, StagedPicture):
                await self._pictures.discard(picture)
            raise

    async def _sha256(self, tx: Transaction, picture: StagedPicture | str) -> str:
        if isinstance(picture, StagedPicture):
            return (await self._pictures.adopt(tx, picture)).sha256
        if await tx.one("SELECT 1 FROM pictures WHERE sha256 = ?", (picture,)) is None:
            raise PictureMissing(picture)
        return picture

    async def get(self, user_id: int, handle: str) -> Character | None:
        """The user's character of that name, upper and lower case being the same."""
        bare = handle.strip().removeprefix("@")
        rows = await self._db.fetch_all(
            f"{_SELECT} WHERE c.user_id = ? AND c.handle = ? ORDER BY r.position", (user_id, bare)
        )
        found = _characters(rows)
        return found[0] if found else None

    async def list(self, user_id: int) -> Sequence[Character]:
        """The user's characters by handle."""
        rows = await self._db.fetch_all(f"{_SELECT} WHERE c.user_id = ? ORDER BY c.handle, r.position", (user_id,))
        return _characters(rows)

    async def handles(self, user_id: int) -> Sequence[str]:
        """The names of the user's characters, sorted."""
        rows = await self._db.fetch_all("SELECT handle FROM characters WHERE user_id = ? ORDER BY handle", (user_id,))
        return [row["handle"] for row in rows]

    async def delete(self, user_id: int, handle: str) -> bool:
        """Delete the character and its pictures; one that an open order needs goes when that closes.

        False when there was none of that name.
        """
        bare = handle.strip().removeprefix("@")
        async with self._db.transaction() as tx:
            row = await tx.one("SELECT id FROM characters WHERE user_id = ? AND handle = ?", (user_id, bare))
            if row is None:
                return False
            gone = await tx.execute(
                "DELETE FROM character_references WHERE character_id = ? RETURNING sha256", (row["id"],)
            )
            await tx.execute("DELETE FROM characters WHERE id = ?", (row["id"],))
            for sha256 in {each["sha256"] for each in gone}:
                await self._pictures.release(tx, sha256)
        return True


async def _insert_character(tx: Transaction, user_id: int, guild_id: int, handle: str, now: float) -> int:
    row = await tx.one(
        "INSERT INTO characters (user_id, guild_id, handle, created_at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (user_id, handle) DO NOTHING RETURNING id",
        (user_id, guild_id, handle, now),
    )
    if row is None:
        raise HandleTaken(handle)
    return int(row["id"])


def _characters(rows: Sequence[sqlite3.Row]) -> Sequence[Character]:
    return [_character(list(group)) for _, group in groupby(rows, key=lambda row: int(row["id"]))]


def _character(rows: Sequence[sqlite3.Row]) -> Character:
    first = rows[0]
    references = tuple(
        CharacterReference(row["reference_id"], row["sha256"], row["origin"], row["portrait_id"], row["position"])
        for row in rows
    )
    return Character(
        first["id"],
        first["user_id"],
        first["guild_id"],
        first["handle"],
        first["version"],
        references,
        first["created_at"],
    )
