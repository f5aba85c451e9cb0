"""Stored portraits: the recipe of each, its picture and the message that shows it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic

from data.core.database import Database, Transaction, Value
from data.core.rows import Spec, Spec_co, StoredForm, of_row
from data.pictures.kept_reviews import KeptReview, insert_review
from data.pictures.picture_store import Picture, PictureStore


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitFacts(Generic[Spec_co]):
    """What only the engine knows about a finished portrait; `words` and `negative` are what the model was given.

    `spec` is what it was made from in the end: what was ordered, with its own prompt and the seed that was kept.
    `sexual` is how sexual the classifier `scored_by` found it (0…1; None: there was none to look at it), and `spoiler`
    says that it is shown behind one. `review` is None where it was not looked at (yet).
    """

    spec: Spec_co
    model_title: str
    words: str
    negative: str
    render_s: float
    note: str = ""
    sexual: float | None = None
    scored_by: str = ""
    spoiler: bool = False
    review: KeptReview | None = None


@dataclass(frozen=True, slots=True)
class Portrait(Generic[Spec_co]):
    id: int
    job_id: str
    order_id: str
    guild_id: int
    channel_id: int
    message_id: int | None
    user_id: int
    sha256: str
    spec: Spec_co
    model_title: str
    words: str
    negative: str
    render_s: float
    note: str
    parent_id: int | None
    created_at: float
    sexual: float | None = None
    scored_by: str = ""
    spoiler: bool = False


_COLUMNS: Final = (
    *("id", "job_id", "order_id", "guild_id", "channel_id", "message_id", "user_id", "sha256", "model_title"),
    *("words", "negative", "render_s", "note", "parent_id", "created_at", "sexual", "scored_by", "spoiler"),
)
AS_MADE: Final = frozenset(
    {"width", "height", "seed", "model", "prompt", "steps", "guidance", "fine_tune", "fine_tune_strength"}
)
"""What of its spec a portrait has in its own row, because making it may change that; the rest is in its job's row."""


def columns_of(form: StoredForm[Any]) -> list[str]:
    """Where the spec of a portrait `p` of the job `j` lies."""
    return [f"{'p' if name in AS_MADE else 'j'}.{name}" for name in form.columns]


class PortraitRows(Generic[Spec]):
    """Reads portraits, and writes one inside somebody's transaction, with what they are made from."""

    def __init__(self, form: StoredForm[Spec]) -> None:
        self._form = form
        names = [f"p.{name}" for name in _COLUMNS]
        names += [f"{at} AS spec_{name}" for at, name in zip(columns_of(form), form.columns, strict=True)]
        self.living = (
            f"SELECT {', '.join(names)} FROM portraits p JOIN jobs j ON j.id = p.job_id"  # noqa: S608 - constants
            " WHERE p.deleted_at IS NULL"
        )
        """The query of portraits `p` that were not deleted, to which a condition is added."""

    def portrait(self, row: sqlite3.Row) -> Portrait[Spec]:
        """A row of `living` as what callers get."""
        return of_row(Portrait, row, spec=self._form.read(row, "spec_"))

    async def of_job(self, tx: Transaction, job_id: str) -> Portrait[Spec] | None:
        """The portrait that the job has made already."""
        row = await tx.one(f"{self.living} AND p.job_id = ?", (job_id,))
        return None if row is None else self.portrait(row)

    async def insert(
        self, tx: Transaction, job_id: str, picture: Picture, facts: PortraitFacts[Spec], now: float
    ) -> Portrait[Spec]:
        """The portrait of a job; what its order knows is copied, because the portrait outlives it."""
        made = {name: value for name, value in self._form.to_columns(facts.spec).items() if name in AS_MADE}
        own: Mapping[str, Value] = {
            "sha256": picture.sha256,
            "model_title": facts.model_title,
            "words": facts.words,
            "negative": facts.negative,
            "render_s": facts.render_s,
            "note": facts.note,
            "sexual": facts.sexual,
            "scored_by": facts.scored_by,
            "spoiler": int(facts.spoiler),
            "created_at": now,
            **made,
            "width": picture.width,
            "height": picture.height,
        }
        await tx.execute(
            f"INSERT INTO portraits (job_id, order_id, guild_id, channel_id, message_id, user_id, parent_id,"  # noqa: S608 - as above
            f" {', '.join(own)}) SELECT j.id, o.id, a.guild_id, o.channel_id, o.message_id, a.user_id,"
            f" o.parent_portrait_id, {', '.join(f':{name}' for name in own)}"
            " FROM jobs j JOIN orders o ON o.id = j.order_id JOIN accounts a ON a.id = o.account_id"
            " WHERE j.id = :job_id",
            {**own, "job_id": job_id},
        )
        portrait = self.portrait((await tx.execute(f"{self.living} AND p.job_id = ?", (job_id,)))[0])
        if facts.review is not None:
            await insert_review(tx, portrait.id, facts.review, now)
        return portrait


