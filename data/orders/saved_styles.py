"""Styles (named sets of slots that a user keeps) and drafts (recipe cards being filled in). Prompts are JSON here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.core.data_errors import DataError
from data.core.database import Database

_NAME = re.compile(r"[^\W_][\w \-]{0,29}")


class BadStyleName(DataError):
    def __init__(self) -> None:
        super().__init__("A style's name has 1 to 30 letters, digits, spaces, “_” or “-”, such as “rainy street”.")


class TooManyStyles(DataError):
    def __init__(self, limit: int) -> None:
        super().__init__("You have {limit} styles, which is as many as there may be. Delete one first.", limit=limit)


@dataclass(frozen=True, slots=True)
class SavedStyle:
    id: int
    user_id: int
    name: str
    prompt: str
    created_at: float


@dataclass(frozen=True, slots=True)
class Draft:
    id: str
    user_id: int
    prompt: str


def check_style_name(name: str) -> str:
    """The name without spaces around it. Raises BadStyleName."""
    bare = " ".join(name.split())
    if not _NAME.fullmatch(bare):
        raise BadStyleName
    return bare


class Styles:
    """Names are unique per user, upper and lower case being the same."""

    LIMIT = 100

    def __init__(self, db: Database) -> None:
        self._db = db

    async def save(self, user_id: int, name: str, prompt: str, *, now: float) -> SavedStyle:
        """Keep a style; one of the same name is replaced. Raises BadStyleName, TooManyStyles."""
        name = check_style_name(name)
        async with self._db.storing(user_id) as tx:
            row = await tx.one(
                "INSERT INTO styles (user_id, name, prompt, created_at) SELECT ?1, ?2, ?3, ?4 "
                "WHERE (SELECT count(*) FROM styles WHERE user_id = ?1 AND name <> ?2) < ?5 "
                "ON CONFLICT (user_id, name) DO UPDATE SET prompt = excluded.prompt, name = excluded.name "
                "RETURNING *",
                (user_id, name, prompt, now, self.LIMIT),
            )
        if row is None:
            raise TooManyStyles(self.LIMIT)
        return SavedStyle(**dict(row))

    async def get(self, user_id: int, name: str) -> SavedStyle | None:
        row = await self._db.fetch_one("SELECT * FROM styles WHERE user_id = ? AND name = ?", (user_id, name))
        return SavedStyle(**dict(row)) if row else None

    async def list(self, user_id: int) -> Sequence[SavedStyle]:
        """The user's styles by name."""
        rows = await self._db.fetch_all("SELECT * FROM styles WHERE user_id = ? ORDER BY name", (user_id,))
        return tuple(SavedStyle(**dict(row)) for row in rows)

    async def delete(self, user_id: int, name: str) -> bool:
        """False when there was none."""
        async with self._db.transaction() as tx:
            return bool(
                await tx.execute("DELETE FROM styles WHERE user_id = ? AND name = ? RETURNING id", (user_id, name))
            )


class Drafts:
    """A draft belongs to the user who began it and is forgotten after a while."""

    KEPT_S = 14 * 86_400.0

    def __init__(self, db: Database) -> None:
        self._db = db

    async def save(self, draft: Draft, *, now: float) -> None:
        """Begin a draft or replace its prompt; drafts untouched for two weeks are dropped."""
        async with self._db.storing(draft.user_id) as tx:
            await tx.execute("DELETE FROM drafts WHERE updated_at < ?", (now - self.KEPT_S,))
            await tx.execute(
                "INSERT INTO drafts (id, user_id, prompt, updated_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET prompt = excluded.prompt, updated_at = excluded.updated_at "
                "WHERE drafts.user_id = excluded.user_id",
                (draft.id, draft.user_id, draft.prompt, now),
            )

    async def get(self, draft_id: str, user_id: int) -> Draft | None:
        """The user's draft; None when it is gone or somebody else's."""
        row = await self._db.fetch_one(
            "SELECT id, user_id, prompt FROM drafts WHERE id = ? AND user_id = ?", (draft_id, user_id)
        )
        return Draft(**dict(row)) if row else None
