"""What holds for the costs of hosted portraits: told once for each ticket, presumed where nothing is told."""

from typing import Any

from data.credits.hosted_costs import CostBook
from tests.data.conftest import ANA, GUILD, NOON, House, order

JOBS: dict[str, Any] = {"user": ANA, "provider": "mage", "cost_usd_micros": 500}


async def job(house: House) -> str:
    """A job at Mage that is expected to cost 500."""
    return (await house.orders.place(order(0, **JOBS), now=NOON)).jobs[0].id


async def spent(house: House) -> int:
    return await house.orders.spent_usd_micros("mage", since=NOON)


async def test_a_job_under_way_counts_with_its_price_or_what_was_told_if_that_is_more(house: House) -> None:
    name = await job(house)
    assert await spent(house) == 500
    await house.orders.set_provider_ref(name, "ticket", 120)
    assert await spent(house) == 500
    await house.orders.set_provider_ref(name, "another", 600)
    assert await spent(house) == 720


async def test_the_same_ticket_is_counted_once(house: House) -> None:
    name = await job(house)
    for _ in range(2):
        await house.orders.set_provider_ref(name, "ticket", 900)
    assert await spent(house) == 900


async def test_a_job_that_failed_counts_only_with_what_was_charged(house: House) -> None:
    first, second = await job(house), await job(house)
    await house.orders.set_provider_ref(second, "ticket", 120)
    for name in (first, second):
        await house.orders.end(name, "failed", "no", NOON)
    assert await spent(house) == 120


async def test_what_is_taken_back_counts_no_more_and_only_the_last_is(house: House) -> None:
    name = await job(house)
    await house.orders.set_provider_ref(name, "first", 700)
    await house.orders.set_provider_ref(name, "second", 700)
    for _ in range(2):
        await house.orders.take_back_charge(name)
    assert await spent(house) == 700


async def test_a_charge_is_presumed_once_and_only_where_none_was_told(house: House) -> None:
    first, second = await job(house), await job(house)
    await house.orders.set_provider_ref(first, "sent")
    await house.orders.set_provider_ref(second, "ticket", 120)
    for name in (first, second):
        for _ in range(2):
            await house.orders.presume_charge(name, 500)
        await house.orders.end(name, "failed", "lost", NOON)
    assert await spent(house) == 620


async def test_sums_are_by_model_and_span_and_of_one_server_or_all(house: House) -> None:
    book = CostBook(house.db)
    await house.orders.place(order(0, **JOBS), now=NOON)
    await house.orders.place(order(0, **JOBS), now=NOON + 10)
    await house.orders.place(order(0, **{**JOBS, "guild": GUILD + 1}), now=NOON + 10)
    (here,) = await book.sums(GUILD, since=NOON, day=NOON + 5, month=NOON - 5)
    assert (here.usd_micros, here.day_usd_micros, here.month_usd_micros) == (1000, 500, 1000)
    (everywhere,) = await book.sums(None, since=NOON, day=NOON + 5, month=NOON - 5)
    assert everywhere.usd_micros == 1500


async def test_local_portraits_cost_nothing(house: House) -> None:
    await house.orders.place(order(0, user=ANA), now=NOON)
    assert await CostBook(house.db).sums(None, since=0.0, day=0.0, month=0.0) == ()
