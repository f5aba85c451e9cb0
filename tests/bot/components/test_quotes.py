"""Dear orders show their price first: confirmed once, by the one who asked, and not for ever."""

import time
from typing import Any

import pytest

from bot.core.settings import Settings
from data.credits import ledger
from tests.bot.conftest import World
from tests.bot.reading import fields, labels, said


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"credits_daily": 1000})


async def quoted(world: World, **options: Any) -> Any:
    """The message of a dear order that waits for its price to be confirmed."""
    await world.sam.slash(world.channel, "portrait", prompt="a man", count=2, fast=True, **options)
    return world.channel.last_message


async def portraits(world: World) -> int:
    return len(await world.stores.portraits.of_user(world.guild.id, world.sam.id))


async def refusals(world: World) -> list[str]:
    return [entry.detail for entry in await world.stores.audit.page(world.guild.id, action="refused")]


async def quote_id(message: Any) -> str:
    return str(message.components[0].children[0].custom_id).rsplit(":", 1)[1]


async def test_a_dear_order_shows_its_price_and_charges_nothing(world: World) -> None:
    before = await world.balance(world.sam)
    message = await quoted(world)
    assert "120 credits" in message.embeds[0].title
    assert fields(message)["Left after it"] == "880 credits"
    assert labels(message) == ["Confirm for 120 credits", "Cancel"]
    assert await world.balance(world.sam) == before
    assert await portraits(world) == 0


async def test_a_confirmed_order_is_made_in_the_same_message(world: World) -> None:
    message = await quoted(world)
    await world.sam.click(message, label="Confirm for 120 credits")
    assert await portraits(world) == 2
    assert await world.balance(world.sam) == 880
    assert world.channel.last_message.id == message.id
    assert len(world.channel.last_message.attachments) == 2


async def test_confirming_works_after_a_restart(world: World) -> None:
    message = await quoted(world)
    await world.restart()
    await world.sam.click(message, label="Confirm for 120 credits")
    assert await portraits(world) == 2


async def test_cheap_orders_are_not_asked_about(world: World) -> None:
    await world.portrait(world.sam)
    assert await portraits(world) == 1


async def test_a_cancelled_quote_costs_nothing_and_is_over(world: World) -> None:
    message = await quoted(world)
    await world.sam.click(message, label="Cancel")
    assert "Nothing was charged" in world.channel.last_message.embeds[0].description
    assert labels(world.channel.last_message) == []
    assert await world.balance(world.sam) == 1000


@pytest.mark.parametrize("label", ["Confirm for 120 credits", "Cancel"])
async def test_nobody_else_may_answer_a_quote(world: World, label: str) -> None:
    """Also no moderator: it would be somebody else's credits. It is in the audit."""
    message = await quoted(world)
    assert "someone else" in said(await world.lena.click(message, label=label))
    assert "someone else" in said(await world.mira.click(message, label=label))
    assert await portraits(world) == 0
    assert await world.balance(world.sam) == 1000
    assert len(await refusals(world)) == 2
    await world.sam.click(message, label="Confirm for 120 credits")
    assert await portraits(world) == 2


async def test_a_replayed_confirmation_orders_nothing_twice(world: World) -> None:
    """Even when the button is pressed again from a message that still shows it."""
    message = await quoted(world)
    copy = await world.button(f"quote:confirm:{await quote_id(message)}")
    await world.sam.click(message, label="Confirm for 120 credits")
    assert "answered already" in said(await world.sam.click(copy, label="Forged"))
    assert await portraits(world) == 2
    assert await world.balance(world.sam) == 880
    assert len(await refusals(world)) == 1


async def test_a_replay_is_known_although_the_bot_died_before_closing_the_quote(world: World) -> None:
    message = await quoted(world)
    copy = await world.button(f"quote:cancel:{await quote_id(message)}")
    await world.sam.click(message, label="Confirm for 120 credits")
    async with world.stores.database.transaction() as tx:
        await tx.execute("UPDATE quotes SET state = 'open'")
    assert "answered already" in said(await world.sam.click(copy, label="Forged"))
    assert await portraits(world) == 2


async def test_a_price_holds_for_a_while_only(world: World) -> None:
    message = await quoted(world)
    async with world.stores.database.transaction() as tx:
        await tx.execute("UPDATE quotes SET expires_at = ?", (time.time() - 1,))
    assert "held until" in said(await world.sam.click(message, label="Confirm for 120 credits"))
    assert await portraits(world) == 0


async def test_what_cannot_be_paid_is_refused_before_it_is_quoted(world: World) -> None:
    result = await world.lena.slash(world.channel, "portrait", prompt="a man", count=4, fast=True)
    assert "240 credits" in world.channel.last_message.embeds[0].title
    await world.stores.accounts.revoke(world.guild.id, world.lena.id, 900, key="test", actor_id=1, now=time.time())
    assert "you have 100" in said(await world.lena.slash(world.channel, "portrait", prompt="a man", count=4, fast=True))
    assert result.acknowledged


async def test_the_balance_is_checked_again_at_the_confirmation(world: World) -> None:
    message = await quoted(world)
    await world.stores.accounts.revoke(world.guild.id, world.sam.id, 950, key="test", actor_id=1, now=time.time())
    assert "you have 50" in said(await world.sam.click(message, label="Confirm for 120 credits"))
    assert await portraits(world) == 0
    assert not await ledger.check(world.stores.database)


async def test_a_price_that_rose_meanwhile_is_shown_anew(world: World) -> None:
    message = await quoted(world)
    world.bot.studio.validator.settings = world.settings.model_copy(update={"price_fast": 90})
    await world.sam.click(message, label="Confirm for 120 credits")
    assert await portraits(world) == 0
    await world.sam.click(world.channel.last_message, label="Confirm for 180 credits")
    assert await portraits(world) == 2
    assert await world.balance(world.sam) == 820
