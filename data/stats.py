"""Figures of a server for its moderators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.database import Database


@dataclass(frozen=True, slots=True)
class DayFigures:
    """What was ordered on one day of one model in one lane; `credits` are those settled."""

    day: int
    model: str
    lane: str
    portraits: int
    failed: int
    cancelled: int
    credits: int


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds from order to start in one lane."""

    lane: str
    count: int
    median_s: float
    p95_s: float
    longest_s: float


class Stats:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def days(self, guild_id: int, edges: Sequence[float]) -> Sequence[DayFigures]:
        """Figures between each two neighbouring `edges` (midnights, epoch seconds); `day` is the left edge's index."""
        raise NotImplementedError

    async def waits(self, guild_id: int, *, since: float) -> Sequence[Waits]:
        raise NotImplementedError
