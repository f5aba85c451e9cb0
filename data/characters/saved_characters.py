"""Characters: a face that a user saved under a handle, with its reference pictures.

Versions are never changed: a new picture makes a new version, so that what was made with an older one can be again.
"""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from data.characters.character_rows import MOST_REFERENCES as MOST_REFERENCES
from data.characters.character_rows import SELECT, SHARED, characters_of, split_handle
from data.characters.character_rows import Character as Character
from data.characters.character_rows import CharacterReference as CharacterReference
from data.characters.character_rows import CharacterUse as CharacterUse
from data.characters.character_rows import FaceMeasure as FaceMeasure
from data.characters.character_rows import Origin as Origin
from data.characters.character_rows import check_handle as check_handle
from data.core.data_errors import (
    HandleShared,
    HandleTaken,
    PictureMissing,
    PortraitGone,
    TooManyReferences,
    UnknownCharacter,
)
from data.core.database import Database, Transaction, Value
from data.core.rows import of_row
from data.pictures.picture_store import PictureStore, StagedPicture

_NEWEST = 5
_LATELY = 24
_MEANT = f"""
(c.user_id = :user OR ({SHARED}
    AND NOT EXISTS (SELECT 1 FROM characters own WHERE own.user_id = :user AND own.handle = :handle)))
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class _NewReference:
    picture: StagedPicture | str
    origin: Origin
    portrait_id: int | None
    crop: StagedPicture | None
    face: FaceMeasure | None
    looks: str
    people: str


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
        crop: StagedPicture | None = None,
        face: FaceMeasure | None = None,
        looks: str = "",
        people: str = "",
        description: str = "",
        now: float,
    ) -> Character:
        """Save a face from a staged picture, or from a stored one by its sha256.

        `crop` is the face alone, `looks` words about it and `people` what it was asked for with, both JSON.

        Raises `BadHandle`, `HandleTaken`, `PictureMissing`, `PortraitGone`, `ErasedMeanwhile`, `NoSpace`; staged
        pictures are removed then.
        """
        try:
            bare = check_handle(handle)
            async with self._db.storing(user_id) as tx:
                character_id = await _insert_character(tx, user_id, guild_id, bare, description, now)
                new = _NewReference(picture, origin, portrait_id, crop, face, looks, people)
                await self._insert(tx, character_id, 1, 0, new, now)
                return await _read(tx, character_id)
        except BaseException:
            await self._discard(picture, crop)
            raise

    async def add(
        self,
        user_id: int,
        handle: str,
        picture: StagedPicture | str,
        *,
        origin: Origin,
        portrait_id: int | None = None,
        crop: StagedPicture | None = None,
        face: FaceMeasure | None = None,
        looks: str = "",
        people: str = "",
        now: float,
    ) -> Character:
        """One more picture of a face: a new version that has those of the default one too, and is the default now.

        Raises `UnknownCharacter`, `TooManyReferences`, `PictureMissing`, `NoSpace`; staged pictures are removed then.
        """
        try:
            async with self._db.storing(user_id) as tx:
                row = await _next_version(tx, user_id, handle)
                await _copy_version(tx, row["id"], row["version"], row["next"])
                new = _NewReference(picture, origin, portrait_id, crop, face, looks, people)
                await self._insert(tx, row["id"], row["next"], row["pictures"], new, now)
                await tx.execute("UPDATE characters SET version = ? WHERE id = ?", (row["next"], row["id"]))
                return await _read(tx, row["id"])
        except BaseException:
            await self._discard(picture, crop)
            raise

    async def _insert(
        self, tx: Transaction, character_id: int, version: int, position: int, new: _NewReference, now: float
    ) -> None:
        face = new.face
        await _must_have_portrait(tx, new.portrait_id)
        await tx.execute(
            "INSERT INTO character_references (character_id, version, position, sha256, origin, portrait_id,"
            " created_at, crop_sha256, embedding, pattern, measure, looks, people)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                character_id,
                version,
                position,
                await self._sha256(tx, new.picture),
                new.origin,
                new.portrait_id,
                now,
                None if new.crop is None else await self._sha256(tx, new.crop),
                *((face.embedding, face.pattern, face.version) if face else (None, None, None)),
                new.looks,
                new.people,
            ),
        )

    async def _sha256(self, tx: Transaction, picture: StagedPicture | str) -> str:
        if isinstance(picture, StagedPicture):
            return (await self._pictures.adopt(tx, picture)).sha256
        if await tx.one("SELECT 1 FROM pictures WHERE sha256 = ?", (picture,)) is None:
            raise PictureMissing(picture)
        return picture

    async def _discard(self, *pictures: StagedPicture | str | None) -> None:
        for picture in pictures:
            if isinstance(picture, StagedPicture):
                await self._pictures.discard(picture)

    async def get(self, user_id: int, handle: str) -> Character | None:
        """The user's own character of that name (upper and lower case being the same), in the version that is named."""
        return await self.find(user_id, 0, handle)

    async def find(self, user_id: int, guild_id: int, handle: str) -> Character | None:
        """The character that the user means in a server: their own, else one that is shared there.

        None when there is none, or not that version of it.
        """
        bare, version = split_handle(handle)
        rows = await self._db.fetch_all(
            f"{SELECT} WHERE c.handle = :handle AND {_MEANT} ORDER BY r.position",
            {"handle": bare, "version": version, "user": user_id, "guild": guild_id},
        )
        found = characters_of(rows)
        return found[0] if found else None

    async def list(self, user_id: int) -> Sequence[Character]:
        """The user's characters by handle, in their default versions."""
        rows = await self._db.fetch_all(
            f"{SELECT} WHERE c.user_id = :user ORDER BY c.handle, r.position", {"version": None, "user": user_id}
        )
        return characters_of(rows)

    async def shared(self, guild_id: int, *, without: int = 0) -> Sequence[Character]:
        """Characters that are shared in a server, by handle, those of user `without` left out."""
        rows = await self._db.fetch_all(
            f"{SELECT} WHERE {SHARED} AND c.user_id <> :without ORDER BY c.handle, c.id, r.position",
            {"version": None, "guild": guild_id, "without": without},
        )
        return characters_of(rows)

    async def handles(self, user_id: int, guild_id: int = 0) -> Sequence[str]:
        """The names of the user's characters and of those shared in the server (0: none), sorted."""
        rows = await self._db.fetch_all(
            f"SELECT DISTINCT c.handle FROM characters c WHERE c.user_id = :user OR {SHARED} ORDER BY c.handle",  # noqa: S608
            {"user": user_id, "guild": guild_id},
        )
        return [row["handle"] for row in rows]

    async def face(self, reference_id: int) -> FaceMeasure | None:
        """What was measured of one reference's face."""
        row = await self._db.fetch_one(
            "SELECT embedding, pattern, measure AS version FROM character_references"
            " WHERE id = ? AND embedding IS NOT NULL",
            (reference_id,),
        )
        return None if row is None else of_row(FaceMeasure, row)

    async def keep_fitted(self, sha256: str, fitted: str) -> None:
        """Keep (JSON) who the studio takes the person in a saved picture for, with every character that has it."""
        async with self._db.transaction() as tx:
            await tx.execute("UPDATE character_references SET fitted = ? WHERE sha256 = ?", (fitted, sha256))

    async def rename(self, user_id: int, handle: str, new: str) -> Character:
        """Raises `UnknownCharacter`, `BadHandle`, `HandleTaken`, `HandleShared`."""
        bare = check_handle(new)
        async with self._db.storing(user_id) as tx:
            character = await _own(tx, user_id, handle)
            taken = await tx.one(
                "SELECT id FROM characters WHERE user_id = ? AND handle = ? AND id <> ?", (user_id, bare, character.id)
            )
            if taken is not None:
                raise HandleTaken(bare)
            await _must_be_unshared(tx, character.shared_in, bare, character.id)
            await tx.execute("UPDATE characters SET handle = ? WHERE id = ?", (bare, character.id))
            return await _read(tx, character.id)

    async def share(self, user_id: int, handle: str, guild_id: int | None) -> Character:
        """Let everybody in a server use the character (None: nobody). Raises `UnknownCharacter`, `HandleShared`."""
        async with self._db.storing(user_id) as tx:
            character = await _own(tx, user_id, handle)
            await _must_be_unshared(tx, guild_id, character.handle, character.id)
            await tx.execute("UPDATE characters SET shared_in = ? WHERE id = ?", (guild_id, character.id))
            return await _read(tx, character.id)

    async def set_default(self, user_id: int, handle: str, version: int) -> Character:
        """What a handle without a version means. Raises `UnknownCharacter`, also when it has no such version."""
        async with self._db.storing(user_id) as tx:
            character = await _own(tx, user_id, handle)
            if not 1 <= version <= character.versions:
                raise UnknownCharacter(f"{character.handle}:{version}")
            await tx.execute("UPDATE characters SET version = ? WHERE id = ?", (version, character.id))
            return await _read(tx, character.id)

    async def describe(self, user_id: int, handle: str, *, description: str, scale: float | None) -> Character:
        """Its short description, and how strongly models are held to it (None: as they are set).

        Raises `UnknownCharacter`.
        """
        async with self._db.storing(user_id) as tx:
            character = await _own(tx, user_id, handle)
            await tx.execute(
                "UPDATE characters SET description = ?, scale = ? WHERE id = ?", (description, scale, character.id)
            )
            return await _read(tx, character.id)

    async def of_order(self, order_id: str) -> dict[int, int]:
        """Who was in an order's portraits: versions by character id. Deleted characters are not among them."""
        rows = await self._db.fetch_all(
            "SELECT character_id, version FROM order_characters WHERE order_id = ? ORDER BY position", (order_id,)
        )
        return {row["character_id"]: row["version"] for row in rows}

    async def use(self, character_id: int) -> CharacterUse:
        """Where it was used and how well it held there, all versions together."""
        rows = await self._db.fetch_all(
            "SELECT p.id, json_extract(t.likenesses, '$[' || u.position || ']') AS likeness FROM order_characters u"
            " JOIN portraits p ON p.order_id = u.order_id AND p.deleted_at IS NULL"
            " LEFT JOIN job_tries t ON t.job_id = p.job_id AND t.chosen = 1"
            " WHERE u.character_id = ? ORDER BY p.id DESC",
            (character_id,),
        )
        known = [row for row in rows if row["likeness"] is not None]
        likenesses = [float(row["likeness"]) for row in known]
        return CharacterUse(
            portraits=len(rows),
            newest=tuple(row["id"] for row in rows[:_NEWEST]),
            measured=len(likenesses),
            median=statistics.median(likenesses) if likenesses else None,
            worst=min(likenesses, default=None),
            lately=tuple((row["id"], float(row["likeness"])) for row in known[:_LATELY])[::-1],
        )

    async def delete(self, user_id: int, handle: str) -> bool:
        """Delete the character and its pictures; one that an open order needs goes when that closes.

        False when there was none of that name.
        """
        async with self._db.transaction() as tx:
            row = await tx.one(
                "SELECT id FROM characters WHERE user_id = ? AND handle = ?", (user_id, split_handle(handle)[0])
            )
            if row is None:
                return False
            gone = await tx.execute(
                "DELETE FROM character_references WHERE character_id = ? RETURNING sha256, crop_sha256", (row["id"],)
            )
            await tx.execute("DELETE FROM characters WHERE id = ?", (row["id"],))
            for sha256 in {sha256 for each in gone for sha256 in each if sha256 is not None}:
                await self._pictures.release(tx, sha256)
        return True


