"""Pictures that were withheld: which, by what rule, and where the file is, for moderators alone.

Their files lie in a folder of their own, beside the pictures: no portrait, export or backup reaches into it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

from data.core.audit import SETTLED_AS, AuditAction, Outcome, record
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
    """As kept; `settled_at` is None while nobody has decided, then `settled_by` and `outcome` say who and what.

    `audit_id` is its entry in the audit. Times in epoch seconds; `kept` and `words` are "" once they are gone.
    """

    id: int
    audit_id: int | None
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
    outcome: Outcome | Literal[""]


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

    async def drop_loose(self, kept: str) -> None:
        """Remove a file that no row knows, as its row was not written; "" is none."""
        if kept and await self._db.fetch_one("SELECT 1 FROM withheld WHERE kept = ?", (kept,)) is None:
            await asyncio.to_thread(remove, self.folder / kept)

    async def add(self, new: NewWithheld, *, now: float) -> int:
        """Write down what was withheld, with its entry in the audit; its number. Raises ErasedMeanwhile, NoSpace."""
        async with self._db.storing(new.user_id) as tx:
            return await insert_withheld(tx, new, now)

    async def get(self, number: int) -> WithheldPicture | None:
        """None when there is none of that number."""
        row = await self._db.fetch_one("SELECT * FROM withheld WHERE id = ?", (number,))
        return None if row is None else of_row(WithheldPicture, row)

    async def of_job(self, job_id: str) -> WithheldPicture | None:
        """What was withheld of a job."""
        row = await self._db.fetch_one("SELECT * FROM withheld WHERE job_id = ?", (job_id,))
        return None if row is None else of_row(WithheldPicture, row)

    async def open(self, guild_id: int, *, since: float = 0.0, limit: int = 100) -> Sequence[WithheldPicture]:
        """Those of a server that nobody has decided about, the oldest first: withheld since then (epoch seconds), or
        with something kept of them."""
        rows = await self._db.fetch_all(
            "SELECT * FROM withheld WHERE guild_id = ? AND settled_at IS NULL"
            " AND (kept <> '' OR words <> '' OR created_at >= ?) ORDER BY id LIMIT ?",
            (guild_id, since, limit),
        )
        return [of_row(WithheldPicture, row) for row in rows]

    async def words_of(self, audit_ids: Sequence[int]) -> Mapping[int, str]:
        """The words that are still kept, by the number of the entry in the audit."""
        if not audit_ids:
            return {}
        marks = ", ".join("?" * len(audit_ids))
        rows = await self._db.fetch_all(
            f"SELECT audit_id, words FROM withheld WHERE audit_id IN ({marks}) AND words <> ''",  # noqa: S608
            tuple(audit_ids),
        )
        return {row["audit_id"]: row["words"] for row in rows}

    async def read(self, one: WithheldPicture) -> bytes | None:
        """Its picture; None where it was not kept, or is gone."""
        if not one.kept:
            return None
        try:
            return await asyncio.to_thread((self.folder / one.kept).read_bytes)
        except FileNotFoundError:
            return None

    async def settle(self, number: int, outcome: Outcome, *, guild_id: int, actor_id: int, now: float) -> bool:
        """Write a moderator's decision down, once, audited, and remove the file; "deleted" erases the words too. False
        when it is settled, gone or another server's. Who releases a picture reads it before."""
        async with self._db.storing(actor_id) as tx:
            row = await tx.one(
                "SELECT user_id, rule, kept FROM withheld WHERE id = ? AND guild_id = ? AND settled_at IS NULL",
                (number, guild_id),
            )
            if row is None:
                return False
            await tx.execute(
                "UPDATE withheld SET settled_at = ?1, settled_by = ?2, outcome = ?3, kept = '',"
                " words = iif(?3 = 'deleted', '', words) WHERE id = ?4",
                (now, actor_id, outcome, number),
            )
            action, member = SETTLED_AS[outcome], row["user_id"]
            await record(tx, guild_id, actor_id, action, target_id=member, detail=row["rule"], now=now)
            self._remove_after(tx, [row["kept"]])
        return True

    async def forget(self, *, files_before: float, words_before: float) -> int:
        """Remove the files and the words of what was withheld before these moments (epoch seconds); of how many. The
        record stays."""
        async with self._db.transaction() as tx:
            files = await tx.execute(
                "SELECT id, kept FROM withheld WHERE kept <> '' AND created_at < ?", (files_before,)
            )
            said = await tx.execute(
                "UPDATE withheld SET words = '' WHERE words <> '' AND created_at < ? RETURNING id", (words_before,)
            )
            await tx.execute("UPDATE withheld SET kept = '' WHERE kept <> '' AND created_at < ?", (files_before,))
            self._remove_after(tx, [row["kept"] for row in files])
        return len({row["id"] for row in (*files, *said)})

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


async def insert_withheld(tx: Transaction, new: NewWithheld, now: float) -> int:
    """The row and its entry in the audit, within the transaction that ends the job; the row's number."""
    said = "not looked at" if new.score is None else f"score {new.score:.2f}"
    entry = await record(tx, new.guild_id, new.user_id, AuditAction.WITHHELD, detail=f"{new.rule}, {said}", now=now)
    rows = await tx.execute(
        "INSERT INTO withheld (audit_id, job_id, order_id, guild_id, user_id, rule, score, scored_by, words, kept,"
        " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            entry,
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
    return int(rows[0]["id"])
