"""By how much the event loop is late, measured now and then while the status page is on."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 0.1
_KEPT: Final = 600


class LoopLag:
    """`tell` gets each lag in seconds; `worst_s` is the worst of the last minute."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell
        self._lags: deque[float] = deque(maxlen=_KEPT)
        self._task: asyncio.Task[None] | None = None

    @property
    def worst_s(self) -> float:
        return max(self._lags, default=0.0)

    def start(self) -> None:
        self._task = asyncio.create_task(self._measure(), name="loop-lag")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _measure(self) -> None:
        while True:
            began_s = time.perf_counter()
            await asyncio.sleep(EVERY_S)
            lag_s = max(0.0, time.perf_counter() - began_s - EVERY_S)
            self._lags.append(lag_s)
            self._tell(lag_s)
