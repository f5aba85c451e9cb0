"""What each server has set, and which servers may use the bot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from data.core import audit
from data.core.audit import AuditAction
from data.core.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """`allowance` None means the bot's own default; `time_zone` is an IANA name."""

    guild_id: int
    studio_role_id: int | None = None
    time_zone: str = "UTC"
    adult: bool = False
    blocked_words: tuple[str, ...] = ()
    allowance: int | None = None
    asks: bool = True
    """Whether members are asked about prompts that may have been misread."""
    moderation_channel_id: int | None = None
    """Where moderators are told that something waits for them."""
    language: str = ""
    """The one for what all see, by Discord's name for it ("en" for English); "" is what the server has at Discord."""


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """The owner's word on one server."""

    guild_id: int
    allowed: bool
    actor_id: int
    reason: str
    created_at: float


class Servers:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, guild_id: int) -> ServerSettings:
        """The server's settings; the defaults when it has set nothing."""
        row = await self._db.fetch_one("SELECT * FROM servers WHERE guild_id = ?", (guild_id,))
        if row is None:
            return ServerSettings(guild_id=guild_id)
        return ServerSettings(
            guild_id=row["guild_id"],
            studio_role_id=row["studio_role_id"],
            time_zone=row["time_zone"],
            adult=bool(row["adult"]),
            blocked_words=tuple(row["blocked_words"].splitlines()),
            allowance=row["allowance"],
            asks=bool(row["asks"]),
            moderation_channel_id=row["moderation_channel_id"],
            language=row["language"],
        )

    async def languages(self) -> Mapping[int, str]:
        """The language of every server that has chosen one."""
        rows = await self._db.fetch_all("SELECT guild_id, language FROM servers WHERE language <> ''")
        return {row["guild_id"]: row["language"] for row in rows}

    async def save(self, settings: ServerSettings, *, actor_id: int, now: float) -> None:
        """Replace the server's settings; audited with what has changed."""
        before = await self.get(settings.guild_id)
        async with self._db.storing(actor_id) as tx:
            await tx.execute(
                "INSERT OR REPLACE INTO servers (guild_id, studio_role_id, time_zone, adult, blocked_words, allowance,"
                " asks, moderation_channel_id, language, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    settings.guild_id,
                    settings.studio_role_id,
                    settings.time_zone,
                    int(settings.adult),
                    "\n".join(settings.blocked_words),
                    settings.allowance,
                    int(settings.asks),
                    settings.moderation_channel_id,
                    settings.language,
                    now,
                ),
            )
            await audit.record(
                tx,
                settings.guild_id,
                actor_id,
                AuditAction.CHANGE_SETTINGS,
                target_id=settings.guild_id,
                detail=_changes(before, settings),
                now=now,
            )

    async def set_access(self, guild_id: int, *, allowed: bool, actor_id: int, reason: str = "", now: float) -> None:
        """Allow or deny a server; audited."""
        async with self._db.storing(actor_id) as tx:
            await tx.execute(
                "INSERT OR REPLACE INTO server_access (guild_id, allowed, actor_id, reason, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (guild_id, int(allowed), actor_id, reason, now),
            )
            action = AuditAction.ALLOW_SERVER if allowed else AuditAction.DENY_SERVER
            await audit.record(tx, guild_id, actor_id, action, target_id=guild_id, reason=reason, now=now)

    async def access(self, guild_id: int) -> bool | None:
        """Whether the owner allowed or denied the server; None when nothing was said (settings decide)."""
        row = await self._db.fetch_one("SELECT allowed FROM server_access WHERE guild_id = ?", (guild_id,))
        return None if row is None else bool(row["allowed"])

    async def accesses(self) -> Sequence[ServerAccess]:
        """Every server of which something was said, newest first."""
        rows = await self._db.fetch_all("SELECT * FROM server_access ORDER BY created_at DESC, guild_id")
        return [
            ServerAccess(row["guild_id"], bool(row["allowed"]), row["actor_id"], row["reason"], row["created_at"])
            for row in rows
        ]


def _changes(before: ServerSettings, after: ServerSettings) -> str:
    """What differs, for the audit; the blocked words themselves are not repeated there."""
    told = []
    for field in fields(after):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old != new and field.name == "blocked_words":
            told.append(f"blocked_words: {len(old)} → {len(new)}")
        elif old != new:
            told.append(f"{field.name}: {old} → {new}")
    return ", ".join(told) or "nothing changed"
