"""Series: several pictures that differ in one thing, ordered together, and frames of them that were made again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from data.core.database import Database
from data.orders.order_rows import State

_FRAMES = """
SELECT f.number, f.label, f.job_id, j.order_id, j.model, j.state, j.error, p.id AS portrait_id, p.sha256, t.likeness,
    coalesce(p.spoiler, 0), p.model_title, p.render_s, j.price, r.told
FROM series_frames f JOIN jobs j ON j.id = f.job_id
LEFT JOIN portraits p ON p.job_id = j.id AND p.deleted_at IS NULL
LEFT JOIN job_tries t ON t.job_id = j.id AND t.chosen = 1
LEFT JOIN portrait_reviews r ON r.portrait_id = p.id
WHERE f.series_id = ? ORDER BY f.number, j.arrival
"""


@dataclass(frozen=True, slots=True)
class SeriesFrame:
    """One picture of a series as it stands: its last take that has a portrait, else its last take.

    `portrait_id`, `sha256`, `model_title` and `render_s` are None while there is no portrait (any more); `likeness`
    (0…100) where there is none to measure, `review` (JSON) where it was not reviewed; `spoiler` says that it is shown
    behind one. `price` in credits.
    """

    number: int
    label: str
    job_id: str
    order_id: str
    model: str
    state: State
    error: str
    portrait_id: int | None
    sha256: str | None
    likeness: float | None
    spoiler: bool
    model_title: str | None = None
    render_s: float | None = None
    price: int = 0
    review: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """`id` is that of the order that it began as; `varies` a slot of the prompt, or "model"."""

    id: str
    varies: str
    user_id: int
    guild_id: int
    frames: tuple[SeriesFrame, ...]


class AllSeries:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, series_id: str) -> Series | None:
        """The series with its frames in order, or None when there is none of that id."""
        row = await self._db.fetch_one(
            "SELECT s.id, s.varies, a.user_id, a.guild_id FROM series s JOIN orders o ON o.id = s.id"
            " JOIN accounts a ON a.id = o.account_id WHERE s.id = ?",
            (series_id,),
        )
        if row is None:
            return None
        takes = await self._db.fetch_all(_FRAMES, (series_id,))
        frames = tuple(_shown(list(group)) for _, group in groupby(takes, key=lambda take: int(take["number"])))
        return Series(row["id"], row["varies"], row["user_id"], row["guild_id"], frames)

    async def orders(self, series_id: str) -> Sequence[str]:
        """The ids of the orders that the series consists of, in their order."""
        rows = await self._db.fetch_all("SELECT id FROM orders WHERE series_id = ? ORDER BY created_at", (series_id,))
        return [str(row["id"]) for row in rows]

    async def under_way(self, user_id: int) -> str | None:
        """The id of a series of this user, in any server, that is not finished; None when there is none."""
        row = await self._db.fetch_one(
            "SELECT o.id FROM orders o JOIN accounts a ON a.id = o.account_id"
            " WHERE o.state = 'open' AND o.series_id = o.id AND a.user_id = ? LIMIT 1",
            (user_id,),
        )
        return None if row is None else str(row["id"])


def _shown(takes: Sequence[sqlite3.Row]) -> SeriesFrame:
    with_portrait = [take for take in takes if take["portrait_id"] is not None]
    return SeriesFrame(*(with_portrait or takes)[-1])