class Portraits(Generic[Spec]):
    def __init__(self, db: Database, pictures: PictureStore, form: StoredForm[Spec]) -> None:
        self._db = db
        self._pictures = pictures
        self._rows = PortraitRows(form)

    async def get(self, portrait_id: int) -> Portrait[Spec] | None:
        """The portrait, or None when it never was or has been deleted."""
        row = await self._db.fetch_one(f"{self._rows.living} AND p.id = ?", (portrait_id,))
        return None if row is None else self._rows.portrait(row)

    async def by_message(self, message_id: int) -> tuple[Portrait[Spec], ...]:
        """The portraits that a message shows, in the order of their jobs."""
        rows = await self._db.fetch_all(f"{self._rows.living} AND p.message_id = ? ORDER BY p.job_id", (message_id,))
        return tuple(self._rows.portrait(row) for row in rows)

    async def of_order(self, order_id: str) -> tuple[Portrait[Spec], ...]:
        """The portraits of an order, in the order of their jobs."""
        rows = await self._db.fetch_all(f"{self._rows.living} AND p.order_id = ? ORDER BY p.job_id", (order_id,))
        return tuple(self._rows.portrait(row) for row in rows)

    async def of_user(
        self, guild_id: int | None, user_id: int, *, before_id: int | None = None, limit: int = 10
    ) -> Sequence[Portrait[Spec]]:
        """The user's portraits in one server (None: everywhere), newest first; the next page is `before_id`'s."""
        where = "p.user_id = ? AND p.id < ?" + ("" if guild_id is None else " AND p.guild_id = ?")
        values = (user_id, before_id if before_id is not None else 1 << 62)
        rows = await self._db.fetch_all(
            f"{self._rows.living} AND {where} ORDER BY p.id DESC LIMIT ?",
            (*values, limit) if guild_id is None else (*values, guild_id, limit),
        )
        return [self._rows.portrait(row) for row in rows]

    async def latest(self, user_id: int, guild_id: int | None = None) -> Portrait[Spec] | None:
        """The user's last portrait in one server (None: anywhere)."""
        newest = await self.of_user(guild_id, user_id, limit=1)
        return newest[0] if newest else None

    async def behind_spoiler(self, pictures: Collection[str]) -> bool:
        """Whether one of these pictures, by sha256, is a portrait that is shown behind a spoiler."""
        row = await self._db.fetch_one(
            "SELECT 1 FROM portraits WHERE spoiler AND sha256 IN (SELECT value FROM json_each(?))",
            (json.dumps(list(pictures)),),
        )
        return row is not None

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
            await tx.execute("DELETE FROM portrait_reviews WHERE portrait_id = ?", (portrait_id,))
            await tx.execute("UPDATE jobs SET prompt = '' WHERE id = ?", (row["job_id"],))
            await tx.execute("UPDATE series_frames SET label = '' WHERE job_id = ?", (row["job_id"],))
            await tx.execute("UPDATE order_edits SET words = '' WHERE order_id = ?", (row["order_id"],))
            await self._pictures.release(tx, row["sha256"])
        return True
