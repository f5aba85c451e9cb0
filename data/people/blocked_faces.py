"""Faces that may not be used in a server, or anywhere: what was measured of each, and who blocked it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.core import audit
from data.core.audit import AuditAction
from data.core.database import Database
from data.core.rows import of_row


@dataclass(frozen=True, slots=True)
class BlockedFace:
    """`guild_id` 0 means everywhere; `embedding` is 128 little-endian float32 of the measure of that version."""

    id: int
    guild_id: int
    embedding: bytes
    measure: int
    actor_id: int
    reason: str
    created_at: float


class BlockedFaces:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(
        self, guild_id: int, embedding: bytes, measure: int, *, actor_id: int, reason: str = "", now: float
    ) -> BlockedFace:
        """Block a face; audited with its number alone."""
        async with self._db.storing(actor_id) as tx:
            (row,) = await tx.execute(
                "INSERT INTO blocked_faces (guild_id, embedding, measure, actor_id, reason, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
                (guild_id, embedding, measure, actor_id, reason, now),
            )
            detail = f"no. {row['id']}"
            await audit.record(tx, guild_id, actor_id, AuditAction.BLOCK_FACE, detail=detail, reason=reason, now=now)
        return of_row(BlockedFace, row)

    async def remove(self, number: int, guild_id: int, *, actor_id: int, now: float) -> bool:
        """Lift a block that was set for exactly this server (0: everywhere); audited. False when there is none."""
        async with self._db.storing(actor_id) as tx:
            gone = await tx.one(
                "DELETE FROM blocked_faces WHERE id = ? AND guild_id = ? RETURNING id", (number, guild_id)
            )
            if gone is None:
                return False
            await audit.record(tx, guild_id, actor_id, AuditAction.UNBLOCK_FACE, detail=f"no. {number}", now=now)
        return True

    async def holding(self, guild_id: int) -> Sequence[BlockedFace]:
        """The blocks that hold in a server, those that hold everywhere too; newest first."""
        rows = await self._db.fetch_all(
            "SELECT * FROM blocked_faces WHERE guild_id IN (0, ?) ORDER BY id DESC", (guild_id,)
        )
        return [of_row(BlockedFace, row) for row in rows]
