"""A studio's data on disk, and the pictures and orders that its tests need."""

from __future__ import annotations

import io
import itertools
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from bot.core.stores import SPEC_FORM
from data.characters.saved_characters import Characters
from data.core.audit import Audit
from data.core.database import Database
from data.credits.accounts import Accounts
from data.orders.jobs import NewJob, NewOrder, Orders
from data.people.bans import Bans
from data.people.servers import Servers
from data.pictures.picture_store import PictureStore
from data.pictures.portrait_rows import PortraitFacts, Portraits
from engine.jobs.job import Lane, PictureSpec
from engine.prompt import NOTHING, PortraitPrompt

GUILD = 10
ANA = 1
BEN = 2
MODERATOR = 9
DAY = 86_400.0
NOON = 1_800_000_000.0


@dataclass(frozen=True, slots=True)
class House:
    """Everything of `data/` over one folder."""

    db: Database
    pictures: PictureStore
    accounts: Accounts
    orders: Orders[PictureSpec]
    portraits: Portraits[PictureSpec]
    characters: Characters
    servers: Servers
    bans: Bans
    audit: Audit

    @classmethod
    async def open(cls, folder: Path) -> House:
        db = await Database.open(folder)
        pictures = PictureStore(db)
        return cls(
            db,
            pictures,
            Accounts(db),
            Orders(db, pictures, SPEC_FORM),
            Portraits(db, pictures, SPEC_FORM),
            Characters(db, pictures),
            Servers(db),
            Bans(db),
            Audit(db),
        )

    async def rendered(self, order: NewOrder[PictureSpec], *, now: float = NOON, shade: int = 0) -> int:
        """Place the order and store a portrait for its first job; returns the portrait's id."""
        placed = await self.orders.place(order, now=now)
        staged = await self.pictures.stage(png(shade))
        return (await self.orders.store(placed.jobs[0].id, staged, FACTS, now)).id

    async def delivered(self, order: NewOrder[PictureSpec], *, now: float = NOON, shade: int = 0) -> int:
        """As `rendered`, and then settled and closed."""
        portrait_id = await self.rendered(order, now=now, shade=shade)
        await self.orders.settle(f"{order.id}.0", now)
        await self.orders.close(order.id)
        return portrait_id


SPEC = PictureSpec(model="tiny", lane=Lane.STANDARD, prompt=NOTHING, seed=7, width=64, height=96, steps=4, guidance=3.5)
FACTS = PortraitFacts(
    spec=replace(SPEC, prompt=PortraitPrompt(subject="a woman")),
    model_title="Tiny",
    words="a woman",
    negative="",
    render_s=0.5,
)


def png(shade: int = 0, size: tuple[int, int] = (4, 6)) -> bytes:
    """A small picture; another `shade` is another picture."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade % 256, shade // 256 % 256, 7)).save(buffer, "PNG")
    return buffer.getvalue()


_count = itertools.count(1)


def order(
    *prices: int,
    user: int = ANA,
    guild: int = GUILD,
    source: str | None = None,
    references: tuple[int, ...] = (),
    tier: str | None = None,
    provider: str = "local",
    cost_usd_micros: int = 0,
) -> NewOrder[PictureSpec]:
    """An order with one job for each price."""
    jobs = tuple(NewJob(spec=SPEC, price=price, provider=provider, cost_usd_micros=cost_usd_micros) for price in prices)
    return NewOrder(
        id=secrets.token_hex(8),
        source=source or f"test:{next(_count)}",
        guild_id=guild,
        channel_id=100,
        user_id=user,
        prompt='{"subject":"a woman"}',
        jobs=jobs,
        token="aW50ZXJhY3Rpb24",
        token_expires_at=NOON + 900,
        references=references,
        tier=tier,
    )


@pytest.fixture
async def house(tmp_path: Path, lay_books: Callable[[Path], object]) -> AsyncIterator[House]:
    lay_books(tmp_path)
    house = await House.open(tmp_path)
    yield house
    await house.db.close()


Names = Callable[[Path], set[str]]


def names(folder: Path) -> set[str]:
    """The names of the files in `folder`."""
    return {entry.name for entry in folder.iterdir()}
