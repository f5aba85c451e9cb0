"""A status page of a bot on an empty folder that is on no Discord, and somebody who asks it things."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from bot.client import StudioBot
from bot.core.settings import Settings
from bot.web.status_site import StatusSite
from tests.engine.safety.by_colour import ByColour

TOKEN: Final = "a-token-of-24-characters"
PATIENCE_S: Final = 60


def settings_for(folder: Path, **told: object) -> Settings:
    """A bot with the studio alone, and a page on a free port."""
    values: dict[str, Any] = {
        "data_folder": folder / "var",
        "data_free_mib": 0,
        "status_listen": "127.0.0.1:0",
        "status_token": TOKEN,
    }
    return Settings(_env_file=None, **{**values, **told})  # type: ignore[call-arg]  # taken by pydantic-settings


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[StudioBot, StatusSite]]:
    """The bot and its page, before it has connected to Discord."""
    bot = await StudioBot.open(settings, classifier=ByColour())
    async with bot:
        assert bot.status_site is not None
        await bot.status_site.open()
        yield bot, bot.status_site


@dataclass(slots=True)
class Visitor:
    """Somebody at `address`; `session` keeps their cookies."""

    address: str
    session: aiohttp.ClientSession
    token: str = ""

    async def ask(self, path: str, method: str = "GET", **parts: Any) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers (names in small letters) of an answer."""
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **parts.pop("headers", {})}
        url = self.address + path
        async with self.session.request(method, url, headers=headers, allow_redirects=False, **parts) as answer:
            return (
                answer.status,
                await answer.text(errors="replace"),
                {name.casefold(): one for name, one in answer.headers.items()},
            )

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """The states that an open page is sent."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.session.get(f"{self.address}/events", headers=headers) as answer:
            assert answer.status == 200
            yield _states(answer)


async def _states(answer: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    while True:
        line = await asyncio.wait_for(answer.content.readuntil(b"\n\n"), PATIENCE_S)
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


@asynccontextmanager
async def visiting(address: str, token: str = "") -> AsyncIterator[Visitor]:
    """Somebody with this token, or without one."""
    jar = aiohttp.CookieJar(unsafe=True)  # the page is at an address, not a name
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Visitor(address, session, token)
