"""What hosted portraits cost the operator: how a job's cost is told from its row, and sums of it."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Final

from data.core.database import Database
from data.core.rows import of_row

log = logging.getLogger(__name__)

MOST_CHARGED_USD_MICROS: Final = 1_000_000_000
"""A thousand dollars: no provider charges so much for a picture, and whoever says so is not believed."""

COST: Final = """CASE
    WHEN j.state IN ('waiting', 'running') THEN max(j.cost_usd_micros, coalesce(j.charged_usd_micros, 0))
    WHEN j.charged_usd_micros IS NOT NULL THEN j.charged_usd_micros
    WHEN j.state IN ('failed', 'cancelled') THEN 0
    ELSE j.cost_usd_micros END"""
"""A job `j`: what the provider said, else its price; while it is being made, whichever is more."""

NOTED: Final = """
UPDATE jobs SET last_charge_usd_micros = coalesce(:charged, 0),
    charged_usd_micros = CASE WHEN :charged IS NULL THEN charged_usd_micros
        ELSE coalesce(charged_usd_micros, 0) + :charged END,
    provider_ref = iif(order_id IN (SELECT id FROM orders WHERE source = 'erased:' || id), 'erased', :text)
WHERE id = :id AND provider_ref NOT IN (:text, 'erased')
"""
PRESUMED: Final = """
UPDATE jobs SET charged_usd_micros = coalesce(charged_usd_micros, 0) + :charged, last_charge_usd_micros = :charged
WHERE id = :id AND last_charge_usd_micros = 0
"""
TAKEN_BACK: Final = """
UPDATE jobs SET charged_usd_micros = charged_usd_micros - last_charge_usd_micros, last_charge_usd_micros = 0
WHERE id = :id AND last_charge_usd_micros <> 0
"""
_SUMS: Final = f"""
SELECT j.provider, j.model,
    count(*) FILTER (WHERE j.created_at >= :since AND j.state IN ('rendered', 'delivered')) AS portraits,
    coalesce(sum({COST}) FILTER (WHERE j.created_at >= :since), 0) AS usd_micros,
    coalesce(sum({COST}) FILTER (WHERE j.created_at >= :day), 0) AS day_usd_micros,
    coalesce(sum({COST}) FILTER (WHERE j.created_at >= :month), 0) AS month_usd_micros
FROM jobs j JOIN orders o ON o.id = j.order_id JOIN accounts a ON a.id = o.account_id
WHERE j.provider NOT IN ('local', 'studio') AND j.created_at >= min(:since, :day, :month)
    AND (:guild IS NULL OR a.guild_id = :guild)
GROUP BY j.provider, j.model ORDER BY usd_micros DESC, month_usd_micros DESC, j.provider, j.model
"""  # noqa: S608 - a constant


def believed(usd_micros: float | None, job_id: str) -> int | None:
    """What a provider said that it charged, or None where that is no sum of money: then its price counts."""
    if usd_micros is None:
        return None
    if isinstance(usd_micros, int | float) and math.isfinite(usd_micros) and 0 <= usd_micros <= MOST_CHARGED_USD_MICROS:
        return round(usd_micros)
    log.warning("a provider's charge is not believed, its usual price counts", extra={"job": job_id})
    return None


@dataclass(frozen=True, slots=True)
class Costs:
    """One model's, in millionths of a US dollar; `portraits` are those of the span."""

    provider: str
    model: str
    portraits: int
    usd_micros: int
    day_usd_micros: int
    month_usd_micros: int


class CostBook:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def sums(self, guild_id: int | None, *, since: float, day: float, month: float) -> tuple[Costs, ...]:
        """What was ordered since each of three moments (epoch seconds) has cost, dearest first.

        `guild_id` None is all servers. Models that cost nothing are left out.
        """
        values = {"guild": guild_id, "since": since, "day": day, "month": month}
        sums = [of_row(Costs, row) for row in await self._db.fetch_all(_SUMS, values)]
        return tuple(one for one in sums if one.usd_micros or one.day_usd_micros or one.month_usd_micros)
