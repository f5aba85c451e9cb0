"""The bot dies in the middle of an erasure: the next start finishes it, and Discord shows nothing of it any more."""

from __future__ import annotations

import signal
from typing import get_args

import pytest

from bot.core import faults
from tests.e2e.stage import Stage, books


def on_disk(stage: Stage) -> bytes:
    return b"".join(file.read_bytes() for file in stage.var.rglob("*") if file.is_file())


@pytest.mark.parametrize("point", get_args(faults.ErasePoint))
async def test_an_erasure_survives_a_death_after_each_of_its_steps(stage: Stage, point: str) -> None:
    bot = stage.warm_process()
    bot.settings[faults.VARIABLE] = point
    await bot.start()
    message = await stage.portrait()
    asked = await stage.ana.slash(stage.channel, "privacy erase")
    question = await asked.shown("Erase everything?")
    pictures = [file.read_bytes() for file in (stage.var / "pictures").iterdir()]
    await stage.ana.press(question, "Erase everything")
    assert await bot.exited(60) == -signal.SIGKILL
    await bot.standin.until(lambda: not bot.standin.ready, 10, "the gateway to lose the bot")
    del bot.settings[faults.VARIABLE]
    await bot.start()
    await stage.standin.until(lambda: message not in stage.channel.history, 30, "the message to be deleted")
    again = await stage.ana.slash(stage.channel, "privacy show")
    await again.shown("0 portraits")
    await bot.terminate()
    left = on_disk(stage)
    assert not [picture for picture in pictures if picture in left]
    assert stage.ana.id.to_bytes(8, "big") not in left
    found = await books(stage.var)
    assert found.complaints == ()
    assert list(found.balances.values()) == [0]
