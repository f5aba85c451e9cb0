"""Nothing is charged that was not shown: a refused delivery takes the next way, whatever the code, and that is kept."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator

import pytest

from tests.e2e.stage import LiveBot, Stage, books, is_portrait
from tests.standin import Interaction, Message
from tests.standin.faults import Fault

ALWAYS = 10_000
TOKEN, CHANNEL = "edit_followup", "edit"
REFUSALS = [
    (400, 0),
    (400, 50035),  # invalid form body
    (400, 50006),  # empty message
    (400, 50083),  # thread archived
    (400, 30046),  # too many edits of an old message
    (401, 50027),  # invalid webhook token
    (403, 0),
    (403, 50001),  # missing access
    (403, 50005),  # another author
    (403, 50013),  # missing permissions
    (403, 160_002),  # one that nobody has seen before
    (404, 0),
    (404, 10003),  # unknown channel
    (404, 10004),  # unknown guild
    (404, 10008),  # unknown message
    (404, 10015),  # unknown webhook
    (404, 10062),  # unknown interaction
    (405, 0),
    (413, 40005),  # too large
]


@pytest.fixture
async def live(stage: Stage) -> AsyncIterator[LiveBot]:
    live = stage.live()
    await live.start()
    yield live
    await live.close()


async def held(stage: Stage) -> tuple[Interaction, Fault]:
    """An order whose first status edit is held back."""
    fault = stage.standin.faults.hold_before("edit_*")
    order = await stage.order()
    await fault.wait_hit(60)
    return order, fault


def refuse(stage: Stage, *routes: str, status: int, code: int, times: int = ALWAYS) -> None:
    """From now on: the edits of the status that may still come are refused as well, which is no harm."""
    for route in routes:
        stage.standin.faults.refuse(route, status, code, times=times)


async def shown(stage: Stage) -> Message:
    """The one message that shows the portrait."""
    await stage.standin.until(stage.shown, 60, "the portrait")
    (message,) = stage.shown()
    return message


async def closed_by(stage: Stage, live: LiveBot, way: str) -> None:
    """Stop the bot; the one order is settled and closed, and its way is on record."""
    assert live.bot is not None
    for order in await live.bot.stores.orders.open_orders():
        await live.bot.studio.seen_through(order.id)
    await live.close()
    found = await books(stage.var)
    assert found.complaints == ()
    assert list(found.jobs.values()) == ["delivered"]
    assert orders(stage) == [("closed", way)]


def orders(stage: Stage) -> list[tuple[str, str | None]]:
    with contextlib.closing(sqlite3.connect(next(stage.var.glob("*.sqlite*")))) as connection:
        return connection.execute("SELECT state, delivered_by FROM orders").fetchall()


@pytest.mark.parametrize(("status", "code"), REFUSALS)
async def test_an_edit_by_token_that_is_refused_goes_through_the_channel(
    stage: Stage, live: LiveBot, status: int, code: int
) -> None:
    order, fault = await held(stage)
    refuse(stage, "edit_*", status=status, code=code)
    fault.release()
    message = await shown(stage)
    assert message is order.message
    assert message.revisions[-1].via == "channel"
    await closed_by(stage, live, "channel")


@pytest.mark.parametrize(("status", "code"), REFUSALS)
async def test_a_message_that_takes_no_edit_is_followed_by_a_new_one(
    stage: Stage, live: LiveBot, status: int, code: int
) -> None:
    order, fault = await held(stage)
    refuse(stage, "edit_*", CHANNEL, status=status, code=code)
    fault.release()
    message = await shown(stage)
    assert message is not order.message
    assert message.channel is stage.channel
    await closed_by(stage, live, "new message")


@pytest.mark.parametrize(("status", "code"), REFUSALS)
async def test_a_channel_that_takes_nothing_is_left_for_direct_messages(
    stage: Stage, live: LiveBot, status: int, code: int
) -> None:
    _, fault = await held(stage)
    refuse(stage, "edit_*", CHANNEL, f"POST /channels/{stage.channel.id}/messages", status=status, code=code)
    fault.release()
    message = await shown(stage)
    assert message.channel is stage.ana.dm
    await closed_by(stage, live, "direct message")


@pytest.mark.parametrize(("status", "code"), REFUSALS)
async def test_with_every_way_closed_nothing_is_charged_until_the_next_command_tells_it(
    stage: Stage, live: LiveBot, status: int, code: int
) -> None:
    """And a restart in between changes nothing."""
    _, fault = await held(stage)
    refuse(stage, "edit_*", CHANNEL, "send", status=status, code=code)
    fault.release()
    assert live.bot is not None
    (order,) = await live.bot.stores.orders.open_orders()
    await live.bot.studio.seen_through(order.id)
    await live.close()
    assert orders(stage) == [("open", None)]
    assert list((await books(stage.var)).jobs.values()) == ["rendered"]
    await live.start()
    stage.standin.faults.clear()
    refuse(stage, "edit_*", CHANNEL, "send", status=status, code=code)
    asked = await stage.ana.slash(stage.standin.add_channel(stage.guild, "second"), "credits show")
    await asked.until(lambda i: "/portraits` has it" in i.text, 30, "the notice")
    assert stage.shown() == []
    await stage.standin.until(lambda: stage.standin.requests[-1].status is not None, 30)
    await until_closed(live)
    await closed_by(stage, live, "portraits")


async def until_closed(live: LiveBot) -> None:
    """Return once no order is open."""
    assert live.bot is not None
    async with asyncio.timeout(60):
        while await live.bot.stores.orders.open_orders():
            pass  # each look waits for the database's thread


async def test_the_notice_comes_also_with_a_new_order_and_beside_its_message(stage: Stage, live: LiveBot) -> None:
    _, fault = await held(stage)
    refuse(stage, "edit_*", CHANNEL, "send", status=403, code=50013)
    fault.release()
    assert live.bot is not None
    (first,) = await live.bot.stores.orders.open_orders()
    await live.bot.studio.seen_through(first.id)
    stage.standin.faults.clear()
    second = await stage.order()
    await second.until(lambda i: i.message is not None and is_portrait(i.message), 60, "the second portrait")
    await second.until(lambda i: any("/portraits` has it" in m.text for m in i.followups), 30, "the notice")
    (told,) = [m for m in second.followups if "/portraits" in m.text]
    assert told.ephemeral_to is stage.ana.user
    await stage.standin.until(lambda: stage.standin.requests[-1].status is not None, 30)
    await until_closed(live)
    await live.close()
    assert sorted(way or "" for _, way in orders(stage)) == ["portraits", "token"]
    assert list((await books(stage.var)).jobs.values()) == ["delivered"] * 2


async def test_a_refused_content_is_sent_plainer_and_the_portrait_arrives(stage: Stage, live: LiveBot) -> None:
    """As when a card is too long: Discord takes the picture with a line."""
    _, fault = await held(stage)
    refuse(stage, "edit_*", status=400, code=50035, times=1)
    fault.release()
    message = await shown(stage)
    assert message.revisions[-1].via == "token"
    await closed_by(stage, live, "token")


async def test_an_edit_that_gets_no_answer_is_never_followed_by_a_second_portrait(stage: Stage, live: LiveBot) -> None:
    """The edit by token got through, its answer did not, and the channel is closed to the bot."""
    order, fault = await held(stage)
    stage.standin.faults.drop_after("edit_*", nth=2)
    refuse(stage, CHANNEL, "send", status=403, code=50001)
    fault.release()
    await order.until(lambda i: i.message is not None and is_portrait(i.message), 60, "the portrait")
    assert live.bot is not None
    for one in await live.bot.stores.orders.open_orders():
        await live.bot.studio.seen_through(one.id)
    assert len(stage.shown()) == 1
    await closed_by(stage, live, "token")
