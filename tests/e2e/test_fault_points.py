"""The bot dies in each gap between an order's effects: afterwards account, job and what is seen agree."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from typing import get_args

import pytest

from bot.core import faults
from tests.e2e.stage import PROMPT, Books, Stage, books, is_portrait
from tests.standin import Interaction
from tests.standin.process import BotProcess

POINTS = get_args(faults.Point)
ALLOWANCE, PRICE = 100, 10
LONG_S = 600


async def died(bot: BotProcess) -> None:
    """Wait until the bot has killed itself where it was told to, and start it again without that order."""
    assert await bot.exited(60) == -signal.SIGKILL
    await bot.standin.until(lambda: not bot.standin.ready, 10, "the gateway to lose the bot")
    del bot.settings[faults.VARIABLE]


async def closed(stage: Stage, bot: BotProcess) -> Books:
    """The books of the bot, stopped once the order is closed."""
    await bot.logged("order closed", 60)
    await bot.terminate()
    return await books(stage.var)


@pytest.mark.parametrize("point", POINTS)
async def test_an_order_survives_a_death_after_each_of_its_effects(stage: Stage, point: str) -> None:
    count = 2
    bot = stage.warm_process()
    bot.settings[faults.VARIABLE] = point
    await bot.start()
    order = await stage.order(count=count)
    await died(bot)
    before = await books(stage.var)
    assert before.complaints == ()
    assert before.balances == {stage.ana.id: ALLOWANCE - count * PRICE}
    await bot.start()
    await order.until(lambda i: i.message is not None and len(i.message.attachments) == count, 60, "the portraits")
    found = await closed(stage, bot)
    assert found.complaints == ()
    assert list(found.jobs.values()) == ["delivered"] * count
    assert found.balances == before.balances
    shown = [m for m in stage.channel.history if m.attachments]
    assert shown == [order.message]


async def test_a_confirmed_price_survives_a_death_and_cannot_be_confirmed_again(stage: Stage) -> None:
    """The bot dies when the order is written but its quote still looks open."""
    bot = stage.warm_process()
    bot.settings |= {faults.VARIABLE: "row", "PRICE_CONFIRM_ABOVE": "5"}
    await bot.start()
    quoted = await (await stage.order()).shown("costs")
    (button, _) = quoted.buttons
    pressed = await stage.ana.press(quoted, button.label)
    await died(bot)
    await bot.start()
    again = await stage.ana.press_id(quoted, button.custom_id)
    await again.until(lambda i: any("counts once" in m.text for m in i.followups), 30)
    await pressed.until(lambda i: is_portrait(quoted), 60, "a portrait")
    found = await closed(stage, bot)
    assert found.complaints == ()
    assert list(found.jobs.values()) == ["delivered"]
    assert found.balances == {stage.ana.id: ALLOWANCE - PRICE}


async def test_two_hundred_orders_at_once_on_credits_for_three(patient_stage: Stage) -> None:
    """Typed by one person in one moment: three portraits, 197 sentences, three holds. All are answered, however late:
    how soon is measured by the bench."""
    stage = patient_stage
    bot = stage.warm_process(CREDITS_DAILY=str(3 * PRICE))
    await bot.start()
    try:
        sent = await asyncio.gather(*(stage.ana.slash(stage.channel, "portrait", prompt=PROMPT) for _ in range(200)))
        orders = [await one.wait_acked(LONG_S) for one in sent]
        callbacks = [r.status for r in stage.standin.requests if r.name == "callback"]
        assert len(callbacks) == 200
        assert set(callbacks) <= {200, 204}
        outcomes = Counter([await outcome(order) for order in orders])
        assert outcomes == {"portrait": 3, "refused": 197}
        await bot.terminate()
        found = await books(stage.var)
        assert found.complaints == ()
        assert list(found.jobs.values()) == ["delivered"] * 3
        assert found.balances == {stage.ana.id: 0}
        assert "Traceback" not in bot.text
    finally:
        await bot.close()


async def outcome(order: Interaction) -> str:
    """How an order ended for the person."""
    await order.until(lambda i: "you have 0" in i.text or (i.message is not None and is_portrait(i.message)), LONG_S)
    return "refused" if "you have 0" in order.text else "portrait"
