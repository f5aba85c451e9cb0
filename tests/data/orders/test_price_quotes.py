"""A quote survives a restart, ends once, and is forgotten after a while."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from data.core.database import Database
from data.orders.price_quotes import Quote, Quotes

QUOTE = Quote(
    id="a" * 16,
    guild_id=3,
    user_id=7,
    prompt="{}",
    model=None,
    lane="fast",
    count=4,
    parent_portrait_id=None,
    price=240,
    created_at=1_000.0,
    expires_at=2_000.0,
)


async def test_a_quote_is_there_after_a_restart(tmp_path: Path) -> None:
    database = await Database.open(tmp_path)
    await Quotes(database).add(QUOTE)
    await database.close()
    database = await Database.open(tmp_path)
    assert await Quotes(database).get(QUOTE.id) == QUOTE
    assert await Quotes(database).get("b" * 16) is None
    await database.close()


async def test_a_quote_ends_once(tmp_path: Path) -> None:
    database = await Database.open(tmp_path)
    quotes = Quotes(database)
    await quotes.add(QUOTE)
    assert await quotes.end(QUOTE.id, "ordered")
    assert not await quotes.end(QUOTE.id, "cancelled")
    assert not await quotes.end("b" * 16, "ordered")
    assert await quotes.get(QUOTE.id) == replace(QUOTE, state="ordered")
    await database.close()


async def test_expired_quotes_go_a_week_later(tmp_path: Path) -> None:
    database = await Database.open(tmp_path)
    quotes = Quotes(database)
    await quotes.add(QUOTE)
    soon = QUOTE.expires_at + Quotes.KEPT_S - 1
    await quotes.add(replace(QUOTE, id="b" * 16, created_at=soon, expires_at=soon + 60))
    assert await quotes.get(QUOTE.id)
    late = QUOTE.expires_at + Quotes.KEPT_S + 1
    await quotes.add(replace(QUOTE, id="c" * 16, created_at=late, expires_at=late + 60))
    assert await quotes.get(QUOTE.id) is None
    await database.close()
