"""Who may look into a gallery: links that open one session each, and the sessions. Only hashes of them are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from data.core.database import Database
from data.core.rows import of_row

LINK_S: Final = 600.0
"""So long after it was made a link may be exchanged, once."""
SESSION_S: Final = 12 * 3600.0
MOST_SESSIONS: Final = 5
"""A person's oldest session beyond these ends when they open another."""
_END_OLDEST: Final = """
DELETE FROM gallery_sessions WHERE user_id = :user AND token_hash NOT IN (
    SELECT token_hash FROM gallery_sessions WHERE user_id = :user
    ORDER BY opened_at DESC, token_hash = :new DESC LIMIT :most)
"""


@dataclass(frozen=True, slots=True)
class GallerySession:
    """Somebody who looks at their gallery, in their `language`; `guild_id` is where they asked for the link (0: direct
    messages). Times are epoch seconds."""

    token_hash: str
    user_id: int
    guild_id: int
    language: str
    opened_at: float
    expires_at: float


class GalleryKeys:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def make_link(self, user_id: int, guild_id: int, *, now: float, language: str = "en") -> str:
        """A new link's secret, which nobody else ever sees; the person's earlier link ends.

        Raises `BeingErased`, `ErasedMeanwhile`.
        """
        secret = secrets.token_urlsafe(32)
        async with self._db.storing(user_id) as tx:
            await tx.execute("DELETE FROM gallery_links WHERE expires_at <= ?", (now,))
            await tx.execute("DELETE FROM gallery_sessions WHERE expires_at <= ?", (now,))
            await tx.execute(
                "INSERT OR REPLACE INTO gallery_links (user_id, token_hash, guild_id, language, expires_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (user_id, _hash(secret), guild_id, language, now + LINK_S),
            )
        return secret

    async def link_owner(self, secret: str, *, now: float) -> tuple[int, int] | None:
        """The person and the server of a link that can be exchanged; None for every other text. Only reads."""
        row = await self._db.fetch_one(
            "SELECT user_id, guild_id FROM gallery_links WHERE token_hash = ? AND expires_at > ?", (_hash(secret), now)
        )
        return None if row is None else (row["user_id"], row["guild_id"])

    async def exchange(self, secret: str, *, now: float) -> str | None:
        """A session's secret for a link, which is used up with that; None where it was used, ended or never made.

        Raises `BeingErased`, `ErasedMeanwhile`.
        """
        owner = await self.link_owner(secret, now=now)
        if owner is None:
            return None
        opened = secrets.token_urlsafe(32)
        async with self._db.storing(owner[0]) as tx:
            link = await tx.one(
                "DELETE FROM gallery_links WHERE token_hash = ? AND expires_at > ?"
                " RETURNING user_id, guild_id, language",
                (_hash(secret), now),
            )
            if link is None:  # somebody was quicker
                return None
            await tx.execute(
                "INSERT INTO gallery_sessions (token_hash, user_id, guild_id, language, opened_at, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (_hash(opened), link["user_id"], link["guild_id"], link["language"], now, now + SESSION_S),
            )
            await tx.execute(_END_OLDEST, {"user": link["user_id"], "most": MOST_SESSIONS, "new": _hash(opened)})
        return opened

    async def session(self, secret: str, *, now: float) -> GallerySession | None:
        """The session of this secret while it lasts."""
        row = await self._db.fetch_one(
            "SELECT * FROM gallery_sessions WHERE token_hash = ? AND expires_at > ?", (_hash(secret), now)
        )
        return None if row is None else of_row(GallerySession, row)

    async def end(self, session: GallerySession) -> None:
        """Sign one browser out."""
        async with self._db.transaction() as tx:
            await tx.execute("DELETE FROM gallery_sessions WHERE token_hash = ?", (session.token_hash,))

    async def end_all(self, user_id: int) -> int:
        """Sign the person out everywhere, and end the link that waits; how many browsers that signs out."""
        async with self._db.transaction() as tx:
            await tx.execute("DELETE FROM gallery_links WHERE user_id = ?", (user_id,))
            gone = await tx.execute("DELETE FROM gallery_sessions WHERE user_id = ? RETURNING 1", (user_id,))
        return len(gone)


def _hash(secret: str) -> str:
    # The secrets are random and long, so that their plain hash says nothing of them.
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
