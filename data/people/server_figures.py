"""Figures of a server for its moderators, and of all servers for the operator."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from data.core.database import Database


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


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What was ordered of one model in all servers; `credits` are those settled."""

    model: str
    portraits: int
    failed: int
    cancelled: int
    credits: int


@dataclass(frozen=True, slots=True)
class AllFigures:
    """Of all servers together; `refused` counts what rules of policy refused."""

    models: Sequence[ModelFigures]
    orders: int
    refused: int


_DAYS = """
WITH edges AS (
    SELECT key AS day, value AS since, lead(value) OVER (ORDER BY key) AS before FROM json_each(:edges)
)
SELECT e.day, j.model, j.lane,
    count(*) FILTER (WHERE j.state IN ('rendered', 'delivered')),
    count(*) FILTER (WHERE j.state = 'failed'),
    count(*) FILTER (WHERE j.state = 'cancelled'),
    coalesce(sum(j.price) FILTER (WHERE j.state = 'delivered'), 0)
FROM edges e
JOIN accounts a ON a.guild_id = :guild
JOIN orders o ON o.account_id = a.id AND o.created_at >= e.since AND o.created_at < e.before
JOIN jobs j ON j.order_id = o.id
GROUP BY e.day, j.model, j.lane ORDER BY e.day, j.model, j.lane
"""
_WAITS = """
SELECT j.lane, j.started_at - j.created_at AS wait_s
FROM accounts a
JOIN orders o ON o.account_id = a.id AND o.created_at >= :since
JOIN jobs j ON j.order_id = o.id
WHERE a.guild_id = :guild AND j.started_at IS NOT NULL ORDER BY j.lane, wait_s
"""


_MODELS = """
SELECT model,
    count(*) FILTER (WHERE state IN ('rendered', 'delivered')) AS portraits,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
    coalesce(sum(price) FILTER (WHERE state = 'delivered'), 0) AS credits
FROM jobs WHERE created_at >= ? GROUP BY model ORDER BY portraits DESC, model
"""
_COUNTS = """
SELECT (SELECT count(*) FROM orders WHERE created_at >= :since),
    (SELECT count(*) FROM refused_orders WHERE created_at >= :since)
"""


class Stats:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def days(self, guild_id: int, edges: Sequence[float]) -> Sequence[DayFigures]:
        """Figures between each two neighbouring `edges` (midnights, epoch seconds); `day` is the left one's index."""
        rows = await self._db.fetch_all(_DAYS, {"guild": guild_id, "edges": json.dumps(list(edges))})
        return [DayFigures(*row) for row in rows]

    async def everywhere(self, *, since: float) -> AllFigures:
        """What was ordered and refused since `since` (epoch seconds) in all servers."""
        rows = await self._db.fetch_all(_MODELS, (since,))
        counts = await self._db.fetch_one(_COUNTS, {"since": since})
        orders, refused = (0, 0) if counts is None else counts
        return AllFigures([ModelFigures(*row) for row in rows], orders, refused)

    async def waits(self, guild_id: int, *, since: float) -> Sequence[Waits]:
        """How long the orders since `since` waited to be started, by lane."""
        rows = await self._db.fetch_all(_WAITS, {"guild": guild_id, "since": since})
        return [
            _waits(lane, [row["wait_s"] for row in group])
            for lane, group in groupby(rows, key=lambda row: str(row["lane"]))
        ]


def _waits(lane: str, sorted_s: Sequence[float]) -> Waits:
    last = len(sorted_s) - 1
    return Waits(lane, last + 1, statistics.median(sorted_s), sorted_s[round(0.95 * last)], sorted_s[last])
