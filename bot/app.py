"""What commands and buttons may use of the running bot. A leaf: the client is made of what stands here, not known."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeAlias

import discord

from bot.core.picture_safety import PictureSafety
from bot.core.settings import Settings
from bot.core.stores import Stores
from bot.core.studio import Studio
from bot.core.studio_watcher import StudioWatcher
from data.people.refused_orders import RefusedOrder
from data.pictures.portrait_rows import Portrait
from engine.pictures.decoding.decoder import Decoder
from engine.queue.engine import Engine

_MOST_WAITING: Final = 500


class Remover(Protocol):
    """Whoever sent portraits, and can take their messages away."""

    async def remove(self, portrait: Portrait) -> None: ...


class App(discord.AutoShardedClient):
    """The client as commands see it. A class and no protocol, as discord.py's interactions are of a client's class.

    It opens as many connections (shards) as Discord asks for, which is one up to about a thousand servers: a single
    one is refused from 2,500 on. `on_ready` comes once all are open.
    """

    settings: Settings
    stores: Stores
    engine: Engine
    studio: Studio
    decoder: Decoder
    """Decodes what is handed in, in processes apart."""
    safety: PictureSafety
    """Looks at pictures before anybody sees them."""
    watcher: StudioWatcher
    """Is told of what happens, for figures."""
    messenger: Remover
    waiting: Waiting
    """What goes on when a question is answered."""
    looking: asyncio.Semaphore
    """Faces are looked for in one picture at a time."""
    tidying: asyncio.Lock
    """Messages of those who were erased are taken away by one task at a time."""

    async def serves(self, guild_id: int) -> bool:
        """Whether the owner lets this server in."""
        raise NotImplementedError

    def is_owner(self, user_id: int) -> bool:
        """Whether this is one of the bot's owners."""
        raise NotImplementedError

    async def refused(self, order: RefusedOrder) -> dict[str, Any]:
        """Tell the moderators of what a rule refused; what goes under the sentence that tells its person."""
        raise NotImplementedError


Interaction: TypeAlias = discord.Interaction[App]
GoOn: TypeAlias = Callable[[Interaction], Awaitable[None]]
"""What was to be done, and is once a question about it is answered."""


class Waiting:
    """What is to go on once a question is answered, by the question's id; the oldest is dropped when there are many."""

    def __init__(self) -> None:
        self._flows: OrderedDict[str, GoOn] = OrderedDict()

    def keep(self, question_id: str, go_on: GoOn) -> None:
        """Remembers it, in memory alone."""
        self._flows[question_id] = go_on
        while len(self._flows) > _MOST_WAITING:
            self._flows.popitem(last=False)

    def take(self, question_id: str) -> GoOn | None:
        """What was kept, once; None after a restart too."""
        return self._flows.pop(question_id, None)
