"""A bot with hosted models alone, in a process of its own: what it takes at rest, and that torch stays away.

`python -m tests.engine.providers.memory` prints one JSON object. With `--portraits` each provider makes one, too.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path

from pydantic import SecretStr

from bot.client import StudioBot
from bot.core.settings import Settings

HEAVY = ("torch", "diffusers", "transformers")
SDKS = ("openai", "mage_space", "google.genai")


def resident_mib() -> float:
    """What this process holds in memory now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def imported(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name in sys.modules]


async def at_rest(folder: Path) -> dict[str, object]:
    """A bot that has opened its rooms and waits, with a key for every provider."""
    keys = {f"{provider}_api_key": SecretStr("sk-none") for provider in ("mage", "bfl", "openai", "google")}
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # taken by pydantic-settings
        data_folder=folder,
        model_builtin=False,
        model_default="mango-2",
        **keys,  # type: ignore[arg-type]  # one value a provider
    )
    bot = await StudioBot.open(settings)
    try:
        return {
            "models": len(bot.engine.catalogue.models),
            "rest_mib": round(resident_mib()),
            "imported": imported(HEAVY + SDKS),
        }
    finally:
        await bot.stores.close()


async def one_of_each() -> dict[str, object]:
    """A portrait at each provider's stand-in, in this process."""
    from tests.engine.providers.stage import STANDINS, Stage
    from tests.engine.stage import picture

    for provider in STANDINS:
        async with STANDINS[provider]() as standin:
            stage = Stage(standin)
            await picture(stage.engine, stage.job())
            await stage.engine.stop(5.0)
    return {"with_standins_mib": round(resident_mib()), "imported_then": imported(HEAVY)}


async def figures(*, portraits: bool) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        found = await at_rest(Path(folder))
    return {**found, **(await one_of_each() if portraits else {})}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(figures(portraits="--portraits" in sys.argv))))
