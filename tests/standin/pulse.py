"""Waiting for something to become true without polling: every change of the stand-in wakes those who wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Pulse:
    """Rings on every change. Belongs to one event loop."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Wake everybody who waits, so that they look again."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, look: Callable[[], T | bool | None], timeout_s: float, what: str = "") -> T:
        """What `look` returns as soon as that is true. Raises AssertionError with `what` after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := look()):
                    future = asyncio.get_running_loop().create_future()
                    self._waiting.add(future)
                    await future
        except TimeoutError:
            raise AssertionError(f"Waited {timeout_s} s in vain for {what or 'a change'}.") from None
        return found  # type: ignore[return-value]
