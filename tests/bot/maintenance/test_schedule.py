"""What the studio does by itself: telling that a tier ends, once and in time, and deleting old portraits."""

import time
from typing import Any

import pytest

from bot.core.settings import Settings
from tests.bot.conftest import World

DAY_S = 86_400.0


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"data_keep_days": 30})


async def make_round(world: World, days_later: float = 0) -> None:
    with world.env._bot_scope():
        await world.bot.maintenance.make(time.time() + days_later * DAY_S)


async def give(world: World, days: float, key: str = "t") -> None:
    until = time.time() + days * DAY_S
    await world.stores.accounts.grant_tier(
        world.guild.id, world.sam.id, "unlimited", until=until, key=key, actor_id=1, now=time.time()
    )


def told(world: World) -> list[Any]:
    return [message.content for message in world.sam.user.dm_channel.history()]


async def test_the_end_of_a_tier_is_told_once_and_in_time(world: World) -> None:
    await give(world, 10)
    await make_round(world, 6.9)
    assert told(world) == []
    await make_round(world, 7.1)
    await make_round(world, 8)
    (sentence,) = told(world)
    assert "unlimited tier in Studio ends <t:" in sentence


async def test_a_longer_end_is_told_again(world: World) -> None:
    await give(world, 2)
    await make_round(world)
    await give(world, 20, "longer")
    await make_round(world)
    assert len(told(world)) == 1
    await make_round(world, 18)
    assert len(told(world)) == 2


async def test_a_tier_without_an_end_is_not_told_of(world: World) -> None:
    await world.stores.accounts.grant_tier(
        world.guild.id, world.sam.id, "unlimited", until=None, key="t", actor_id=1, now=time.time()
    )
    await make_round(world, 1000)
    assert told(world) == []


async def test_an_end_that_came_while_the_bot_was_off_is_told_as_past(world: World) -> None:
    await give(world, 1)
    await make_round(world, 2)
    assert "ended" in told(world)[0]


async def test_who_takes_no_messages_is_asked_once(world: World) -> None:
    """The end is in /credits show anyway."""
    await give(world, 2)
    world.env.inject_error("POST", "/channels/*/messages", status=403, code=50007, message="no")
    await make_round(world)
    await make_round(world)
    assert told(world) == []


async def test_portraits_go_after_the_days_of_the_setting(world: World) -> None:
    message = await world.portrait(world.sam)
    (portrait,) = await world.stores.portraits.by_message(message.id)
    await make_round(world, 29)
    assert world.stores.pictures.path(portrait.sha256).exists()
    await make_round(world, 31)
    assert not world.stores.pictures.path(portrait.sha256).exists()
    assert await world.stores.portraits.get(portrait.id) is None


async def test_the_first_round_is_made_at_the_start(world: World) -> None:
    await give(world, 2)
    await world.restart()
    assert len(told(world)) == 1
