"""While portraits wait and run: what people see, and who may cancel what."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.client import StudioBot
from bot.core.settings import Settings
from bot.operations.local_page import LiveEnv
from tests.bot.conftest import GUILD_ID, MODEL, World, make_bot, make_world
from tests.bot.reading import answer, fields, labels, said
from tests.engine.tiny_models import entry, models_file

STEPS = 20_000


@pytest.fixture
def slow_settings(settings: Settings, tiny_checkpoint: Path, tmp_path: Path) -> Settings:
    """The tiny model takes so many steps that a test can act while it runs."""
    slow = models_file(tmp_path, entry(tiny_checkpoint, MODEL, steps=STEPS))
    return settings.model_copy(update={"model_file": slow, "queue_batch": 1, "queue_waiting_per_user": 3})


@pytest.fixture
async def live_env(slow_settings: Settings) -> AsyncIterator[LiveEnv]:
    """A Discord whose actions return while the bot still works."""
    env = LiveEnv(await make_bot(slow_settings))
    await env.start()
    yield env
    env.live = False
    await env.bot.close()
    await env.shutdown()


@pytest.fixture
def live(live_env: LiveEnv, slow_settings: Settings) -> World:
    world = make_world(live_env, slow_settings)
    live_env.live = True
    return world


async def settled(world: World) -> None:
    """Wait until the bot has nothing left to do."""
    assert isinstance(world.env, LiveEnv)
    world.env.live = False
    await world.env.settle()
    world.env.live = True


async def test_a_running_portrait_is_cancelled_by_its_owner_alone_and_refunded(live: World) -> None:
    before = await live.balance(live.sam)
    message = await live.portrait(live.sam)
    assert "Cancel" in labels(message)
    assert "moderators" in said(await live.lena.click(message, label="Cancel"))
    assert await live.balance(live.sam) == before - live.settings.price_standard
    assert "credits are back" in said(await live.sam.click(message, label="Cancel"))
    await settled(live)
    assert "Cancelled" in (live.channel.last_message.embeds[0].description or "")
    assert await live.balance(live.sam) == before
    assert live.bot.engine.waiting() == ()


async def test_a_waiting_portrait_shows_its_place_and_can_be_cancelled(live: World) -> None:
    running = await live.portrait(live.sam)
    waiting = await live.portrait(live.lena)
    assert "line" in fields(waiting)["Now"]
    assert "credits are back" in said(await live.lena.click(waiting, label="Cancel"))
    assert len(live.bot.engine.waiting()) == 1
    await live.mira.click(running, label="Cancel")
    await settled(live)
    assert live.bot.engine.waiting() == ()


async def test_the_queue_shows_ones_own_and_moderators_everything(live: World) -> None:
    await live.portrait(live.sam)
    await live.portrait(live.lena)
    mine = answer(await live.lena.slash(live.channel, "queue"))
    assert mine.embeds[0].description.count("\n") == 0
    everyones = answer(await live.mira.slash(live.channel, "queue"))
    assert everyones.embeds[0].description.count("\n") == 1
    for number in (1, 2):
        await live.mira.click(everyones.message, label=f"Cancel {number}")
    await settled(live)
    assert "Nothing waits" in said(await live.mira.slash(live.channel, "queue"))


async def test_a_full_queue_says_how_long_it_is_and_takes_nothing(live: World) -> None:
    assert isinstance(live.bot, StudioBot)
    for _ in range(live.settings.queue_waiting_per_user + 1):
        await live.sam.slash(live.channel, "portrait", prompt="a man")
    before = await live.balance(live.sam)
    result = await live.sam.slash(live.channel, "portrait", prompt="a man")
    assert f"limit is {live.settings.queue_waiting_per_user}" in said(result)
    assert await live.balance(live.sam) == before
    for order in await live.stores.orders.open_orders():
        await live.bot.studio.cancel(order)
    await settled(live)
    assert (await live.bot.studio.account(GUILD_ID, live.sam.id)).balance == live.settings.credits_daily
