"""Orders and pictures that a rule refused: what moderators look at, what is appealed, and who is to wait a while.

The words are kept for some days only (`forget_words`); the row goes with its person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from data.core import audit
from data.core.audit import SETTLED_AS, AuditAction, Outcome
from data.core.database import Database
from data.core.rows import of_row

MOST_WORDS: Final = 4_000
"""How many characters of the words are kept."""


@dataclass(frozen=True, slots=True)
class RefusedOrder:
    """`counts` (0 or 1): towards a cool-down. `outcome` is "" until a moderator has settled it. Times in epoch seconds;
    `words` are "" where there were none and once they are forgotten."""

    id: int
    audit_id: int
    guild_id: int
    user_id: int
    rule: str
    words: str
    counts: int
    created_at: float
    appealed_at: float | None
    settled_at: float | None
    settled_by: int
    outcome: Outcome | Literal[""]


class RefusedOrders:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(
        self, guild_id: int, user_id: int, rule: str, words: str, *, counts: bool = True, now: float
    ) -> RefusedOrder:
        """Write a refusal down, and into the audit without its words."""
        async with self._db.storing(user_id) as tx:
            entry = await audit.record(tx, guild_id, user_id, AuditAction.AGAINST_POLICY, detail=rule, now=now)
            rows = await tx.execute(
                "INSERT INTO refused_orders (audit_id, guild_id, user_id, rule, words, counts, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *",
                (entry, guild_id, user_id, rule, words[:MOST_WORDS], int(counts), now),
            )
        return of_row(RefusedOrder, rows[0])

    async def get(self, number: int) -> RefusedOrder | None:
        row = await self._db.fetch_one("SELECT * FROM refused_orders WHERE id = ?", (number,))
        return None if row is None else of_row(RefusedOrder, row)

    async def open(self, guild_id: int, *, limit: int = 100) -> Sequence[RefusedOrder]:
        """What a server's moderators have not settled: appeals first, then the oldest. What is not appealed and whose
        words are forgotten is not among it."""
        rows = await self._db.fetch_all(
            "SELECT * FROM refused_orders WHERE guild_id = ? AND settled_at IS NULL"
            " AND (words <> '' OR appealed_at IS NOT NULL) ORDER BY appealed_at IS NULL, id LIMIT ?",
            (guild_id, limit),
        )
        return [of_row(RefusedOrder, row) for row in rows]

    async def words_of(self, audit_ids: Sequence[int]) -> Mapping[int, str]:
        """The words that are still kept, by the number of the entry in the audit."""
        if not audit_ids:
            return {}
        marks = ", ".join("?" * len(audit_ids))
        rows = await self._db.fetch_all(
            f"SELECT audit_id, words FROM refused_orders WHERE audit_id IN ({marks}) AND words <> ''",  # noqa: S608
            tuple(audit_ids),
        )
        return {row["audit_id"]: row["words"] for row in rows}

    async def recent(self, guild_id: int, user_id: int, *, limit: int) -> Sequence[float]:
        """When the person was last refused there, newest first; without what does not count and what was released."""
        rows = await self._db.fetch_all(
            "SELECT created_at FROM refused_orders WHERE user_id = ? AND guild_id = ? AND counts"
            " AND outcome <> 'released' ORDER BY id DESC LIMIT ?",
            (user_id, guild_id, limit),
        )
        return [row["created_at"] for row in rows]

    async def released(self, guild_id: int, user_id: int, rule: str, words: str) -> bool:
        """Whether moderators have let this person have these very words there in spite of that rule."""
        if not words or len(words) >= MOST_WORDS:
            return False
        row = await self._db.fetch_one(
            "SELECT 1 FROM refused_orders WHERE user_id = ? AND guild_id = ? AND rule = ? AND words = ?"
            " AND outcome = 'released'",
            (user_id, guild_id, rule, words),
        )
        return row is not None

    async def appeal(self, number: int, *, now: float) -> bool:
        """Ask the moderators to look at it, once; audited. False when that was done, or it is settled or gone."""
        async with self._db.transaction() as tx:
            row = await tx.one(
                "UPDATE refused_orders SET appealed_at = ? WHERE id = ? AND appealed_at IS NULL AND settled_at IS NULL"
                " RETURNING guild_id, user_id, rule",
                (now, number),
            )
            if row is None:
                return False
            self._db.presence.check(row["user_id"])
            await audit.record(tx, row["guild_id"], row["user_id"], AuditAction.APPEAL, detail=row["rule"], now=now)
        return True

    async def settle(self, number: int, outcome: Outcome, *, guild_id: int, actor_id: int, now: float) -> bool:
        """Close it, once; audited. "deleted" erases the words. False when it is settled, gone or another server's."""
        async with self._db.storing(actor_id) as tx:
            row = await tx.one(
                "UPDATE refused_orders SET settled_at = ?1, settled_by = ?2, outcome = ?3,"
                " words = iif(?3 = 'deleted', '', words)"
                " WHERE id = ?4 AND guild_id = ?5 AND settled_at IS NULL RETURNING user_id, rule",
                (now, actor_id, outcome, number, guild_id),
            )
            if row is None:
                return False
            await audit.record(
                tx, guild_id, actor_id, SETTLED_AS[outcome], target_id=row["user_id"], detail=row["rule"], now=now
            )
        return True

    async def forget_words(self, *, before: float) -> int:
        """Erase the words of what was refused before that time (epoch seconds); says of how many."""
        async with self._db.transaction() as tx:
            rows = await tx.execute(
                "UPDATE refused_orders SET words = '' WHERE created_at < ? AND words <> '' RETURNING id", (before,)
            )
        return len(rows)
