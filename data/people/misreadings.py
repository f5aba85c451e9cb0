"""Misreadings that people gave to the operator: the words they typed and how those were read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path

from data.core.data_errors import DatabaseUnreadable
from data.core.database import Database


@dataclass(frozen=True, slots=True)
class Misreading:
    """`understood` and `meant` are prompts as JSON, `meant` "" where the person did not say how it should have been.

    `id` is that of the question under which it was given; `wording` the version of the sentence that was agreed to.
    """

    id: str
    user_id: int
    words: str
    understood: str
    meant: str
    wording: int
    created_at: float


class Misreadings:
    """Each is kept until its person has it erased."""

    LIMIT = 100
    """As many as one person may give."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, given: Misreading) -> bool:
        """Keep one, once: False where it is there already, or the person has given as many as there may be."""
        async with self._db.storing(given.user_id) as tx:
            row = await tx.one(
                "INSERT INTO misreadings (id, user_id, words, understood, meant, wording, created_at)"
                " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7"
                " WHERE (SELECT count(*) FROM misreadings WHERE user_id = ?2) < ?8"
                " ON CONFLICT (id) DO NOTHING RETURNING id",
                (*astuple(given), self.LIMIT),
            )
        return row is not None


def kept_in(path: Path) -> list[Misreading]:
    """Everybody's, oldest first, from the database at `path`, which a bot may be using. Blocking.

    Raises DatabaseUnreadable.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            rows = connection.execute("SELECT * FROM misreadings ORDER BY created_at, id").fetchall()
    except sqlite3.Error as error:
        raise DatabaseUnreadable(path, f"SQLite says “{error}”") from error
    return [Misreading(**dict(row)) for row in rows]
