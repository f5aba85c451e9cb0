"""Open status pages: what is new is worked out once a tick and sent to all of them by server-sent events.

With nobody looking there is no tick. A viewer who reads slowly gets the newest state only, and one who does not read
at all is let go.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Final

log = logging.getLogger(__name__)

TICK_S: Final = 1.0
QUIET_S: Final = 15.0
"""So long nothing is sent to a page that has nothing new, before a sign of life is."""
MOST_VIEWERS: Final = 250
_AT_ONCE: Final = 4
"""So many viewers are woken in one turn of the event loop, for commands to be answered between them."""
_ALIVE: Final = b": still here\n\n"


class TooManyViewers(Exception):
    """No further page is kept up to date; those that are open go on."""


class _StatusViewer:
    """Whoever looks at one page: the newest that was not sent, and a bell."""

    __slots__ = ("bell", "unsent")

    def __init__(self) -> None:
        self.unsent: bytes | None = None
        self.bell = asyncio.Event()


class StatusViewers:
    """`take` works the state out; it is called once a tick however many look."""

    def __init__(self, take: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        self._take = take
        self._viewers: set[_StatusViewer] = set()
        self._newest: bytes | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._viewers)

    async def events(self) -> AsyncGenerator[bytes, None]:
        """What is to be written to one page, until it closes. Raises TooManyViewers before anything is given."""
        if self._closed or len(self._viewers) >= MOST_VIEWERS:
            raise TooManyViewers
        viewer = _StatusViewer()
        self._viewers.add(viewer)
        try:
            self._begin(viewer)
            while not self._closed:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(QUIET_S):
                        await viewer.bell.wait()
                viewer.bell.clear()
                event, viewer.unsent = viewer.unsent, None
                yield event or _ALIVE
        finally:
            self._viewers.discard(viewer)

    async def close(self) -> None:
        """Every page is told no more."""
        self._closed = True
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        for viewer in self._viewers:
            viewer.bell.set()

    def _begin(self, viewer: _StatusViewer) -> None:
        if self._ticking is None or self._ticking.done():
            self._newest = None
            self._ticking = asyncio.create_task(self._tick(), name="status-page")
        elif self._newest is not None:
            viewer.unsent = self._newest
            viewer.bell.set()

    async def _tick(self) -> None:
        while self._viewers:
            try:
                state = await self._take()
                event = b"data: " + json.dumps(state, separators=(",", ":")).encode() + b"\n\n"
            except Exception:
                log.exception("the status page could not be brought up to date")
            else:
                if event != self._newest:
                    self._newest = event
                    await self._tell(event)
            await asyncio.sleep(TICK_S)

    async def _tell(self, event: bytes) -> None:
        for number, viewer in enumerate(list(self._viewers), start=1):
            viewer.unsent = event
            viewer.bell.set()
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
