"""What reviews read of portraits, kept with them and erased with them."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from data.core.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class KeptReview:
    """`overall` is its one figure, 0 to 100; `told` all of it as JSON."""

    overall: float
    told: str


async def insert_review(tx: Transaction, portrait_id: int, review: KeptReview, now: float) -> None:
    """Keep it inside somebody's transaction; the first of a portrait stays."""
    await tx.execute(
        "INSERT OR IGNORE INTO portrait_reviews (portrait_id, overall, told, created_at)"
        " SELECT id, ?, ?, ? FROM portraits WHERE id = ? AND deleted_at IS NULL",
        (review.overall, review.told, now, portrait_id),
    )


class KeptReviews:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def keep(self, portrait_id: int, review: KeptReview, now: float) -> None:
        """The first review of a portrait stays; one that was deleted has none."""
        async with self._db.transaction() as tx:
            await insert_review(tx, portrait_id, review, now)

    async def of(self, portrait_ids: Collection[int]) -> dict[int, KeptReview]:
        """Those that there are, by portrait id."""
        rows = await self._db.fetch_all(
            "SELECT portrait_id, overall, told FROM portrait_reviews"
            " WHERE portrait_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(portrait_ids)),),
        )
        return {row["portrait_id"]: KeptReview(row["overall"], row["told"]) for row in rows}