async def _insert_character(
    tx: Transaction, user_id: int, guild_id: int, handle: str, description: str, now: float
) -> int:
    row = await tx.one(
        "INSERT INTO characters (user_id, guild_id, handle, description, created_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, handle) DO NOTHING RETURNING id",
        (user_id, guild_id, handle, description, now),
    )
    if row is None:
        raise HandleTaken(handle)
    return int(row["id"])


async def _must_have_portrait(tx: Transaction, portrait_id: int | None) -> None:
    """Raises `PortraitGone` when the portrait that a picture is from went with the person who had made it."""
    if portrait_id is not None and await tx.one("SELECT 1 FROM portraits WHERE id = ?", (portrait_id,)) is None:
        raise PortraitGone


async def _next_version(tx: Transaction, user_id: int, handle: str) -> sqlite3.Row:
    """The character's id and default version, how many `pictures` that has, and the number of the `next` version."""
    row = await tx.one(
        "SELECT id, handle, version, (SELECT max(version) FROM character_references WHERE"
        " character_id = characters.id) + 1 AS next, (SELECT count(*) FROM character_references WHERE"
        " character_id = characters.id AND version = characters.version) AS pictures"
        " FROM characters WHERE user_id = ? AND handle = ?",
        (user_id, split_handle(handle)[0]),
    )
    if row is None:
        raise UnknownCharacter(handle)
    if row["pictures"] >= MOST_REFERENCES:
        raise TooManyReferences(row["handle"], MOST_REFERENCES)
    return row


