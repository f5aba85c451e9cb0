"""Whether the bot is in order: its gateway, database, engine and disk. Asked by supervisors, and by anybody who can
reach the address: so it says nothing but that, and asking often asks the parts no more often."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.app import App
from bot.core.errors import Refused
from data.core.data_errors import DataError

GOOD_FOR_S: Final = 2.0
PATIENCE_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Health:
    """Each part with "ok" or what is wrong with it, in a few words."""

    parts: Mapping[str, str]

    @property
    def is_ready(self) -> bool:
        return all(word == "ok" for word in self.parts.values())


class HealthChecks:
    """Looks at the parts, at most every `GOOD_FOR_S`, however many ask."""

    def __init__(self, bot: App) -> None:
        self._bot = bot
        self._asking = asyncio.Lock()
        self._seen = Health({})
        self._seen_s = -1e9

    async def look(self) -> Health:
        """What was found a moment ago, or now."""
        async with self._asking:
            if time.perf_counter() - self._seen_s > GOOD_FOR_S:
                names: dict[str, Callable[[], Awaitable[str]]] = {
                    "gateway": self._gateway,
                    "database": self._database,
                    "engine": self._engine,
                    "disk": self._disk,
                }
                words = await asyncio.gather(*(_patient(look) for look in names.values()))
                self._seen, self._seen_s = Health(dict(zip(names, words, strict=True))), time.perf_counter()
        return self._seen

    async def _gateway(self) -> str:
        if self._bot.is_closed():
            return "closed"
        return "ok" if self._bot.is_ready() else "not connected"

    async def _database(self) -> str:
        try:
            await self._bot.stores.database.fetch_one("SELECT count(*) FROM servers")
        except DataError:
            return "cannot be read"
        return "ok"

    async def _engine(self) -> str:
        return "ok" if self._bot.engine.works else "stopped"

    async def _disk(self) -> str:
        try:
            await self._bot.studio.validator.disk()
        except Refused:
            return "nearly full"
        except OSError:
            return "cannot be read"
        return "ok"


async def _patient(look: Callable[[], Awaitable[str]]) -> str:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await look()
    except TimeoutError:
        return "does not answer"
