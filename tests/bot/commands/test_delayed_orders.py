"""What people are told of orders that are not in the engine's queue: `/queue` and Cancel tell the truth."""

import asyncio
import secrets
import time
from typing import Any

import pytest

from bot.uploads import saving
from data.core import presence
from data.core.data_errors import DataError
from data.core.presence import ErasedMeanwhile
from data.credits import ledger
from data.orders.jobs import NewJob, NewOrder, Order
from data.pictures.portrait_rows import PortraitFacts
from engine.prompt import PortraitPrompt, to_json
from tests import faces
from tests.bot.conftest import GUILD_ID, MODEL, World
from tests.bot.reading import answer, labels, said
from tests.data.conftest import png

FACTS = PortraitFacts(seed=7, model_title="Tiny", words="a woman", negative="", steps=4, guidance=3.5, render_s=0.5)


async def placed(world: World, who: Any) -> Order:
    """An order that is written down and that nobody follows, as after a fault."""
    await world.bot.studio.account(GUILD_ID, who.id)
    job = NewJob(model=MODEL, lane="standard", seed=1, width=64, height=96, steps=2, guidance=3.5, price=10)
    order_id = secrets.token_hex(8)
    new = NewOrder(
        id=order_id,
        source=f"test:{order_id}",
        guild_id=GUILD_ID,
        channel_id=world.channel.id,
        user_id=who.id,
        prompt=to_json(PortraitPrompt(subject="a woman")),
        jobs=(job,),
    )
    return await world.stores.orders.place(new, now=time.time())


async def rendered(world: World, who: Any) -> Order:
    """The same, with its portrait made."""
    order = await placed(world, who)
    await world.stores.orders.store(order.jobs[0].id, await world.stores.pictures.stage(png()), FACTS, time.time())
    return order


async def look_after(world: World) -> int:
    """What happens every minute."""
    with world.env._bot_scope():
        count = await world.bot.studio.look_after()
    await world.env.settle()
    return count


async def state(world: World, order: Order) -> tuple[str, str]:
    found = await world.bot.studio.find_order(order.id)
    return found.state, found.jobs[0].state


async def test_an_order_that_nothing_follows_is_in_the_queue_and_can_be_cancelled(world: World) -> None:
    order = await placed(world, world.sam)
    before = await world.balance(world.sam)
    assert "Nothing waits" in said(await world.lena.slash(world.channel, "queue"))
    mine = await world.sam.slash(world.channel, "queue")
    assert "held up, and taken up again within a minute" in said(mine)
    assert labels(answer(mine)) == ["Cancel 1"]
    assert "credits are back" in said(await world.sam.click(answer(mine), label="Cancel 1"))
    assert await state(world, order) == ("closed", "cancelled")
    assert await world.balance(world.sam) == before + 10
    assert "Nothing waits" in said(await world.sam.slash(world.channel, "queue"))


async def test_an_order_that_nothing_follows_is_taken_up_within_a_minute(world: World) -> None:
    order = await placed(world, world.sam)
    assert await look_after(world) == 1
    assert await state(world, order) == ("closed", "delivered")
    assert (await world.bot.studio.find_order(order.id)).delivered_by == "new message"
    assert await look_after(world) == 0


async def test_what_is_made_and_not_delivered_is_told_as_that(world: World) -> None:
    order = await rendered(world, world.sam)
    assert "made and on its way" in said(await world.sam.slash(world.channel, "queue"))
    old = await world.button(f"order:cancel:{order.id}")
    assert "made already and on its way" in said(await world.sam.click(old, label="Forged"))
    await world.env.settle()
    assert await state(world, order) == ("closed", "delivered")
    assert "finished already" in said(await world.sam.click(old, label="Forged"))


