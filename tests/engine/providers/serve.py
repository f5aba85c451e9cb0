"""The providers' stand-ins for another process: `python -m tests.engine.providers.serve COMMAND ...`.

Runs COMMAND, such as `python -m bot.operations.demo --hosted`, with an environment that leads to all four, and ends
with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from engine.models.model import Provider
from tests.engine.providers.stage import STANDINS
from tests.engine.providers.standin import KEY, StandIn

PICTURE_S = 2.0
SIZE = (512, 768)
AT_MAGE = ("mango/mango-v2", "stable_diffusion_v35_large=Stable Diffusion 3.5 Large")


@asynccontextmanager
async def standins(**options: Any) -> AsyncIterator[dict[Provider, StandIn]]:
    """All four, each with these options of `StandIn`."""
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(standin(**options)) for name, standin in STANDINS.items()}


def environment(providers: Mapping[Provider, StandIn]) -> dict[str, str]:
    """The settings that lead a studio to them, with Stable Diffusion 3.5 Large as a second model at Mage."""
    told = {"MAGE_MODELS": json.dumps(AT_MAGE)}
    for name, standin in providers.items():
        told[f"{name.upper()}_API_KEY"] = KEY
        told[f"{name.upper()}_BASE_URL"] = standin.url + standin.prefix
    return told


async def run(command: Sequence[str]) -> int:
    """Serves until the command ends, which gets every signal to end; returns its exit code."""
    async with standins(delay_s=PICTURE_S, size=SIZE) as providers:
        process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **environment(providers)})
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, process.terminate)
        loop.add_signal_handler(signal.SIGINT, lambda: None)  # a terminal sends it to both
        return await process.wait()


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    return asyncio.run(run(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
