"""What each server has set, and which servers may use the bot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """`allowance` None means the bot's own default; `time_zone` is an IANA name."""

    guild_id: int
    studio_role_id: int | None = None
    time_zone: str = "UTC"
    adult: bool = False
    blocked_words: tuple[str, ...] = ()
    allowance: int | None = None


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
        raise NotImplementedError

    async def save(self, settings: ServerSettings, *, actor_id: int, now: float) -> None:
        """Replace the server's settings; audited."""
        raise NotImplementedError

    async def set_access(self, guild_id: int, *, allowed: bool, actor_id: int, reason: str = "", now: float) -> None:
        """Allow or deny a server; audited."""
        raise NotImplementedError

    async def access(self, guild_id: int) -> bool | None:
        """Whether the owner allowed or denied the server; None when nothing was said (settings decide)."""
        raise NotImplementedError

    async def accesses(self) -> Sequence[ServerAccess]:
        """Every server of which something was said."""
        raise NotImplementedError
