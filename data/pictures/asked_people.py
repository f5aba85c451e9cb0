"""What was asked for of the people in stored pictures, followed to every picture that an order starts from or goes by.

The findings are JSON that the bot writes and reads; here it is found again, in whichever row it lies.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from data.core.database import Database, Transaction, Value

A_TIME: Final = 25
"""How many rows from before are read in one go, which holds other writers up for about a tenth of a second."""

_BEHIND: Final = """
SELECT 'face' AS how, people FROM character_references
WHERE character_id IN (SELECT value FROM json_each(:characters))
UNION SELECT 'recipe', o.people FROM portraits p JOIN orders o ON o.id = p.order_id WHERE p.id = :portrait
UNION SELECT 'picture', o.people FROM portraits p JOIN orders o ON o.id = p.order_id
WHERE p.sha256 IN (SELECT value FROM json_each(:pictures))
UNION SELECT 'picture', people FROM character_references WHERE sha256 IN (SELECT value FROM json_each(:pictures))
UNION SELECT 'picture', people FROM saved_references WHERE sha256 IN (SELECT value FROM json_each(:pictures))
UNION SELECT 'picture', people FROM handed_in WHERE sha256 IN (SELECT value FROM json_each(:pictures))
"""
# What lies behind an order as far as it is still known: a closed one has let go of the pictures themselves.
_BEHIND_ORDER: Final = """
SELECT b.people FROM orders o JOIN portraits p ON p.id = o.parent_portrait_id JOIN orders b ON b.id = p.order_id
WHERE o.id = :order AND b.people <> ''
UNION SELECT coalesce(r.people, b.people) FROM order_characters u
JOIN character_references r ON r.character_id = u.character_id
LEFT JOIN portraits p ON p.id = r.portrait_id LEFT JOIN orders b ON b.id = p.order_id
WHERE u.order_id = :order AND coalesce(r.people, b.people, '') <> ''
"""
_ORDER_PROMPTS: Final = """
SELECT prompt FROM orders WHERE id = :order UNION SELECT prompt FROM jobs WHERE order_id = :order
UNION SELECT prompt FROM portraits WHERE order_id = :order
"""
# Of some orders those that were not read yet, with the unread ones behind them, the oldest first: what an order takes
# over is found by then. What was read has taken over what lies behind it.
_UNREAD_BEHIND: Final = """
WITH RECURSIVE behind(id) AS (
    SELECT value FROM json_each(:orders)
    UNION SELECT p.order_id FROM behind b JOIN orders o ON o.id = b.id AND o.people IS NULL
    JOIN (SELECT n.id, n.parent_portrait_id AS portrait_id FROM orders n WHERE n.parent_portrait_id IS NOT NULL
        UNION ALL SELECT u.order_id, r.portrait_id FROM order_characters u
        JOIN character_references r ON r.character_id = u.character_id WHERE r.portrait_id IS NOT NULL) f ON f.id = o.id
    JOIN portraits p ON p.id = f.portrait_id
)
SELECT o.id FROM behind b JOIN orders o ON o.id = b.id WHERE o.people IS NULL ORDER BY o.created_at, o.rowid
"""
_ORDERS_OF_THESE: Final = """
SELECT order_id FROM portraits WHERE id = :portrait
UNION SELECT order_id FROM portraits WHERE sha256 IN (SELECT value FROM json_each(:pictures))
"""
_REFERENCES: Final = """
SELECT r.id, p.order_id, c.description AS words, o.people FROM character_references r
JOIN characters c ON c.id = r.character_id
LEFT JOIN portraits p ON p.id = r.portrait_id LEFT JOIN orders o ON o.id = p.order_id WHERE r.people IS NULL
"""
_SAVED: Final = """
SELECT s.id, p.order_id, '' AS words, o.people FROM saved_references s
LEFT JOIN portraits p ON p.id = (SELECT q.id FROM portraits q JOIN orders b ON b.id = q.order_id
    WHERE q.sha256 = s.sha256 ORDER BY b.people DESC LIMIT 1)
