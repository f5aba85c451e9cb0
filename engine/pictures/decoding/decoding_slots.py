"""Whose pictures may be on their way in at once: few for one person, and not too many together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Final

from engine.pictures.intake import BadPicture
from engine.sayings import worded

SLOTS: Final = 8
"""Pictures that are fetched, decoded or looked at at once, of all together: each may have 10 MiB in memory."""
EACH: Final = 2
"""Of one person."""
EACH_WAITING: Final = 2
WAITING: Final = 64
WAIT_S: Final = 30.0
YOURS: Final = worded("I am still reading other pictures of yours. Wait for those, then send this one again.")
MANY: Final = worded("Many pictures are being read just now. Send yours again in a minute.")


class DecodingSlots:
    """A slot goes to who has the fewest of those who wait, then to whose pictures took the least time lately."""

    def __init__(self, lately_s: Callable[[Hashable], float]) -> None:
        self._lately_s = lately_s
        self._taken: Counter[Hashable] = Counter()
        self._waiting: dict[asyncio.Future[None], Hashable] = {}

    @asynccontextmanager
    async def one(self, owner: Hashable) -> AsyncIterator[None]:
        """Waits for a slot at most half a minute. Raises BadPicture."""
        await self._get(owner)
        try:
            yield
        finally:
            self._give_back(owner)

    async def _get(self, owner: Hashable) -> None:
        if not self._waiting and self._may(owner):
            self._taken[owner] += 1
            return
        of_theirs = sum(one == owner for one in self._waiting.values())
        if of_theirs >= EACH_WAITING or len(self._waiting) >= WAITING:
            raise BadPicture(YOURS if of_theirs >= EACH_WAITING else MANY)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = owner
        self._admit()
        taken = False
        try:
            async with asyncio.timeout(WAIT_S):
                await turn
            taken = True
        except TimeoutError:
            raise BadPicture(YOURS if self._taken[owner] >= EACH else MANY) from None
        finally:
            self._waiting.pop(turn, None)
            # Whoever gives up in the very moment in which the turn comes hands it on.
            if not taken and turn.done() and not turn.cancelled():
                self._give_back(owner)

    def _may(self, owner: Hashable) -> bool:
        return self._taken[owner] < EACH and self._taken.total() < SLOTS

    def _claim(self, owner: Hashable) -> tuple[int, float]:
        return self._taken[owner], self._lately_s(owner)

    def _give_back(self, owner: Hashable) -> None:
        self._taken[owner] -= 1
        self._taken += Counter()  # forgets whoever has none
        self._admit()

    def _admit(self) -> None:
        while turns := [turn for turn, owner in self._waiting.items() if self._may(owner) and not turn.done()]:
            turn = min(turns, key=lambda one: self._claim(self._waiting[one]))
            self._taken[self._waiting.pop(turn)] += 1
            turn.set_result(None)
