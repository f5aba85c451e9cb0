"""Stored portraits: the recipe of each, its picture and the message that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from data.core.database import Database, Transaction
from data.core.rows import of_row
from data.pictures.picture_store import Picture, PictureStore


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitFacts:
    """What only the engine knows about a finished portrait; `words` and `negative` are what the model was given."""

    seed: int
    model_title: str
    words: str
    negative: str
    steps: int
    guidance: float
    render_s: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Portrait:
    id: int
    job_id: str
    order_id: str
    guild_id: int
    channel_id: int
    message_id: int | None
    user_id: int
    sha256: str
    width: int
    height: int
    seed: int
    model: str
    model_title: str
    prompt: str
    words: str
    negative: str
    steps: int
    guidance: float
    render_s: float
    note: str
    parent_id: int | None
    created_at: float
    fine_tune: str
    fine_tune_strength: float


_COLUMNS = """
id, job_id, order_id, guild_id, channel_id, message_id, user_id, sha256, width, height, seed, model, model_title,
prompt, words, negative, steps, guidance, render_s, note, parent_id, created_at, fine_tune, fine_tune_strength
"""
_LIVING = f"SELECT {_COLUMNS} FROM portraits WHERE deleted_at IS NULL"  # noqa: S608 - a constant

_INSERT = f"""
INSERT INTO portraits (
    job_id, order_id, guild_id, channel_id, message_id, user_id, sha256, width, height, seed, model, model_title,
    prompt, words, negative, steps, guidance, render_s, note, parent_id, created_at, fine_tune, fine_tune_strength
)
SELECT
    j.id, o.id, a.guild_id, o.channel_id, o.message_id, a.user_id, :sha256, :width, :height, :seed, j.model,
    :model_title, coalesce(nullif(j.prompt, ''), o.prompt), :words, :negative, :steps, :guidance, :render_s, :note,
    o.parent_portrait_id, :now, j.fine_tune, j.fine_tune_strength
FROM jobs j JOIN orders o ON o.id = j.order_id JOIN accounts a ON a.id = o.account_id
WHERE j.id = :job_id
RETURNING {_COLUMNS}
"""  # noqa: S608 - a constant


class Portraits:
    def __init__(self, db: Database, pictures: PictureStore) -> None:
        self._db = db
        self._pictures = pictures

    async def get(self, portrait_id: int) -> Portrait | None:
        """The portrait, or None when it never was or has been deleted."""
        row = await self._db.fetch_one(f"{_LIVING} AND id = ?", (portrait_id,))
        return None if row is None else of_row(Portrait, row)

    async def by_message(self, message_id: int) -> tuple[Portrait, ...]:
        """The portraits that a message shows, in the order of their jobs."""
        rows = await self._db.fetch_all(f"{_LIVING} AND message_id = ? ORDER BY job_id", (message_id,))
        return tuple(of_row(Portrait, row) for row in rows)

    async def of_order(self, order_id: str) -> tuple[Portrait, ...]:
        """The portraits of an order, in the order of their jobs."""
        rows = await self._db.fetch_all(f"{_LIVING} AND order_id = ? ORDER BY job_id", (order_id,))
        return tuple(of_row(Portrait, row) for row in rows)

    async def of_user(
        self, guild_id: int | None, user_id: int, *, before_id: int | None = None, limit: int = 10
    ) -> Sequence[Portrait]:
        """The user's portraits in one server (None: everywhere), newest first; the next page is `before_id`'s."""
        where = "user_id = ? AND id < ?" + ("" if guild_id is None else " AND guild_id = ?")
        values = (user_id, before_id if before_id is not None else 1 << 62)
        rows = await self._db.fetch_all(
            f"{_LIVING} AND {where} ORDER BY id DESC LIMIT ?",
            (*values, limit) if guild_id is None else (*values, guild_id, limit),
        )
        return [of_row(Portrait, row) for row in rows]

    async def latest(self, user_id: int, guild_id: int | None = None) -> Portrait | None:
        """The user's last portrait in one server (None: anywhere)."""
        newest = await self.of_user(guild_id, user_id, limit=1)
        return newest[0] if newest else None

    async def older_than(self, moment: float, *, limit: int = 100) -> Sequence[int]:
        """Ids of portraits made before `moment`, oldest first."""
        rows = await self._db.fetch_all(
            "SELECT id FROM portraits WHERE deleted_at IS NULL AND created_at < ? ORDER BY created_at LIMIT ?",
            (moment, limit),
        )
        return [row["id"] for row in rows]

    async def set_message(self, portrait_id: int, message_id: int, channel_id: int) -> None:
        """Which message shows the portrait."""
        async with self._db.transaction() as tx:
            await tx.execute(
                "UPDATE portraits SET message_id = ?, channel_id = ? WHERE id = ?",
                (message_id, channel_id, portrait_id),
            )

    async def delete(self, portrait_id: int, now: float) -> bool:
        """Blank the recipe and let go of the picture; False when it was gone already.

        The prompt of its order goes too, once none of the order's portraits needs it.
        """
        async with self._db.transaction() as tx:
            row = await tx.one("SELECT sha256, order_id, job_id FROM portraits WHERE id = ?", (portrait_id,))
            if row is None or row["sha256"] is None:
                return False
            await tx.execute(
                "UPDATE portraits SET sha256 = NULL, prompt = '', words = '', negative = '', deleted_at = ?"
                " WHERE id = ?",
                (now, portrait_id),
            )
            await tx.execute(
                "UPDATE orders SET prompt = '' WHERE id = :order AND state = 'closed' AND NOT EXISTS"
                " (SELECT 1 FROM portraits WHERE order_id = :order AND deleted_at IS NULL)",
                {"order": row["order_id"]},
            )
            await tx.execute("UPDATE jobs SET prompt = '' WHERE id = ?", (row["job_id"],))
            await tx.execute("UPDATE series_frames SET label = '' WHERE job_id = ?", (row["job_id"],))
            await tx.execute("UPDATE order_edits SET words = '' WHERE order_id = ?", (row["order_id"],))
            await self._pictures.release(tx, row["sha256"])
        return True


async def portrait_of_job(tx: Transaction, job_id: str) -> Portrait | None:
    """The portrait that the job has made already."""
    row = await tx.one(f"{_LIVING} AND job_id = ?", (job_id,))
    return None if row is None else of_row(Portrait, row)


async def insert_portrait(tx: Transaction, job_id: str, picture: Picture, facts: PortraitFacts, now: float) -> Portrait:
    """The portrait of a job; what its order knows is copied, because the portrait outlives it."""
    values = {
        "job_id": job_id,
        "sha256": picture.sha256,
        "width": picture.width,
        "height": picture.height,
        "now": now,
        **asdict(facts),
    }
    return Portrait(*(await tx.execute(_INSERT, values))[0])
