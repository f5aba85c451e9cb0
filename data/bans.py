"""Users who may not use the studio of a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.database import Database


@dataclass(frozen=True, slots=True)
class Ban:
    guild_id: int
    user_id: int
    actor_id: int
    reason: str
    created_at: float


class Bans:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, guild_id: int, user_id: int, *, actor_id: int, reason: str = "", now: float) -> Ban:
        """Ban the user; audited. A second ban changes nothing and returns the first."""
        raise NotImplementedError

    async def remove(self, guild_id: int, user_id: int, *, actor_id: int, reason: str = "", now: float) -> bool:
        """Lift the ban; audited. False when there was none."""
        raise NotImplementedError

    async def get(self, guild_id: int, user_id: int) -> Ban | None:
        raise NotImplementedError

    async def list(self, guild_id: int) -> Sequence[Ban]:
        raise NotImplementedError
