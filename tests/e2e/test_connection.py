"""The gateway breaks, Discord stumbles, limits change: orders come through and nothing happens twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.e2e.stage import LiveBot, Stage, books, finished
from tests.standin import Options, Permission


@pytest.fixture
async def live(stage: Stage) -> AsyncIterator[LiveBot]:
    live = stage.live()
    await live.start()
    yield live
    await live.close()


async def delivered(live: LiveBot) -> None:
    """Waits until no job is open any more, at most two minutes."""
    assert live.bot is not None
    for _ in range(2400):
        rows = await live.bot.stores.database.fetch_all("SELECT state FROM jobs")
        if {row["state"] for row in rows} == {"delivered"}:
            return
        await asyncio.sleep(0.05)
    pytest.fail("The order stays open.")


async def check_books(stage: Stage, live: LiveBot, *, delivered: int) -> None:
    await live.close()
    found = await books(stage.var)
    assert found.complaints == ()
    assert found.ended
    assert list(found.jobs.values()) == ["delivered"] * delivered


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_broken_gateway_connection_disturbs_no_order(stage: Stage, live: LiveBot, forgotten: bool) -> None:
    """Resumed, or (when Discord has forgotten the session) identified anew: the order is neither lost nor repeated."""
    held = stage.standin.faults.hold_before("edit_*")
    order = await stage.order()
    await held.wait_hit()
    if forgotten:
        stage.standin.gateway.forget_sessions()
    await stage.standin.gateway.drop(4000)
    gateway = stage.standin.gateway
    await stage.standin.until(lambda: gateway.ready and gateway.identifies + gateway.resumes == 2, 30)
    held.release()
    message = await finished(order)
    again = await stage.portrait()
    assert stage.shown() == [message, again]
    await check_books(stage, live, delivered=2)


async def test_a_server_error_of_discord_is_waited_out(stage: Stage, live: LiveBot) -> None:
    stage.standin.faults.answer("edit_*", 502, nth=2)
    await stage.portrait()
    await check_books(stage, live, delivered=1)


async def test_a_rate_limit_is_waited_out(stage: Stage, live: LiveBot) -> None:
    stage.standin.faults.rate_limit("edit_*", 0.3, nth=1, times=3)
    await stage.portrait()
    await check_books(stage, live, delivered=1)


async def test_a_picture_that_discord_finds_too_large_after_all_is_sent_again(stage: Stage, live: LiveBot) -> None:
    """The server lost its boosts between the order and the portrait."""
    stage.standin.faults.answer("edit_*", 413, nth=2)
    await stage.portrait()
    await check_books(stage, live, delivered=1)


async def test_a_result_that_discord_will_not_take_ends_all_the_same(stage: Stage, live: LiveBot) -> None:
    """A message that Discord refuses for good must not leave the order open for ever."""
    stage.standin.faults.answer("edit_*", 400, nth=2, times=50)
    order = await stage.accepted()
    listed = await stage.ana.slash(stage.channel, "portraits")
    await listed.wait_acked()
    assert order.message is not None
    await delivered(live)  # on a busy machine the first edit that is refused shows a step, not the result
    assert any(request.status == 400 for request in stage.standin.requests)
    await check_books(stage, live, delivered=1)


async def test_a_lost_send_is_looked_for_when_the_nonce_no_longer_helps(stage: Stage) -> None:
    """Discord forgets nonces after minutes; then only the channel's history tells what became of a send."""
    stage.standin.world.options = Options(nonce_window_s=-1)
    live = stage.live()
    await live.start()
    held = stage.standin.faults.hold_before("edit_*")
    order = await stage.order()
    await held.wait_hit()
    assert order.message is not None
    stage.standin.delete_message(order.message)
    lost = stage.standin.faults.drop_after("send")
    held.release()
    await lost.wait_hit(60)
    await stage.standin.until(lambda: [r for r in stage.standin.requests if r.name == "history"], 30, "a look")
    await check_books(stage, live, delivered=1)
    assert len(stage.shown()) == 1


async def test_a_lost_send_where_the_history_is_closed_is_repeated_under_its_nonce(stage: Stage, live: LiveBot) -> None:
    stage.standin.deny(stage.channel, stage.standin.bot, Permission.READ_MESSAGE_HISTORY)
    held = stage.standin.faults.hold_before("edit_*")
    order = await stage.order()
    await held.wait_hit()
    assert order.message is not None
    stage.standin.delete_message(order.message)
    lost = stage.standin.faults.drop_after("send")
    held.release()
    await lost.wait_hit(60)
    await stage.standin.until(lambda: [r for r in stage.standin.requests if r.name == "send" and r.status == 200], 30)
    await check_books(stage, live, delivered=1)
    assert [m.channel for m in stage.shown()] == [stage.channel]
