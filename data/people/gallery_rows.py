"""What somebody's gallery shows: their own portraits, page by page, and what these can be sought by.

Every question names the person, and is answered by a connection of its own, so that no command waits behind it. A page
looks at a bounded number of rows, however many portraits there are and whatever is sought. Portraits of servers where
the person is banned are left out.
"""

# ruff: noqa: S608 - the pieces of these statements are this module's own constants

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic

from data.core.database import Database, SideReader, Value
from data.core.rows import Spec, Spec_co, StoredForm, of_row
from data.people.bans import NOT_BANNED
from data.pictures.portrait_rows import Portrait, PortraitRows

PAGE: Final = 48
SCANNED: Final = 2000
"""So many portraits at most are looked through for words in one go; the page after it goes on there."""
SERIES_PAGE: Final = 12
_MINE: Final = f"p.user_id = :user AND p.deleted_at IS NULL AND {NOT_BANNED.format('p')}"
_BY: Final[Mapping[str, str]] = {
    "model": "p.model = :model",
    "character": "p.order_id IN (SELECT u.order_id FROM order_characters u JOIN characters c ON c.id = u.character_id"
    " WHERE c.id = :character AND c.user_id = :user)",
    "series": "p.order_id IN (SELECT o.id FROM orders o WHERE o.series_id = :series)",
}
_OF_CHARACTERS: Final = f"""
SELECT u.character_id AS id, count(*) AS portraits FROM characters c
JOIN order_characters u ON u.character_id = c.id JOIN portraits p ON p.order_id = u.order_id
WHERE c.user_id = :user AND {_MINE} GROUP BY u.character_id
"""
_PICTURE: Final = f"""
SELECT i.sha256, i.ext, 1 AS made FROM portraits p JOIN pictures i ON i.sha256 = p.sha256 WHERE p.id = :id AND {_MINE}
"""
_FACE: Final = """
SELECT i.sha256, i.ext, r.origin = 'portrait' AS made FROM character_references r
JOIN characters c ON c.id = r.character_id JOIN pictures i ON i.sha256 = r.sha256
WHERE r.id = :id AND c.user_id = :user
"""
_MODELS: Final = f"""
SELECT m.model AS id, p.model_title AS title, m.portraits FROM (
    SELECT p.model, max(p.id) AS newest, count(*) AS portraits FROM portraits p WHERE {_MINE} GROUP BY p.model) m
JOIN portraits p ON p.id = m.newest ORDER BY title, 1
"""
_BEGUN: Final = (
    "SELECT o.created_at FROM orders o JOIN accounts a ON a.id = o.account_id"
    " WHERE o.id = :before AND a.user_id = :user"
)
_SERIES: Final = f"""
SELECT o.id FROM accounts a JOIN orders o ON o.account_id = a.id
WHERE a.user_id = :user AND o.series_id = o.id AND {NOT_BANNED.format("a")}
    AND (o.created_at, o.id) < (:at, :before)
    AND EXISTS (SELECT 1 FROM orders f JOIN portraits p ON p.order_id = f.id
        WHERE f.series_id = o.id AND p.deleted_at IS NULL)
ORDER BY o.created_at DESC, o.id DESC LIMIT :limit
"""
_END: Final = 1 << 62
_UNSOUGHT: Final = str.maketrans({'"': " ", "\\": " "})


@dataclass(frozen=True, slots=True)
class GalleryQuery:
    """What is sought: portraits whose recipe has all these words (or whose number or seed is one), of a model, with a
    character of the person's own, of a series. "" and None: all."""

    words: str = ""
    model: str = ""
    character: int | None = None
    series: str = ""


@dataclass(frozen=True, slots=True)
class GalleryPage(Generic[Spec_co]):
    """Portraits, newest first; `after` is what the next page is `before`, None when there is none."""

    portraits: tuple[Portrait[Spec_co], ...]
    after: int | None


@dataclass(frozen=True, slots=True)
class GalleryPicture:
    """A stored picture; `made` says that it was made here, not handed in."""

    sha256: str
    ext: str
    made: bool


@dataclass(frozen=True, slots=True)
class GalleryModel:
    """A model that made portraits of the person, and how many."""

    id: str
    title: str
    portraits: int


