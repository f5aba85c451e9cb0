"""Quotes: orders that wait until somebody has confirmed their price, how their words were read, or a right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from data.core.database import Database

_COLUMNS = (
    "id, guild_id, user_id, prompt, model, lane, count, parent_portrait_id, price, state, created_at, expires_at, more,"
    " asks, typed"
)


Asks = Literal["price", "reading", "right"]
"""What is to be confirmed: the price, how the words were read, or the right to show the real people in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """`price` is that of the whole order, in credits; `prompt` is JSON. Times are epoch seconds.

    `more` is JSON too: what the order is for besides its words, "" when there is nothing; so is `typed`: the words as
    they were typed, and what of them `prompt` does not hold.
    """

    id: str
    guild_id: int
    user_id: int
    prompt: str
    model: str | None
    lane: str
    count: int
    parent_portrait_id: int | None
    price: int
    created_at: float
    expires_at: float
    state: Literal["open", "ordered", "cancelled"] = "open"
    more: str = ""
    asks: Asks = "price"
    typed: str = ""


class Quotes:
    """A quote is good until it expires, and is kept for a while after so that a late press can be explained."""

    KEPT_S = 7 * 86_400.0

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, quote: Quote) -> None:
        """Keep a new quote; those that expired a week ago are dropped."""
        async with self._db.storing(quote.user_id) as tx:
            await tx.execute("DELETE FROM quotes WHERE expires_at < ?", (quote.created_at - self.KEPT_S,))
            await tx.execute(
                f"INSERT INTO quotes ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - a constant
                (
                    quote.id,
                    quote.guild_id,
                    quote.user_id,
                    quote.prompt,
                    quote.model,
                    quote.lane,
                    quote.count,
                    quote.parent_portrait_id,
                    quote.price,
                    quote.state,
                    quote.created_at,
                    quote.expires_at,
                    quote.more,
                    quote.asks,
                    quote.typed,
                ),
            )

    async def get(self, quote_id: str) -> Quote | None:
        row = await self._db.fetch_one(
            f"SELECT {_COLUMNS} FROM quotes WHERE id = ?",  # noqa: S608 - a constant
            (quote_id,),
        )
        return Quote(**dict(row)) if row else None

    async def change(self, quote: Quote) -> bool:
        """Put another prompt, price and more into an open quote; False when it is open no longer."""
        async with self._db.transaction() as tx:
            rows = await tx.execute(
                "UPDATE quotes SET prompt = ?, price = ?, more = ? WHERE id = ? AND state = 'open' RETURNING id",
                (quote.prompt, quote.price, quote.more, quote.id),
            )
        return bool(rows)

    async def end(self, quote_id: str, state: Literal["ordered", "cancelled"]) -> bool:
        """Close an open quote, once: False when it was closed before or is gone."""
        async with self._db.transaction() as tx:
            rows = await tx.execute(
                "UPDATE quotes SET state = ? WHERE id = ? AND state = 'open' RETURNING id", (state, quote_id)
            )
        return bool(rows)
