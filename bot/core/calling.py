"""Calling back who waited long, beside the portrait that is there by now. Nothing waits for it.

Discord takes few messages a channel, so that one call is under way in each; those that come meanwhile go together in
the next one, and one that would come late is left out. Each is written down before it is made, so that a crash can
only lose it.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Final

from bot.core.results import Messenger
from bot.core.stores import Stores
from data.orders.jobs import Order

log = logging.getLogger(__name__)

LATE_S: Final = 60.0
MOST_AT_ONCE: Final = 12


class Calls:
    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._waiting: dict[int, list[tuple[float, Order]]] = {}
        self._calling: dict[int, asyncio.Task[None]] = {}

    def call(self, order: Order, messenger: Messenger) -> None:
        """Call the order's person back soon, once."""
        place = order.channel_id
        self._waiting.setdefault(place, []).append((time.perf_counter(), order))
        if place not in self._calling:
            task = asyncio.create_task(self._call(place, messenger), name=f"calls-{place}")
            self._calling[place] = task
            task.add_done_callback(lambda done: self._calling.pop(place, None))

    async def close(self) -> None:
        """Call nobody any more."""
        self._waiting.clear()
        tasks = list(self._calling.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _call(self, place: int, messenger: Messenger) -> None:
        while waiting := self._waiting.pop(place, None):
            try:
                if due := await self._due(waiting):
                    await messenger.call_back(due)
            except Exception:
                log.exception("somebody could not be called back")

    async def _due(self, waiting: Sequence[tuple[float, Order]]) -> list[Order]:
        """Those of whom it is written down now that they are called."""
        now = time.perf_counter()
        fresh = [order for since, order in waiting if now - since < LATE_S][:MOST_AT_ONCE]
        return [order for order in fresh if await self._stores.orders.mention_once(order.id, time.time())]
