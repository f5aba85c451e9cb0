"""Who did what to whom: append-only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.database import Database


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`action` is a short name ("grant credits", "refused"), `detail` its figures in words.

    `target_id` is a user, or for actions on a server the server; 0 when there is none.
    """

    id: int
    guild_id: int
    actor_id: int
    action: str
    target_id: int
    detail: str
    reason: str
    created_at: float


class Audit:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def append(
        self,
        guild_id: int,
        actor_id: int,
        action: str,
        *,
        target_id: int = 0,
        detail: str = "",
        reason: str = "",
        now: float,
    ) -> None:
        raise NotImplementedError

    async def page(
        self,
        guild_id: int | None,
        *,
        actor_id: int | None = None,
        target_id: int | None = None,
        action: str | None = None,
        since: float | None = None,
        before_id: int | None = None,
        limit: int = 20,
    ) -> Sequence[AuditEntry]:
        """Entries of one server (None: of all), newest first. The next page: `before_id` of the last one."""
        raise NotImplementedError