async def _copy_version(tx: Transaction, character_id: int, old: int, new: int) -> None:
    await tx.execute(
        "INSERT INTO character_references (character_id, version, position, sha256, origin, portrait_id, created_at,"
        " crop_sha256, embedding, pattern, measure, looks, fitted, people) SELECT character_id, ?, position, sha256,"
        " origin, portrait_id, created_at, crop_sha256, embedding, pattern, measure, looks, fitted, people"
        " FROM character_references"
        " WHERE character_id = ? AND version = ? ORDER BY position",
        (new, character_id, old),
    )


async def _read(tx: Transaction, character_id: int) -> Character:
    rows = await tx.execute(f"{SELECT} WHERE c.id = :id ORDER BY r.position", {"version": None, "id": character_id})
    return characters_of(rows)[0]


async def _own(tx: Transaction, user_id: int, handle: str) -> Character:
    row = await tx.one("SELECT id FROM characters WHERE user_id = ? AND handle = ?", (user_id, split_handle(handle)[0]))
    if row is None:
        raise UnknownCharacter(handle)
    return await _read(tx, row["id"])


async def _must_be_unshared(tx: Transaction, guild_id: int | None, handle: str, character_id: int) -> None:
    """Raises `HandleShared` when another character of that name is shared in the server.

    Who is banned there holds no name: theirs is theirs alone again when somebody else shares one of that name.
    """
    if guild_id is None:
        return
    keys: dict[str, Value] = {"guild": guild_id, "handle": handle, "id": character_id}
    other = "c.handle = :handle AND c.id <> :id"
    if await tx.one(f"SELECT 1 FROM characters c WHERE {SHARED} AND {other}", keys) is not None:  # noqa: S608
        raise HandleShared(handle)
    await tx.execute(
        "UPDATE characters SET shared_in = NULL WHERE shared_in = :guild AND handle = :handle AND id <> :id", keys
    )
