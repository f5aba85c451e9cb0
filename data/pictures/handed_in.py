"""Pictures that people send along with a request, kept until the request is an order or its price has expired."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from data.core.database import Database, Transaction
from data.pictures.picture_store import PictureStore, StagedPicture


class HandedIn:
    def __init__(self, db: Database, pictures: PictureStore) -> None:
        self._db = db
        self._pictures = pictures

    async def keep(
        self, user_id: int, staged: StagedPicture, *, now: float, expires_at: float, people: str = ""
    ) -> str:
        """Keep a staged picture until `expires_at` (epoch seconds); what it is kept as, for `let_go`.

        `people` is what its recipe says of people, as JSON.

        Pictures whose time is over go now. Raises `ErasedMeanwhile`, `NoSpace`; the staged picture is removed then.
        """
        kept = secrets.token_hex(8)
        try:
            async with self._db.storing(user_id) as tx:
                await self._pictures.adopt(tx, staged)
                await tx.execute(
                    "INSERT INTO handed_in (id, user_id, sha256, people, expires_at) VALUES (?, ?, ?, ?, ?)",
                    (kept, user_id, staged.sha256, people, expires_at),
                )
                await self._drop(tx, "expires_at < ?", now)
        except BaseException:
            await self._pictures.discard(staged)
            raise
        return kept

    async def let_go(self, kept: Collection[str]) -> None:
        """These are not needed any more, or an order holds them now. Unknown ones are passed over."""
        if not kept:
            return
        async with self._db.transaction() as tx:
            for one in kept:
                await self._drop(tx, "id = ?", one)

    async def drop_expired(self, now: float) -> None:
        """Let go of what nobody confirmed in time."""
        async with self._db.transaction() as tx:
            await self._drop(tx, "expires_at < ?", now)

    async def _drop(self, tx: Transaction, where: str, value: str | float) -> None:
        gone = await tx.execute(f"DELETE FROM handed_in WHERE {where} RETURNING sha256", (value,))  # noqa: S608
        for sha256 in {row["sha256"] for row in gone}:
            await self._pictures.release(tx, sha256)
