"""What was asked for of the people in stored pictures, followed to every picture that an order starts from or goes by.

The findings are JSON that the bot writes and reads; here it is found again, in whichever row it lies.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from data.core.database import Database, Transaction

_A_TIME: Final = 200

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
_REFERENCES: Final = """
SELECT r.id, c.description AS words, o.people FROM character_references r JOIN characters c ON c.id = r.character_id
LEFT JOIN portraits p ON p.id = r.portrait_id LEFT JOIN orders o ON o.id = p.order_id WHERE r.people IS NULL
"""
_SAVED: Final = """
SELECT s.id, '' AS words, (SELECT o.people FROM portraits p JOIN orders o ON o.id = p.order_id
WHERE p.sha256 = s.sha256 ORDER BY o.people DESC LIMIT 1) AS people FROM saved_references s WHERE s.people IS NULL
"""


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
    def __init__(self, db: Database) -> None:
        self._db = db

    async def behind(
        self, *, characters: Collection[int] = (), pictures: Collection[str] = (), portrait_id: int | None = None
    ) -> Sequence[PeopleBehind]:
        """The findings of characters by id (all their versions), of pictures by sha256, and of a portrait."""
        values = {
            "characters": json.dumps(list(characters)),
            "pictures": json.dumps(list(pictures)),
            "portrait": portrait_id,
        }
        rows = await self._db.fetch_all(_BEHIND, values)
        return [PeopleBehind(row["how"], row["people"]) for row in rows if row["people"]]

    async def made_by(self, seed: int, words: str) -> Sequence[PeopleBehind]:
        """The findings of portraits that were made with this seed and whose model was told these words."""
        rows = await self._db.fetch_all(
            "SELECT DISTINCT o.people FROM portraits p JOIN orders o ON o.id = p.order_id"
            " WHERE p.seed = ? AND p.words = ? AND p.deleted_at IS NULL",
            (seed, words),
        )
        return [PeopleBehind("picture", row["people"]) for row in rows if row["people"]]

    async def read_old(self, read: ReadWords) -> int:
        """Let `read` find what rows from before say of people, oldest first; says how many orders there were.

        What was read when it is stopped stays read.
        """
        count = 0
        while found := await self._read_orders(read):
            count += found
        async with self._db.transaction() as tx:
            await _read_rows(tx, "character_references", _REFERENCES, read)
            await _read_rows(tx, "saved_references", _SAVED, read)
        return count

    async def _read_orders(self, read: ReadWords) -> int:
        async with self._db.transaction() as tx:
            unread = "SELECT id FROM orders WHERE people IS NULL ORDER BY created_at, rowid LIMIT ?"
            ids = [str(row["id"]) for row in await tx.execute(unread, (_A_TIME,))]
            for order_id in ids:
                people = read(await _words_of_order(tx, order_id))
                await tx.execute("UPDATE orders SET people = ? WHERE id = ?", (people, order_id))
        return len(ids)


async def _words_of_order(tx: Transaction, order_id: str) -> WordsFromBefore:
    key = {"order": order_id}
    edits = await tx.execute("SELECT words FROM order_edits WHERE order_id = :order", key)
    return WordsFromBefore(
        _texts(await tx.execute(_ORDER_PROMPTS, key)), _texts(edits), _texts(await tx.execute(_BEHIND_ORDER, key))
    )


async def _read_rows(tx: Transaction, table: str, select: str, read: ReadWords) -> None:
    for row in await tx.execute(select):
        people = read(WordsFromBefore(words=(row["words"],), behind=(row["people"],) if row["people"] else ()))
        await tx.execute(f"UPDATE {table} SET people = ? WHERE id = ?", (people, row["id"]))  # noqa: S608 - a constant


def _texts(rows: Sequence[sqlite3.Row]) -> tuple[str, ...]:
    return tuple(row[0] for row in rows if row[0])