async def test_who_could_be_shown_a_portrait_nowhere_is_told_with_any_command_and_pays_then(world: World) -> None:
    order = await rendered(world, world.sam)
    await world.stores.orders.found_no_way(order.id, time.time())
    before = await world.balance(world.sam)
    old = await world.button(f"order:cancel:{order.id}")
    assert "/portraits has it" in said(await world.sam.click(old, label="Forged"))
    assert await state(world, order) == ("open", "rendered")
    assert "A portrait of yours" not in said(await world.lena.slash(world.channel, "help"))
    assert "A portrait of yours is ready" in said(await world.sam.slash(world.channel, "queue"))
    assert await state(world, order) == ("closed", "delivered")
    assert "A portrait of yours" not in said(await world.sam.slash(world.channel, "queue"))
    assert await world.balance(world.sam) == before
    assert await ledger.check(world.stores.database) == []


async def test_a_command_that_is_refused_tells_it_as_well(world: World) -> None:
    order = await rendered(world, world.sam)
    await world.stores.orders.found_no_way(order.id, time.time())
    assert "A portrait of yours is ready" in said(await world.sam.slash(world.channel, "style delete", name="none"))
    assert await state(world, order) == ("closed", "delivered")


async def test_a_notice_that_discord_refuses_settles_nothing(world: World) -> None:
    order = await rendered(world, world.sam)
    await world.stores.orders.found_no_way(order.id, time.time())
    world.env.inject_error("POST", "/webhooks/*", status=403, code=50001, message="no", times=None)
    await world.sam.slash(world.channel, "credits show")
    assert await state(world, order) == ("open", "rendered")


async def test_somebody_who_is_erased_while_a_portrait_waits_has_it_refunded_and_gone(world: World) -> None:
    order = await rendered(world, world.sam)
    asked = await world.sam.slash(world.channel, "privacy erase")
    await world.stores.orders.found_no_way(order.id, time.time())
    await world.sam.click(answer(asked), label="Erase everything")
    assert (await world.bot.studio.find_order(order.id)).state == "closed"
    assert await ledger.check(world.stores.database) == []
    assert not list(world.stores.pictures.folder.iterdir())


class Slow:
    """An attachment that is read when the test says so."""

    size = 1

    def __init__(self) -> None:
        self.reading, self.go_on = asyncio.Event(), asyncio.Event()

    async def read(self) -> bytes:
        self.reading.set()
        await self.go_on.wait()
        return faces.png("ana-1")


@pytest.mark.parametrize("adds", [False, True])
async def test_a_picture_that_is_being_saved_while_its_person_is_erased_is_not_stored(world: World, adds: bool) -> None:
    await world.agree(world.sam)
    slow, saver = Slow(), saving.Saver(world.sam.id, GUILD_ID, adds=adds)
    presence.begin()
    under_way = asyncio.create_task(saving.from_attachment(world.bot, saver, "me", slow))  # type: ignore[arg-type]
    reading = asyncio.create_task(slow.reading.wait())
    # Whichever comes first: a save that fails before it reads fails the test, and does not leave it waiting.
    await asyncio.wait({reading, under_way}, return_when=asyncio.FIRST_COMPLETED)
    assert reading.done()
    asked = await world.sam.slash(world.channel, "privacy erase")
    await world.sam.click(answer(asked), label="Erase everything")
    presence.begin()
    await world.agree(world.sam)
    slow.go_on.set()
    with pytest.raises(ErasedMeanwhile):
        await under_way
    assert await world.stores.characters.list(world.sam.id) == []
    assert not list(world.stores.pictures.folder.iterdir())
    assert (await world.stores.privacy.counts(world.sam.id)).pictures == 0


async def test_a_command_under_way_stores_nothing_and_says_so_and_a_later_one_does(world: World) -> None:
    begun = asyncio.Event()
    store = world.stores.styles

    async def slow() -> str:
        presence.begin()
        begun.set()
        await erased.wait()
        try:
            await store.save(world.sam.id, "rain", "{}", now=time.time())
        except DataError as error:
            return str(error)
        return "stored"

    erased = asyncio.Event()
    task = asyncio.create_task(slow())
    await begun.wait()
    asked = await world.sam.slash(world.channel, "privacy erase")
    await world.sam.click(answer(asked), label="Erase everything")
    erased.set()
    assert "was erased while this was under way" in await task
    assert not await store.list(world.sam.id)
    saved = await world.sam.slash(world.channel, "style save", name="rain", lighting="rain")
    assert "rain" in said(saved)