class GalleryRows(Generic[Spec]):
    def __init__(self, db: Database, form: StoredForm[Spec]) -> None:
        self._db = db
        self._rows = PortraitRows(form)
        self._opening = asyncio.Lock()
        self._reader: SideReader | None = None

    async def _fetch(self, sql: str, keys: Mapping[str, Value]) -> list[sqlite3.Row]:
        async with self._opening:
            if self._reader is None:
                self._reader = await self._db.side_reader()
        return await self._reader.fetch_all(sql, keys)

    async def portrait(self, user_id: int, portrait_id: int) -> Portrait[Spec] | None:
        """One of the person's portraits that the gallery shows; None for every other number."""
        found = await self._full(user_id, [portrait_id])
        return found[0] if found else None

    async def page(self, user_id: int, query: GalleryQuery, *, before: int | None = None) -> GalleryPage[Spec]:
        """At most `PAGE` portraits; fewer, even none, where many were looked through for words and more may follow."""
        keys: dict[str, Value] = {
            "user": user_id,
            "before": _END if before is None else before,
            "model": query.model,
            "character": query.character,
            "series": query.series,
        }
        where = [_MINE, "p.id < :before", *(sql for name, sql in _BY.items() if getattr(query, name) not in ("", None))]
        # Without the marks that JSON writes in another way.
        sought = query.words.translate(_UNSOUGHT).casefold().split()
        limit = SCANNED if sought else PAGE + 1
        rows = await self._fetch(
            f"SELECT p.id{', p.seed, p.prompt, p.words, p.model_title' if sought else ''} FROM portraits p"
            f" WHERE {' AND '.join(where)} ORDER BY p.id DESC LIMIT {limit}",
            keys,
        )
        ids = await asyncio.to_thread(_having, rows, sought) if sought else [row["id"] for row in rows]
        shown = ids[:PAGE]
        more = len(ids) > PAGE or (bool(sought) and len(rows) == limit)
        last = shown[-1] if len(ids) > PAGE else rows[-1]["id"] if more else None
        return GalleryPage(tuple(await self._full(user_id, shown)), last)

    async def count(self, user_id: int) -> int:
        """How many portraits the gallery shows."""
        rows = await self._fetch(f"SELECT count(*) AS n FROM portraits p WHERE {_MINE}", {"user": user_id})
        return int(rows[0]["n"])

    async def models(self, user_id: int) -> Sequence[GalleryModel]:
        """The models of the person's portraits, by title; a model's newest title counts."""
        rows = await self._fetch(_MODELS, {"user": user_id})
        return [of_row(GalleryModel, row) for row in rows]

    async def character_uses(self, user_id: int) -> Mapping[int, int]:
        """How many portraits there are of each of the person's characters, by its id; without any it is left out."""
        rows = await self._fetch(_OF_CHARACTERS, {"user": user_id})
        return {row["id"]: row["portraits"] for row in rows}

    async def series(self, user_id: int, *, before: str = "") -> Sequence[str]:
        """Ids of the person's series that have portraits, newest first, `SERIES_PAGE` at most; "" begins."""
        keys: dict[str, Value] = {"user": user_id, "before": before, "at": float(_END), "limit": SERIES_PAGE}
        if before:
            known = await self._fetch(_BEGUN, keys)
            if not known:
                return []
            keys["at"] = known[0]["created_at"]
        return [str(row["id"]) for row in await self._fetch(_SERIES, keys)]

    async def picture(self, user_id: int, portrait_id: int) -> GalleryPicture | None:
        """The picture of one of the person's portraits; None for every other number."""
        return await self._picture(_PICTURE, user_id, portrait_id)

    async def face(self, user_id: int, reference_id: int) -> GalleryPicture | None:
        """One picture of a character of the person's own; None for every other number."""
        return await self._picture(_FACE, user_id, reference_id)

    async def _picture(self, sql: str, user_id: int, number: int) -> GalleryPicture | None:
        rows = await self._fetch(sql, {"user": user_id, "id": number})
        return GalleryPicture(rows[0]["sha256"], rows[0]["ext"], bool(rows[0]["made"])) if rows else None

    async def _full(self, user_id: int, ids: Sequence[int]) -> list[Portrait[Spec]]:
        """Those of these that are the person's and still there, newest first."""
        rows = await self._fetch(
            f"{self._rows.living} AND {_MINE} AND p.id IN (SELECT value FROM json_each(:ids)) ORDER BY p.id DESC",
            {"user": user_id, "ids": json.dumps(ids)},
        )
        return [self._rows.portrait(row) for row in rows]


def _having(rows: Sequence[sqlite3.Row], sought: Sequence[str]) -> list[int]:
    """Ids of the rows that have all words. Blocking."""
    return [row["id"] for row in rows if _has(row, sought)]


def _has(row: sqlite3.Row, sought: Sequence[str]) -> bool:
    numbers = {str(row["id"]), str(row["seed"])}
    # A quick look first, into JSON as it lies there: it has what the texts in it have, and the names of slots besides.
    raw = f"{row['prompt']}\n{row['words']}\n{row['model_title']}".casefold()
    if not all(word in numbers or word in raw for word in sought):
        return False
    said = "\n".join((*_texts(json.loads(row["prompt"] or "{}")), row["words"], row["model_title"])).casefold()
    return all(word in numbers or word in said for word in sought)


def _texts(found: Any) -> list[str]:
    """Every text in what a prompt's JSON says, handles as they are written."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, dict):
        handles = [f"@{handle}" for handle in found.get("characters", ())]
        return [*handles, *(text for value in found.values() for text in _texts(value))]
    return [text for each in found for text in _texts(each)] if isinstance(found, list) else []
