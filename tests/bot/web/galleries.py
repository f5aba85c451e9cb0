"""Galleries with something in them, and members who look at them."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from bot.client import StudioBot
from bot.core.settings import Settings
from bot.core.stores import Stores
from data.orders.jobs import NewJob, NewOrder
from data.orders.order_rows import NewFrames
from engine.jobs.job import PictureSpec
from engine.pictures.provenance import Recipe, mark
from engine.prompt import parse
from tests.bot.web.visitor import Visitor, opened, settings_for, visiting
from tests.data.conftest import FACTS, SPEC, png

GUILD: Final = 10
SAM: Final = 711_222_333_444_555_001
LENA: Final = 711_222_333_444_555_002
HOST: Final = "portraits.example.org"
ORIGIN: Final = f"https://{HOST}"
COOKIE: Final = "__Host-likeness_gallery"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def with_galleries(folder: Path, **told: object) -> Settings:
    """A bot whose galleries are at `ORIGIN`, behind a proxy that is played by whoever asks."""
    return settings_for(folder, **{"gallery_url": ORIGIN, "discord_servers": (GUILD,), **told})


async def portrait(
    stores: Stores,
    user: int = SAM,
    words: str = "a woman in a red coat",
    *,
    guild: int = GUILD,
    model: str = "tiny",
    references: tuple[int, ...] = (),
    series: bool = False,
    spoiler: bool = False,
    picture: bytes | None = None,
) -> int:
    """A delivered portrait of this person; its number."""
    made = replace(SPEC, prompt=parse(words), model=model, seed=secrets.randbelow(1_000_000))
    order_id = secrets.token_hex(8)
    order: NewOrder[PictureSpec] = NewOrder(
        id=order_id,
        source=f"test:{order_id}",
        guild_id=guild,
        channel_id=100,
        user_id=user,
        prompt="",
        jobs=(NewJob(spec=made, price=0),),
        message_id=secrets.randbelow(2**62),
        references=references,
        series=NewFrames(series_id=order_id, varies="lighting", frames=((1, "by lamp light"),)) if series else None,
    )
    placed = await stores.orders.place(order, now=time.time())
    raw = picture or png(secrets.randbelow(65536), (40, 60))
    recipe = Recipe(prompt=made.prompt, model=model, seed=made.seed, words=words)
    staged = await stores.pictures.stage(mark(raw, recipe).picture)
    facts = replace(FACTS, spec=made, model_title=model.title(), words=words, spoiler=spoiler)
    found = await stores.orders.store(placed.jobs[0].id, staged, facts, time.time())
    await stores.orders.settle(placed.jobs[0].id, time.time())
    await stores.orders.close(order_id)
    return found.id


async def character(stores: Stores, user: int, handle: str) -> tuple[int, int]:
    """The ids of a saved face and of its picture."""
    staged = await stores.pictures.stage(png(secrets.randbelow(65536), (40, 40)))
    saved = await stores.characters.save(user, GUILD, handle, staged, origin="upload", now=time.time())
    return saved.id, saved.references[0].id


@dataclass(slots=True)
class Member:
    """Somebody's browser at the public address; `cookie` is their session's secret."""

    visitor: Visitor
    cookie: str = ""

    async def ask(self, path: str, method: str = "GET", **parts: Any) -> tuple[int, str, dict[str, str]]:
        """As `Visitor.ask`, below /gallery."""
        headers = {"Host": HOST, **({"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {})}
        return await self.visitor.ask(
            f"/gallery/{path}", method, headers={**headers, **parts.pop("headers", {})}, **parts
        )

    async def change(self, path: str, sent: object = None, **headers: str) -> tuple[int, str, dict[str, str]]:
        """A change as the page sends it."""
        told = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **headers}
        return await self.ask(path, "POST", json=sent or {}, headers=told)

    async def enter(self, bot: StudioBot, user: int, guild: int = GUILD, language: str = "en") -> str:
        """Exchange a new link of this person; its secret."""
        link = await bot.stores.gallery_keys.make_link(user, guild, now=time.time(), language=language)
        status, _, told = await self.change("open", {"link": link})
        assert status == 200
        self.cookie = told["set-cookie"].partition(";")[0].removeprefix(f"{COOKIE}=")
        return link


@asynccontextmanager
async def galleries(folder: Path, **told: object) -> AsyncIterator[tuple[StudioBot, Member]]:
    """A bot with galleries, and somebody who has no session yet."""
    async with opened(with_galleries(folder, **told)) as (bot, site), visiting(site.address) as visitor:
        yield bot, Member(visitor)
