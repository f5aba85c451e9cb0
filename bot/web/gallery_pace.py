"""How fast one member's gallery, and all of them together, may ask: so that none slows the bot or another's.

A request takes as many turns as it makes work; turns come back with time. Who has none left waits a little, and beyond
that is told to come back later.
"""

import asyncio
import time
from collections import OrderedDict
from typing import Final

TURNS_S: Final = 80.0
MOST_TURNS: Final = 600.0
ALL_TURNS_S: Final = 240.0
MOST_OF_ALL: Final = 1200.0
PATIENCE_S: Final = 5.0
_MOST_SESSIONS: Final = 1000


class TooFast(Exception):
    """Not now; `again_s` is when there may be a turn, in seconds."""

    def __init__(self, again_s: float) -> None:
        super().__init__(f"again in {again_s:.0f} s")
        self.again_s = again_s


class _Bucket:
    """Turns that fill up to `most`, `per_s` a second."""

    __slots__ = ("_at", "_left", "_most", "_per_s")

    def __init__(self, per_s: float, most: float) -> None:
        self._per_s, self._most, self._left, self._at = per_s, most, most, time.monotonic()

    def wait_s(self, turns: float) -> float:
        """How long until there are so many."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._per_s)
        self._at = now
        return max(0.0, (turns - self._left) / self._per_s)

    def take(self, turns: float) -> None:
        self._left -= turns


class GalleryPace:
    """Turns by session."""

    def __init__(self) -> None:
        self._all = _Bucket(ALL_TURNS_S, MOST_OF_ALL)
        self._sessions: OrderedDict[str, _Bucket] = OrderedDict()

    async def admit(self, session: str, turns: float) -> None:
        """Returns when the session may do that much. Raises TooFast where that would take too long."""
        own = self._sessions.get(session) or _Bucket(TURNS_S, MOST_TURNS)
        self._sessions[session] = own
        self._sessions.move_to_end(session)
        while len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)
        wait_s = max(own.wait_s(turns), self._all.wait_s(turns))
        if wait_s > PATIENCE_S:
            raise TooFast(wait_s)
        # Taken before waiting: who comes next waits behind this one.
        own.take(turns)
        self._all.take(turns)
        if wait_s:
            await asyncio.sleep(wait_s)
