"""Erasing everything of a person, and knowing them again when they come back on the same day or while banned.

An erasure is written down before it begins and is finished after a restart. What outlives it: credits and audit
under a pseudonym, and a keyed hash that bans and the day's limits hang on.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from data.core import audit
from data.core.audit import AuditAction
from data.core.data_errors import DataError
from data.core.database import Database, Transaction, Value
from data.core.files import remove
from data.credits.ledger import LedgerNote
from data.people import personal_rows
from data.pictures.marks import Marks
from data.pictures.picture_store import PictureStore
from data.pictures.withheld import WITHHELD_FOLDER

log = logging.getLogger(__name__)

LIMITS_LAST_S = 2 * 86_400.0
"""How long the day's limits can matter: allowances, spend ceilings and moderators' limits all end within a day."""
KEPT_BAN = "kept through an erasure"


class OrdersOpen(DataError):
    """Some orders of the person, or with their faces, have not ended; they are to be cancelled first."""

    def __init__(self) -> None:
        super().__init__("Some of your portraits are still being made. Try again in a moment.")


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure let go of. `pictures` are the sha256 of those that are gone from the disk."""

    pictures: tuple[str, ...]
    messages: int


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """`own` says whether the person ordered it; else it is somebody else's with a face of theirs."""

    id: str
    own: bool


@dataclass(frozen=True, slots=True)
class MessageRemoval:
    """A message of the bot that is still to be deleted; `guild_id` 0 means direct messages."""

    message_id: int
    guild_id: int
    channel_id: int


@dataclass(frozen=True, slots=True)
class PersonalCounts:
    """How much is kept of a person, over all servers; `waiting` counts portraits that are ordered and not made."""

    portraits: int
    characters: int
    pictures: int
    picture_bytes: int
    styles: int
    orders: int
    waiting: int
    credits: int


_HOLDINGS = f"""
WITH mine AS ({personal_rows.PICTURES})
SELECT
    (SELECT count(*) FROM portraits WHERE user_id = :user AND deleted_at IS NULL),
    (SELECT count(*) FROM characters WHERE user_id = :user),
    (SELECT count(*) FROM mine),
    (SELECT coalesce(sum(bytes), 0) FROM pictures WHERE sha256 IN mine),
    (SELECT count(*) FROM styles WHERE user_id = :user),
    (SELECT count(*) FROM orders o JOIN accounts a ON a.id = o.account_id WHERE a.user_id = :user),
    (SELECT count(*) FROM jobs j JOIN orders o ON o.id = j.order_id JOIN accounts a ON a.id = o.account_id
     WHERE a.user_id = :user AND j.state IN ('waiting', 'running')),
    (SELECT coalesce(sum(balance), 0) FROM accounts WHERE user_id = :user)
"""  # noqa: S608 - a constant

# An account that somebody has anew begins where the allowance of the old one stood.
_CARRY_ALLOWANCE = """
INSERT INTO accounts (guild_id, user_id, allowance_day, allowance_given, created_at)
SELECT a.guild_id, :user, max(a.allowance_day), a.allowance_given, :now
FROM accounts a JOIN erasures e ON e.pseudonym = a.user_id
WHERE e.user_id = :user AND a.allowance_day IS NOT NULL GROUP BY a.guild_id
ON CONFLICT (guild_id, user_id) DO UPDATE
    SET allowance_day = excluded.allowance_day, allowance_given = excluded.allowance_given
    WHERE accounts.allowance_day IS NULL
"""


