"""Whatever ends the bot's process, the next start goes on where it stood: nothing lost, nothing twice, books right."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator

import pytest

from tests.e2e.stage import Stage, books, finished, is_portrait
from tests.standin import Interaction, Message
from tests.standin.process import BotProcess

STOP_WITHIN_S = 10


@pytest.fixture
async def bot(stage: Stage) -> AsyncIterator[BotProcess]:
    bot = stage.warm_process()
    await bot.start()
    yield bot
    await bot.close()


def ended(order: Interaction) -> bool:
    """Whether the person sees how the order ended: a portrait, or a sentence about a refund."""
    message = order.message
    return message is not None and (is_portrait(message) or "No portrait" in message.text)


async def check_books(stage: Stage, bot: BotProcess) -> dict[str, str]:
    """Stop the bot; every job has ended and the ledger adds up. The job states by id."""
    await bot.terminate()
    found = await books(stage.var)
    assert found.complaints == ()
    assert found.ended, found.jobs
    return dict(found.jobs)


async def test_a_killed_bot_finishes_the_order_and_older_buttons_work(stage: Stage, bot: BotProcess) -> None:
    older = await stage.portrait()
    fault = stage.standin.faults.hold_before("edit_*")
    running = await stage.order()
    await fault.wait_hit()
    await bot.kill()
    stage.standin.faults.clear()
    await bot.start()
    message = await finished(running)
    pressed = await stage.ana.press(older, "Reroll")
    again = await finished(await pressed.wait_acked())
    assert {m.id for m in stage.shown()} == {older.id, message.id, again.id}
    assert list((await check_books(stage, bot)).values()) == ["delivered"] * 3


async def test_an_order_whose_picture_was_sent_when_the_bot_died_is_not_sent_twice(
    stage: Stage, bot: BotProcess
) -> None:
    """The bot dies between Discord's showing the picture and its own hearing of it."""
    order = await stage.order()
    await order.until(lambda i: i.message is not None and not i.message.loading, 60)
    assert order.message is not None
    stage.standin.delete_message(order.message)
    fault = stage.standin.faults.hold_after("send")
    await fault.wait_hit(60)
    await bot.kill()
    stage.standin.faults.clear()
    assert len(stage.shown()) == 1
    stage.standin.world.nonces.clear()
    await bot.start()
    await bot.logged("order closed")
    assert len(stage.shown()) == 1
    assert list((await check_books(stage, bot)).values()) == ["delivered"]


async def test_a_bot_that_is_asked_to_stop_keeps_what_has_not_ended(stage: Stage, bot: BotProcess) -> None:
    people = [stage.standin.add_member(stage.guild, f"member{n}") for n in range(8)]
    orders = [await stage.accepted(who) for who in people]
    code, took_s = await bot.terminate()
    assert code == 0
    assert took_s < STOP_WITHIN_S
    assert "Traceback" not in bot.text
    await bot.start()
    for order in orders:
        await finished(order)
    assert len(stage.shown()) == len(orders)
    assert set((await check_books(stage, bot)).values()) == {"delivered"}


async def test_nobody_is_pinged_by_a_restart(stage: Stage, bot: BotProcess) -> None:
    order = await stage.accepted()
    await bot.kill()
    await bot.start()
    await finished(order)
    pinged = [m for c in stage.standin.world.channels.values() for m in c.messages.values() if m.pings]
    assert pinged == []


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3))])
async def test_random_kills_lose_nothing_and_deliver_nothing_twice(stage: Stage, seed: int) -> None:
    """Kills at random moments between requests, while orders keep coming."""
    choice = random.Random(seed)
    kills = 5 if seed == 1 else 15
    bot = stage.warm_process(CREDITS_DAILY="1000", QUEUE_WAITING_PER_USER="50")
    orders: list[Interaction] = []
    try:
        for _ in range(kills):
            await bot.start()
            orders += [await stage.order(who) for who in choice.sample([stage.ana, stage.ben, stage.mod], 2)]
            await some_requests(stage, choice.randrange(1, 12), orders)
            await bot.kill()
        await bot.start()
        # An order that was not written down before the bot died took nothing; its message thinks for ever.
        accepted = [order for order in orders if order.message is not None and not order.message.loading]
        for order in accepted:
            await order.until(ended, 120, "the end of an order")
        await stage.standin.until(lambda: stage.standin.requests[-1].status == 200, 30)
        # What is shown is settled and closed a moment later; a kill between closing and saying so leaves one unsaid.
        with contextlib.suppress(AssertionError):
            await stage.standin.until(lambda: sum("order closed" in line for line in bot.log) >= len(accepted), 8)
        jobs = await check_books(stage, bot)
        assert len(accepted) <= len(jobs) <= len(orders)
        assert list(jobs.values()).count("delivered") == len(stage.shown())
        assert len(set(pictures(stage.shown()))) == len(stage.shown())
    finally:
        await bot.close()


async def some_requests(stage: Stage, count: int, orders: list[Interaction]) -> None:
    """Return after `count` more requests of the bot, or when every order has ended."""
    enough = len(stage.standin.requests) + count
    await stage.standin.until(lambda: len(stage.standin.requests) >= enough or all(map(ended, orders)), 60)


def pictures(messages: list[Message]) -> list[bytes]:
    return [m.attachments[0].content for m in messages]
