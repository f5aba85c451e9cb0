"""Saved references: a picture of an outfit, a place or a style that a user keeps under a handle."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from data.characters.saved_characters import check_handle
from data.core.data_errors import HandleTaken, PictureMissing
from data.core.database import Database, Transaction
from data.core.rows import of_row
from data.pictures.picture_store import PictureStore, StagedPicture

Use = Literal["outfit", "place", "style"]

_COLUMNS = "id, user_id, guild_id, handle, role, sha256, origin, created_at"


@dataclass(frozen=True, slots=True)
class SavedReference:
    """`origin` is "upload" for a picture that a person handed in, and for what was made from one."""

    id: int
    user_id: int
    guild_id: int
    handle: str
    role: Use
    sha256: str
    origin: Literal["portrait", "upload"]
    created_at: float


class References:
    """Handles are shared with characters: a user has a name once. One that both have means the character."""

    def __init__(self, db: Database, pictures: PictureStore) -> None:
        self._db = db
        self._pictures = pictures

    async def save(
        self,
        user_id: int,
        guild_id: int,
        handle: str,
        role: Use,
        picture: StagedPicture | str,
        *,
        origin: Literal["portrait", "upload"],
        people: str = "",
        now: float,
    ) -> SavedReference:
        """Save a staged picture, or a stored one by its sha256; `people` is what it was asked for with, as JSON.

        Raises `BadHandle`, `HandleTaken`, `PictureMissing`, `NoSpace`; a staged picture is removed then.
        """
        try:
            bare = check_handle(handle)
            async with self._db.storing(user_id) as tx:
                sha256 = await self._stored(tx, picture)
                row = await tx.one(
                    "INSERT INTO saved_references (user_id, guild_id, handle, role, sha256, origin, people, created_at)"  # noqa: S608
                    " SELECT :user, :guild, :handle, :role, :sha256, :origin, :people, :now WHERE NOT EXISTS"
                    " (SELECT 1 FROM characters WHERE user_id = :user AND handle = :handle)"
                    f" ON CONFLICT DO NOTHING RETURNING {_COLUMNS}",
                    {
                        "user": user_id,
                        "guild": guild_id,
                        "handle": bare,
                        "role": role,
                        "sha256": sha256,
                        "origin": origin,
                        "people": people,
                        "now": now,
                    },
                )
                return of_row(SavedReference, _free(row, bare))
        except BaseException:
            if isinstance(picture, StagedPicture):
                await self._pictures.discard(picture)
            raise

    async def _stored(self, tx: Transaction, picture: StagedPicture | str) -> str:
        if isinstance(picture, StagedPicture):
            return (await self._pictures.adopt(tx, picture)).sha256
        if await tx.one("SELECT 1 FROM pictures WHERE sha256 = ?", (picture,)) is None:
            raise PictureMissing(picture)
        return picture

    async def get(self, user_id: int, handle: str) -> SavedReference | None:
        """The user's reference of that name, upper and lower case being the same."""
        row = await self._db.fetch_one(
            f"SELECT {_COLUMNS} FROM saved_references WHERE user_id = ? AND handle = ?",  # noqa: S608 - a constant
            (user_id, handle.strip().removeprefix("@")),
        )
        return None if row is None else of_row(SavedReference, row)

    async def list(self, user_id: int) -> Sequence[SavedReference]:
        """The user's references by handle."""
        rows = await self._db.fetch_all(
            f"SELECT {_COLUMNS} FROM saved_references WHERE user_id = ? ORDER BY handle",  # noqa: S608 - a constant
            (user_id,),
        )
        return [of_row(SavedReference, row) for row in rows]

    async def delete(self, user_id: int, handle: str) -> bool:
        """Delete the reference and its picture; one that an open order needs goes when that closes.

        False when there was none of that name.
        """
        async with self._db.transaction() as tx:
            row = await tx.one(
                "DELETE FROM saved_references WHERE user_id = ? AND handle = ? RETURNING sha256",
                (user_id, handle.strip().removeprefix("@")),
            )
            if row is not None:
                await self._pictures.release(tx, row["sha256"])
        return row is not None


def _free(row: sqlite3.Row | None, handle: str) -> sqlite3.Row:
    if row is None:
        raise HandleTaken(handle)
    return row