class Privacy:
    def __init__(self, db: Database, pictures: PictureStore) -> None:
        self._db = db
        self._pictures = pictures
        self.marks = Marks(db.folder)
        self._away: set[str] = set()

    async def load(self) -> None:
        """At start: who is being erased, and who would be recognised."""
        rows = await self._db.fetch_all("SELECT user_id FROM erasing WHERE user_id IS NOT NULL")
        for row in rows:
            self._db.presence.leaves(row["user_id"])
        marks = "SELECT mark FROM erasures WHERE user_id IS NULL UNION SELECT mark FROM erased_bans"
        self._away = {row["mark"] for row in await self._db.fetch_all(marks)}

    async def counts(self, user_id: int) -> PersonalCounts:
        """How much is kept of the person."""
        rows = await self._db.fetch_all(_HOLDINGS, {"user": user_id})
        return PersonalCounts(*rows[0])

    def is_being_erased(self, user_id: int) -> bool:
        return self._db.presence.is_leaving(user_id)

    async def begin(self, user_id: int, *, now: float) -> None:
        """Write down that everything of this person is to be erased: it will be, even over a restart."""
        async with self._db.transaction() as tx:
            await tx.execute("INSERT OR IGNORE INTO erasing (user_id, asked_at) VALUES (?, ?)", (user_id, now))
            tx.on_commit(partial(self._db.presence.leaves, user_id))

    async def unfinished(self) -> Sequence[int]:
        """Whose erasure was begun and not finished, oldest first."""
        rows = await self._db.fetch_all("SELECT user_id FROM erasing WHERE user_id IS NOT NULL ORDER BY id")
        return [row["user_id"] for row in rows]

    async def in_the_way(self, user_id: int) -> Sequence[OpenOrder]:
        """Orders that have to end before `erase`, oldest first: the person's, and others' with the person's faces."""
        rows = await self._db.fetch_all(f"{personal_rows.OPEN_ORDERS} ORDER BY o.created_at", {"user": user_id})
        return [OpenOrder(row["id"], bool(row["own"])) for row in rows]

    async def erase(self, user_id: int, *, now: float) -> Erased:
        """Erase everything of the person, all or nothing. A second call finds nothing and does nothing.

        Raises `OrdersOpen` when an order is `in_the_way`. Call `scrub` afterwards.
        """
        mark = await self.marks.of_user(user_id)
        pseudonym = -1 - secrets.randbelow(2**62)
        keys: dict[str, Value] = {"user": user_id, "pseudonym": pseudonym, "mark": mark, "now": now}
        async with self._db.transaction() as tx:
            if await tx.one(personal_rows.OPEN_ORDERS, keys) is not None:
                raise OrdersOpen
            await tx.execute("UPDATE erasures SET user_id = NULL WHERE user_id = :user", keys)
            await tx.execute("INSERT INTO erasures (pseudonym, mark, erased_at) VALUES (:pseudonym, :mark, :now)", keys)
            pictures = [str(row["sha256"]) for row in await tx.execute(personal_rows.PICTURES, keys)]
            kept = await tx.execute("SELECT kept FROM withheld WHERE user_id = :user AND kept <> ''", keys)
            before = await _count(tx, "message_removals")
            await personal_rows.forfeit(tx, user_id, LedgerNote(key=f"erase:{pseudonym}", now=now))
            for statement in personal_rows.STATEMENTS:
                await tx.execute(statement, keys)
            for row in kept:
                tx.on_commit_in_thread(partial(remove, self._db.folder / WITHHELD_FOLDER / row["kept"]))
            gone = [sha256 for sha256 in pictures if await self._pictures.release(tx, sha256)]
            messages = await _count(tx, "message_removals") - before
            await audit.record(tx, 0, pseudonym, AuditAction.ERASE, now=now)
            tx.on_commit(partial(self._db.presence.has_left, user_id))
        self._away.add(mark)
        return Erased(tuple(gone), messages)

    async def needs_scrub(self) -> bool:
        """Whether an erasure has left what could still be read in the database's file."""
        return await self._db.fetch_one("SELECT 1 FROM erasing WHERE user_id IS NULL") is not None

    async def scrub(self) -> None:
        """Clean the database's file after `erase`. Raises `DatabaseBusy`, `NoSpace`: then it is to be repeated."""
        rows = await self._db.fetch_all("SELECT id FROM erasing WHERE user_id IS NULL")
        await self._db.scrub()
        async with self._db.transaction() as tx:
            done = json.dumps([row["id"] for row in rows])
            await tx.execute("DELETE FROM erasing WHERE id IN (SELECT value FROM json_each(?))", (done,))

    async def recognise(self, user_id: int, *, now: float) -> bool:
        """Give somebody who comes back after an erasure their bans and the day's used-up limits again.

        To be asked before anything else is done for a person; quick for everybody who was never erased.
        """
        if not self._away or (mark := await self.marks.of_user(user_id)) not in self._away:
            return False
        keys: dict[str, Value] = {"user": user_id, "mark": mark, "now": now, "reason": KEPT_BAN}
        async with self._db.storing(user_id) as tx:
            await tx.execute("UPDATE erasures SET user_id = :user WHERE mark = :mark", keys)
            await tx.execute(
                "INSERT INTO bans (guild_id, user_id, actor_id, reason, created_at)"
                " SELECT guild_id, :user, actor_id, :reason, created_at FROM erased_bans WHERE mark = :mark"
                " ON CONFLICT DO NOTHING",
                keys,
            )
            await tx.execute("DELETE FROM erased_bans WHERE mark = :mark", keys)
            await tx.execute(_CARRY_ALLOWANCE, keys)
        self._away.discard(mark)
        log.info("somebody came back after an erasure")
        return True

    async def forget_links(self, *, now: float) -> None:
        """Cut pseudonyms off from people once the day's limits have run out. Bans stay known."""
        self._db.presence.forget()
        async with self._db.transaction() as tx:
            await tx.execute("DELETE FROM erasures WHERE erased_at < ?", (now - LIMITS_LAST_S,))
        await self.load()

    async def removals(self) -> Sequence[MessageRemoval]:
        """Messages still to be deleted."""
        rows = await self._db.fetch_all("SELECT * FROM message_removals ORDER BY message_id")
        return [MessageRemoval(*row) for row in rows]

    async def removed(self, message_id: int) -> None:
        """The message is gone, or out of reach for good."""
        async with self._db.transaction() as tx:
            await tx.execute("DELETE FROM message_removals WHERE message_id = ?", (message_id,))


async def _count(tx: Transaction, table: str) -> int:
    return int((await tx.execute(f"SELECT count(*) FROM {table}"))[0][0])  # noqa: S608 - this module's own
