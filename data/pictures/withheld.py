"""Pictures that were withheld: which, by what rule, and where the file is, for moderators alone.

Their files lie in a folder of their own, beside the pictures: no portrait, export or backup reaches into it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from data.core.audit import AuditAction, record
from data.core.database import Database, Transaction, finish
from data.core.files import private_folder, remove, sync_folder, write_durably
from data.core.rows import of_row

WITHHELD_FOLDER: Final = "withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWithheld:
    """A picture that nobody is shown. `score` is 0…1, None where it could not be looked at; `words` are what was asked
    for; `kept` is what `WithheldPictures.keep` said, "" for a picture that is not kept. Without a job it was handed in.
    """

    guild_id: int
    user_id: int
    rule: str
    score: float | None
    scored_by: str
    words: str = ""
    kept: str = ""
    job_id: str | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class WithheldPicture:
    """As kept; `settled_at` is None while nobody has decided, then `settled_by` and `outcome` say who and what."""

    id: str
    job_id: str | None
    order_id: str | None
    guild_id: int
    user_id: int
    rule: str
    score: float | None
    scored_by: str
    words: str
    kept: str
    created_at: float
    settled_at: float | None
    settled_by: int
    outcome: str


class WithheldPictures:
    """The table of them, and their folder, which is made when the first one is kept."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.folder = db.folder / WITHHELD_FOLDER

    async def keep(self, picture: bytes) -> str:
        """Write an encoded PNG durably, before its row; the name for `NewWithheld.kept`. Raises NoSpace."""
        return await finish(asyncio.to_thread(self._keep, picture))

    def _keep(self, picture: bytes) -> str:
        private_folder(self.folder)
        name = f"{secrets.token_hex(16)}.png"
        write_durably(self.folder / name, picture)
        sync_folder(self.folder)
        return name

    async def drop(self, kept: str) -> None:
        """Remove a file whose row was not written; "" is none."""
        if kept:
            await asyncio.to_thread(remove, self.folder / kept)

    async def add(self, new: NewWithheld, *, now: float) -> str:
        """Write down what was withheld, with its entry in the audit; its id. Raises ErasedMeanwhile, NoSpace."""
        async with self._db.storing(new.user_id) as tx:
            return await insert_withheld(tx, new, now)

    async def get(self, withheld_id: str) -> WithheldPicture | None:
        """None when there is none of that id."""
        row = await self._db.fetch_one("SELECT * FROM withheld WHERE id = ?", (withheld_id,))
        return None if row is None else of_row(WithheldPicture, row)

    async def list_open(self, guild_id: int, *, limit: int = 25) -> Sequence[WithheldPicture]:
        """Those of a server that nobody has decided about, the oldest first."""
        rows = await self._db.fetch_all(
            "SELECT * FROM withheld WHERE guild_id = ? AND settled_at IS NULL ORDER BY created_at, id LIMIT ?",
            (guild_id, limit),
        )
        return [of_row(WithheldPicture, row) for row in rows]

    async def read(self, one: WithheldPicture) -> bytes | None:
        """Its picture; None where it was not kept, or is gone."""
        if not one.kept:
            return None
        try:
            return await asyncio.to_thread((self.folder / one.kept).read_bytes)
        except FileNotFoundError:
            return None

    async def settle(self, withheld_id: str, outcome: str, *, actor_id: int, now: float) -> bool:
        """Write a moderator's decision down, once, and remove the file; False when it was decided already.

        Who releases a picture reads it before.
        """
        if not outcome:
            raise ValueError("a decision has a name")
        async with self._db.storing(actor_id) as tx:
            row = await tx.one("SELECT kept FROM withheld WHERE id = ? AND settled_at IS NULL", (withheld_id,))
            if row is None:
                return False
            await tx.execute(
                "UPDATE withheld SET settled_at = ?, settled_by = ?, outcome = ?, kept = '' WHERE id = ?",
                (now, actor_id, outcome, withheld_id),
            )
            self._remove_after(tx, [row["kept"]])
        return True

    async def forget(self, *, before: float) -> int:
        """Remove files and words of what was withheld before a moment (epoch seconds); how many. The record stays."""
        async with self._db.transaction() as tx:
            rows = await tx.execute(
                "SELECT id, kept FROM withheld WHERE (kept <> '' OR words <> '') AND created_at < ?", (before,)
            )
            for row in rows:
                await tx.execute("UPDATE withheld SET kept = '', words = '' WHERE id = ?", (row["id"],))
            self._remove_after(tx, [row["kept"] for row in rows])
        return len(rows)

    def _remove_after(self, tx: Transaction, names: Sequence[str]) -> None:
        for name in filter(None, names):
            tx.on_commit_in_thread(partial(remove, self.folder / name))

    async def sweep(self) -> int:
        """At start, and after an erasure: remove files that no row knows, as a crash leaves them; how many."""
        async with self._db.transaction() as tx:  # no row is written meanwhile
            rows = await tx.execute("SELECT kept FROM withheld WHERE kept <> ''")
            return await finish(asyncio.to_thread(_sweep, self.folder, {str(row["kept"]) for row in rows}))


def _sweep(folder: Path, wanted: set[str]) -> int:
    loose = [file for file in folder.glob("*.png") if file.name not in wanted] if folder.is_dir() else []
    for file in loose:
        remove(file)
    return len(loose)


async def insert_withheld(tx: Transaction, new: NewWithheld, now: float) -> str:
    """The row and its entry in the audit, within the transaction that ends the job; the row's id."""
    withheld_id = secrets.token_hex(8)
    await tx.execute(
        "INSERT INTO withheld (id, job_id, order_id, guild_id, user_id, rule, score, scored_by, words, kept,"
        " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            withheld_id,
            new.job_id,
            new.order_id,
            new.guild_id,
            new.user_id,
            new.rule,
            new.score,
            new.scored_by,
            new.words,
            new.kept,
            now,
        ),
    )
    said = "not looked at" if new.score is None else f"score {new.score:.2f}"
    await record(tx, new.guild_id, new.user_id, AuditAction.WITHHELD, detail=f"{new.rule}, {said}", now=now)
    return withheld_id