LEFT JOIN orders o ON o.id = p.order_id WHERE s.people IS NULL
"""
_KEPT: Final = {"character_references": _REFERENCES, "saved_references": _SAVED}
_OF_THESE: Final = {
    "character_references": " AND (r.character_id IN (SELECT value FROM json_each(:characters))"
    " OR r.sha256 IN (SELECT value FROM json_each(:pictures)))",
    "saved_references": " AND s.sha256 IN (SELECT value FROM json_each(:pictures))",
}


@dataclass(frozen=True, slots=True)
class PeopleBehind:
    """One finding behind an order: of a saved `face`, of a `picture` that goes along or is changed, or of the portrait
    whose `recipe` is made anew. `people` is JSON, "" for nothing said."""

    how: Literal["face", "picture", "recipe"]
    people: str


@dataclass(frozen=True, slots=True)
class WordsFromBefore:
    """What a row from before findings were kept says: `prompts` as JSON, plain `words`, and findings `behind` it."""

    prompts: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()


ReadWords = Callable[[WordsFromBefore], str]


class AskedPeople:
    """`read` finds what rows from before say of people. They are read bit by bit (`read_some`), and at once where one
    of them is asked for."""

    def __init__(self, db: Database, read: ReadWords) -> None:
        self._db = db
        self._read = read
        self._all_read = False

    async def behind(
        self, *, characters: Collection[int] = (), pictures: Collection[str] = (), portrait_id: int | None = None
    ) -> Sequence[PeopleBehind]:
        """The findings of characters by id (all their versions), of pictures by sha256, and of a portrait."""
        values = {
            "characters": json.dumps(list(characters)),
            "pictures": json.dumps(list(pictures)),
            "portrait": portrait_id,
        }
        if not await self._is_all_read():
            async with self._db.transaction() as tx:
                await self._read_behind(tx, [row["order_id"] for row in await tx.execute(_ORDERS_OF_THESE, values)])
                for table, of_these in _OF_THESE.items():
                    await self._read_kept(tx, table, of_these, values)
        rows = await self._db.fetch_all(_BEHIND, values)
        return [PeopleBehind(row["how"], row["people"]) for row in rows if row["people"]]

    async def of_order(self, order_id: str) -> str:
        """The finding of an order, "" for nothing said and where there is no such order."""
        if not await self._is_all_read():
            async with self._db.transaction() as tx:
                await self._read_behind(tx, [order_id])
        row = await self._db.fetch_one("SELECT people FROM orders WHERE id = ?", (order_id,))
        return (row["people"] if row else None) or ""

    async def made_by(self, seed: int, words: str) -> Sequence[PeopleBehind]:
        """The findings of portraits that were made with this seed and whose model was told these words."""
        made = "SELECT DISTINCT order_id FROM portraits WHERE seed = ? AND words = ? AND deleted_at IS NULL"
        rows = await self._db.fetch_all(made, (seed, words))
        found = [await self.of_order(row["order_id"]) for row in rows]
        return [PeopleBehind("picture", people) for people in dict.fromkeys(found) if people]

    async def unread(self) -> bool:
        """Whether there are rows from before that nobody has read yet."""
        return not await self._is_all_read()

    async def read_some(self) -> int:
        """Read `A_TIME` rows from before; says how many there were, 0 when there is nothing left.

        Saved faces and pictures come first with what lies behind them, then orders, oldest first. What was read when
        it is stopped stays read.
        """
        if await self._is_all_read():
            return 0
        async with self._db.transaction() as tx:
            for table in _KEPT:
                if read := await self._read_kept(tx, table, f" LIMIT {A_TIME}", {}):
                    return read
            oldest = "SELECT id FROM orders WHERE people IS NULL ORDER BY created_at, rowid LIMIT ?"
            return await self._read_behind(tx, [row["id"] for row in await tx.execute(oldest, (A_TIME,))])

    async def _is_all_read(self) -> bool:
        if not self._all_read:
            tables = ("orders", *_KEPT)
            left = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE people IS NULL)" for table in tables)  # noqa: S608
            row = await self._db.fetch_one(f"SELECT {left} AS some")
            self._all_read = row is not None and not row["some"]
        return self._all_read

    async def _read_behind(self, tx: Transaction, order_ids: Sequence[str]) -> int:
        """Read these orders and what lies behind them, as far as they are not; says how many were."""
        rows = await tx.execute(_UNREAD_BEHIND, {"orders": json.dumps(list(order_ids))})
        for row in rows:
            words = await _words_of_order(tx, row["id"])
            people = await asyncio.to_thread(self._read, words)
            await tx.execute("UPDATE orders SET people = ? WHERE id = ?", (people, row["id"]))
        return len(rows)

    async def _read_kept(self, tx: Transaction, table: str, which: str, values: Mapping[str, Value]) -> int:
        """Read unread rows of saved faces or pictures, and what lies behind them; says how many there were."""
        found = await tx.execute(_KEPT[table] + which, values)
        if not found:
            return 0
        await self._read_behind(tx, [row["order_id"] for row in found if row["order_id"]])
        # Again, with what has been found by now.
        for row in await tx.execute(_KEPT[table] + which, values):
            said = WordsFromBefore(words=(row["words"],), behind=(row["people"],) if row["people"] else ())
            people = await asyncio.to_thread(self._read, said)
            await tx.execute(f"UPDATE {table} SET people = ? WHERE id = ?", (people, row["id"]))  # noqa: S608 - of ours
        return len(found)


async def _words_of_order(tx: Transaction, order_id: str) -> WordsFromBefore:
    key = {"order": order_id}
    edits = await tx.execute("SELECT words FROM order_edits WHERE order_id = :order", key)
    return WordsFromBefore(
        _texts(await tx.execute(_ORDER_PROMPTS, key)), _texts(edits), _texts(await tx.execute(_BEHIND_ORDER, key))
    )


def _texts(rows: Sequence[sqlite3.Row]) -> tuple[str, ...]:
    return tuple(row[0] for row in rows if row[0])
