"""A portrait arrives once, whatever Discord does in between: lost answers, dead tokens, deleted messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.e2e.stage import LiveBot, Stage, books, finished, is_portrait
from tests.standin import Interaction
from tests.standin.faults import Fault, Request


@pytest.fixture
async def live(stage: Stage) -> AsyncIterator[LiveBot]:
    live = stage.live()
    await live.start()
    yield live
    await live.close()


async def check_books(stage: Stage, live: LiveBot, *, delivered: int) -> None:
    """Stop the bot; every job has ended, `delivered` of them with a portrait, and the ledger adds up."""
    await live.close()
    found = await books(stage.var)
    assert found.complaints == ()
    assert found.ended
    assert list(found.jobs.values()).count("delivered") == delivered


async def held_before_delivery(stage: Stage) -> tuple[Interaction, Fault]:
    """An order whose first status edit is held back, so that the test can act before the result is sent."""
    fault = stage.standin.faults.hold_before("edit_*")
    order = await stage.order()
    await fault.wait_hit(60)
    return order, fault


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("when", ["drop_after", "drop_before"])
async def test_a_lost_answer_loses_no_portrait(stage: Stage, live: LiveBot, when: str, nth: int) -> None:
    """The connection breaks at the order's nth request: its acknowledgement, its progress, its result."""
    fault: Fault = getattr(stage.standin.faults, when)("*", nth=nth)
    sent = await stage.ana.slash(stage.channel, "portrait", prompt="a woman in a red coat")
    await finished(sent)
    assert fault.hits == 1
    assert stage.shown() == [sent.message]
    await check_books(stage, live, delivered=1)


@pytest.mark.parametrize("call", ["edit", "user", "open_dm", "send"])
@pytest.mark.parametrize("when", ["drop_after", "drop_before"])
async def test_a_lost_answer_on_the_way_to_direct_messages_loses_no_portrait(
    stage: Stage, live: LiveBot, when: str, call: str
) -> None:
    """The channel is gone, and then the connection breaks at one of the calls that lead to a direct message."""
    order, held = await held_before_delivery(stage)
    fault: Fault = getattr(stage.standin.faults, when)(call)
    order.expire()
    stage.standin.delete_channel(stage.channel)
    held.release()
    await fault.wait_hit(60)
    await stage.standin.until(stage.shown, 60, "a direct message")
    await live_closed_order(stage)
    assert len(stage.shown()) == 1
    await check_books(stage, live, delivered=1)


async def live_closed_order(stage: Stage) -> None:
    """Return once nothing more will be sent: the last request was answered."""
    await stage.standin.until(lambda: stage.standin.requests[-1].status == 200, 30)


async def test_after_the_token_died_the_portrait_comes_through_the_channel(stage: Stage, live: LiveBot) -> None:
    order, fault = await held_before_delivery(stage)
    order.expire()
    fault.release()
    message = await finished(order)
    assert message.revisions[-1].via == "channel"
    assert stage.shown() == [message]
    await check_books(stage, live, delivered=1)


@pytest.mark.parametrize("when", ["drop_after", "drop_before"])
async def test_a_deleted_status_message_is_replaced_by_one_new_message(stage: Stage, live: LiveBot, when: str) -> None:
    """Also when the connection breaks at the new message: one that got through is found, not sent again."""
    order, held = await held_before_delivery(stage)
    assert order.message is not None
    stage.standin.delete_message(order.message)
    fault: Fault = getattr(stage.standin.faults, when)("send")
    held.release()
    await fault.wait_hit(60)
    await stage.standin.until(lambda: called(stage, "history"), 30, "a look for the message")
    await stage.standin.until(stage.shown, 30, "the portrait")
    await check_books(stage, live, delivered=1)
    assert len(called(stage, "send")) == (1 if when == "drop_after" else 2)
    assert len({r.payload["nonce"] for r in called(stage, "send")}) == 1
    assert len(stage.shown()) == 1


def called(stage: Stage, name: str) -> list[Request]:
    return [r for r in stage.standin.requests if r.name == name]


async def test_when_the_channel_is_gone_the_portrait_comes_by_direct_message(stage: Stage, live: LiveBot) -> None:
    order, fault = await held_before_delivery(stage)
    stage.standin.delete_channel(stage.channel)
    order.expire()
    fault.release()
    await stage.standin.until(lambda: any(is_portrait(m) for m in stage.ana.dm.history), 60, "a direct message")
    await check_books(stage, live, delivered=1)


async def test_when_every_way_is_closed_the_portrait_waits_in_portraits(stage: Stage, live: LiveBot) -> None:
    order, fault = await held_before_delivery(stage)
    stage.standin.delete_channel(stage.channel)
    stage.ana.user.accepts_dms = False
    order.expire()
    fault.release()
    await stage.standin.until(lambda: [r for r in stage.standin.requests if r.name == "send" and r.status == 403], 60)
    assert live.bot is not None
    async with asyncio.timeout(60):
        while not await live.bot.stores.orders.unshown(stage.ana.id):
            pass  # that no way is open is written down after the last of them was refused
    other = stage.standin.add_channel(stage.guild, "second")
    listed = await stage.ana.slash(other, "portraits")
    await listed.shown("No. 1")
    await listed.until(lambda i: "/portraits` has it" in i.text, 30, "the notice")
    await live_closed_order(stage)
    async with asyncio.timeout(60):
        while await live.bot.stores.orders.open_orders():
            pass  # each look waits for the database's thread
    assert stage.shown() == []
    await check_books(stage, live, delivered=1)


async def test_a_picture_above_the_upload_limit_is_sent_smaller(stage: Stage, live: LiveBot) -> None:
    stage.guild.upload_limit_bytes = 3000
    message = await stage.portrait()
    assert [a.content_type for a in message.attachments] == ["image/webp"]
    assert 413 not in [r.status for r in stage.standin.requests]
    await check_books(stage, live, delivered=1)


async def test_a_prompt_pings_nobody(stage: Stage, live: LiveBot) -> None:
    order = await stage.order(
        prompt=f"<@&{stage.guild.id}> in a red coat, [click](https://example.com), a sign reading '@everyone'"
    )
    await finished(order)
    assert [m for m in stage.channel.messages.values() if m.pings] == []


async def test_a_prompt_that_names_a_member_is_explained_and_costs_nothing(stage: Stage, live: LiveBot) -> None:
    order = await stage.order(prompt=f"{stage.ben.mention} in a red coat")
    await order.until(lambda i: "member of this server" in i.text, 10)
    assert order.message is not None
    await check_books(stage, live, delivered=0)


async def test_edits_stay_within_discords_limits(stage: Stage, live: LiveBot) -> None:
    for who in (stage.ana, stage.ben, stage.mod):
        await stage.portrait(who)
    assert stage.standin.rate_limited == []
