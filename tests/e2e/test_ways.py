"""Nothing is charged that was not shown: a refused delivery takes the next way, whatever the code, and that is kept."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.conftest import staged
from tests.e2e.stage import LiveBot, Stage, books, is_portrait
from tests.standin import Interaction, Message, Options
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
async def stage(tmp_path: Path, tiny_checkpoint: Path) -> AsyncIterator[Stage]:
    """A Discord that takes any number of messages in a moment: here many orders follow each other."""
    async with staged(Options(edits_per_window=1000, sends_per_window=1000), tmp_path, tiny_checkpoint) as stage:
        yield stage


@pytest.fixture
async def live(stage: Stage) -> AsyncIterator[LiveBot]:
    live = stage.live(credits_daily=10_000)
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


async def shown(stage: Stage, count: int = 1) -> Message:
    """The latest of the messages that show a portrait, once there are so many; there is one for each order."""
    await stage.standin.until(lambda: len(stage.shown()) >= count, 60, "the portrait")
    messages = sorted(stage.shown(), key=lambda message: message.id)
    assert len(messages) == count
    return messages[-1]


async def seen_through(live: LiveBot) -> None:
    """Return once nobody is at work on an order any more."""
    assert live.bot is not None
    for order in await live.bot.stores.orders.open_orders():
        await live.bot.studio.seen_through(order.id)


async def closed_by(stage: Stage, live: LiveBot, way: str, count: int = 1) -> None:
    """Stop the bot; each of so many orders is settled and closed, and its way is on record."""
    await seen_through(live)
    await live.close()
    found = await books(stage.var)
    assert found.complaints == ()
    assert list(found.jobs.values()) == ["delivered"] * count
    assert orders(stage) == [("closed", way)] * count


def orders(stage: Stage) -> list[tuple[str, str | None]]:
    with contextlib.closing(sqlite3.connect(next(stage.var.glob("*.sqlite*")))) as connection:
        return connection.execute("SELECT state, delivered_by FROM orders").fetchall()


async def test_an_edit_by_token_that_is_refused_goes_through_the_channel(stage: Stage, live: LiveBot) -> None:
    """Whatever the refusal; each is another order."""
    for number, (status, code) in enumerate(REFUSALS, start=1):
        order, fault = await held(stage)
        refuse(stage, "edit_*", status=status, code=code)
        fault.release()
        message = await shown(stage, number)
        assert message is order.message, (status, code)
        assert message.revisions[-1].via == "channel", (status, code)
        await seen_through(live)
        stage.standin.faults.clear()
    await closed_by(stage, live, "channel", len(REFUSALS))


async def test_a_message_that_takes_no_edit_is_followed_by_a_new_one(stage: Stage, live: LiveBot) -> None:
    for number, (status, code) in enumerate(REFUSALS, start=1):
        order, fault = await held(stage)
        refuse(stage, "edit_*", CHANNEL, status=status, code=code)
        fault.release()
        message = await shown(stage, number)
        assert message is not order.message, (status, code)
        assert message.channel is stage.channel, (status, code)
        await seen_through(live)
        stage.standin.faults.clear()
    await closed_by(stage, live, "new message", len(REFUSALS))


async def test_a_channel_that_takes_nothing_is_left_for_direct_messages(stage: Stage, live: LiveBot) -> None:
    for number, (status, code) in enumerate(REFUSALS, start=1):
        _, fault = await held(stage)
        refuse(stage, "edit_*", CHANNEL, f"POST /channels/{stage.channel.id}/messages", status=status, code=code)
        fault.release()
        message = await shown(stage, number)
        assert message.channel is stage.ana.dm, (status, code)
        await seen_through(live)
        stage.standin.faults.clear()
    await closed_by(stage, live, "direct message", len(REFUSALS))


async def test_with_every_way_closed_nothing_is_charged_until_the_next_command_tells_it(
    stage: Stage, live: LiveBot
) -> None:
    """Whatever the refusal, and a restart in between changes nothing. Each order is another person's."""
    people = [stage.standin.add_member(stage.guild, f"{status} {code}") for status, code in REFUSALS]
    assert live.bot is not None
    for number, (who, (status, code)) in enumerate(zip(people, REFUSALS, strict=True), start=1):
        # No way is open in between: the bot looks after the others every minute.
        stage.standin.faults.clear()
        refuse(stage, "edit_*", CHANNEL, "send", status=status, code=code)
        await stage.order(who)
        async with asyncio.timeout(60):
            while len(await live.bot.stores.orders.open_orders()) < number:
                pass  # each look waits for the database's thread
        await seen_through(live)
        assert len(await live.bot.stores.orders.open_orders()) == number, (status, code)
    await live.close()
    assert orders(stage) == [("open", None)] * len(REFUSALS)
    assert list((await books(stage.var)).jobs.values()) == ["rendered"] * len(REFUSALS)
    refuse(stage, "edit_*", CHANNEL, "send", status=403, code=50013)
    await live.start()
    await seen_through(live)
    second = stage.standin.add_channel(stage.guild, "second")
    for who in people:
        asked = await who.slash(second, "credits show")
        await asked.until(lambda i: "/portraits` has it" in i.text, 30, "the notice")
    assert stage.shown() == []
    await stage.standin.until(lambda: stage.standin.requests[-1].status is not None, 30)
    await until_closed(live)
    await closed_by(stage, live, "portraits", len(REFUSALS))


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
    await seen_through(live)
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
    await seen_through(live)
    assert len(stage.shown()) == 1
    await closed_by(stage, live, "token")
