"""Users who may not use the studio of a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from data.core import audit
from data.core.audit import AuditAction
from data.core.database import Database
from data.core.rows import of_row

NOT_BANNED: Final = "NOT EXISTS (SELECT 1 FROM bans b WHERE b.guild_id = {0}.guild_id AND b.user_id = {0}.user_id)"
"""Of a table with both ids, by its name in the query: rows of servers where their person may use the studio."""


@dataclass(frozen=True, slots=True)
class Ban:
    guild_id: int
    user_id: int
    actor_id: int
    reason: str
    created_at: float


class Bans:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, guild_id: int, user_id: int, *, actor_id: int, reason: str = "", now: float) -> Ban:
        """Ban the user; audited. A second ban changes nothing and returns the first."""
        async with self._db.storing(user_id, actor_id) as tx:
            new = await tx.one(
                "INSERT INTO bans (guild_id, user_id, actor_id, reason, created_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING RETURNING *",
                (guild_id, user_id, actor_id, reason, now),
            )
            if new is not None:
                await audit.record(tx, guild_id, actor_id, AuditAction.BAN, target_id=user_id, reason=reason, now=now)
                return of_row(Ban, new)
            rows = await tx.execute("SELECT * FROM bans WHERE guild_id = ? AND user_id = ?", (guild_id, user_id))
        return of_row(Ban, rows[0])

    async def remove(self, guild_id: int, user_id: int, *, actor_id: int, reason: str = "", now: float) -> bool:
        """Lift the ban; audited. False when there was none."""
        async with self._db.storing(user_id, actor_id) as tx:
            gone = await tx.one(
                "DELETE FROM bans WHERE guild_id = ? AND user_id = ? RETURNING user_id", (guild_id, user_id)
            )
            if gone is None:
                return False
            await audit.record(tx, guild_id, actor_id, AuditAction.UNBAN, target_id=user_id, reason=reason, now=now)
        return True

    async def get(self, guild_id: int, user_id: int) -> Ban | None:
        """The user's ban in this server, if there is one."""
        row = await self._db.fetch_one("SELECT * FROM bans WHERE guild_id = ? AND user_id = ?", (guild_id, user_id))
        return None if row is None else of_row(Ban, row)

    async def list(self, guild_id: int) -> Sequence[Ban]:
        """The server's bans, newest first."""
        rows = await self._db.fetch_all(
            "SELECT * FROM bans WHERE guild_id = ? ORDER BY created_at DESC, user_id", (guild_id,)
        )
        return [of_row(Ban, row) for row in rows]
