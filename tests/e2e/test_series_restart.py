"""The bot dies in the middle of a series: it goes on, its one message ends as a sheet, and the books are right."""

from __future__ import annotations

import pytest

from bot.core import faults
from tests.e2e.stage import Stage, books
from tests.e2e.test_fault_points import ALLOWANCE, PRICE, closed, died


@pytest.mark.parametrize("point", ["portrait", "edit"])
async def test_a_series_survives_a_death_while_it_is_made_and_after_its_sheet_was_sent(
    stage: Stage, point: faults.Point
) -> None:
    bot = stage.warm_process()
    bot.settings |= {faults.VARIABLE: point, "SERIES_WAITING": "1"}
    await bot.start()
    sent = await stage.ana.slash(
        stage.channel, "series", {"prompt": "a woman in a red coat", "vary": "place: beach | forest | kitchen"}
    )
    order = await sent.wait_acked()
    await died(bot)
    before = await books(stage.var)
    assert before.complaints == ()
    assert before.balances == {stage.ana.id: ALLOWANCE - 3 * PRICE}
    await bot.start()
    await order.until(lambda i: i.message is not None and "kitchen" in i.message.text, 60, "the sheet")
    found = await closed(stage, bot)
    assert found.complaints == ()
    assert list(found.jobs.values()) == ["delivered"] * 3
    assert found.balances == before.balances
    shown = [message for message in stage.channel.history if message.attachments]
    assert [[one.name for one in message.attachments] for message in shown] == [["sheet.jpg"]]
