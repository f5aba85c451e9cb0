"""`python -m tests.standin.measured`: the bot as it is, with a clock beside it that measures its event loop's lag.

SIGUSR1 makes it print one line, "LAG " and a JSON list: the lags in seconds since the line before.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time

from bot import __main__ as bot_main
from bot.core.settings import Settings

EVERY_S = 0.01


class LagMeter:
    """Wakes up every 10 ms and notes by how much it was late."""

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Measure on the running loop from now on; report on SIGUSR1."""
        self._task = asyncio.create_task(self._measure())
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._report)

    async def _measure(self) -> None:
        while True:
            started = time.perf_counter()
            await asyncio.sleep(EVERY_S)
            self._lags.append(max(0.0, time.perf_counter() - started - EVERY_S))

    def _report(self) -> None:
        lags, self._lags = self._lags, []
        print("LAG", json.dumps([round(lag, 5) for lag in lags]), flush=True)


async def _serve(settings: Settings) -> int:
    LagMeter().start()
    return await bot_main.serve(settings)


if __name__ == "__main__":
    sys.exit(asyncio.run(_serve(Settings.load())))
