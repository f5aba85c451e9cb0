"""Three hundred kills at random moments under load, on the books of a hundred thousand orders."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
from collections import Counter

import pytest

from tests.e2e import old_books
from tests.e2e.stage import Books, Stage, books
from tests.e2e.test_restart import pictures
from tests.standin import Interaction
from tests.standin.model import clock

KILLS, OLD_ORDERS, OLD_PEOPLE = 300, 100_000, 1_000
MOST_OPEN = 40
"""Kills come faster than portraits are made: with so many open nobody orders more, so that some end in between."""
CLOSED_WITHIN_S = 30.0


@pytest.mark.long
async def test_three_hundred_kills_lose_nothing_deliver_nothing_twice_and_leave_nothing_open(
    patient_stage: Stage,
) -> None:
    await killed_often(patient_stage, kills=KILLS, old=OLD_ORDERS, people=OLD_PEOPLE)


async def test_a_few_kills_on_older_books_do_the_same(patient_stage: Stage) -> None:
    await killed_often(patient_stage, kills=4, old=2_000, people=50)


async def killed_often(stage: Stage, *, kills: int, old: int, people: int) -> None:
    """Kill a bot that orders keep coming to, start it a last time, and look at what is there."""
    await asyncio.to_thread(old_books.write, stage.var, orders=old, people=people)
    choice = random.Random(kills)
    bot = stage.warm_process(CREDITS_DAILY="1000000", QUEUE_WAITING_PER_USER="1000", QUEUE_WAITING="10000")
    sent: list[Interaction] = []
    for number in range(kills):
        await bot.start(120)
        fresh: list[Interaction] = []
        if open_orders(stage) < MOST_OPEN:
            who = choice.choices([stage.ana, stage.ben, stage.mod], k=choice.randrange(1, 5))
            words = f"a woman in a red coat, {number}"
            fresh = [await one.slash(stage.channel, "portrait", prompt=words) for one in who]
            sent += fresh
        await some_requests(stage, choice.randrange(1, 25), fresh)
        await bot.kill()
    await bot.start(120)
    left, started = open_orders(stage), clock()
    await stage.standin.until(lambda: not open_orders(stage), 600, "the last order to close")
    took_s = clock() - started
    print(f"{kills} kills, {len(sent)} commands, {left} open at the last start, all closed {took_s:.1f} s later")
    await bot.terminate(60)
    found = await books(stage.var)
    print(f"{len(found.jobs) - old} orders beside {old} older ones: {Counter(found.jobs.values())}")
    check(stage, found, old)
    assert took_s < CLOSED_WITHIN_S


async def some_requests(stage: Stage, count: int, fresh: list[Interaction]) -> None:
    """Return after `count` more requests of the bot, or when these are answered and nothing is open any more."""
    enough = len(stage.standin.requests) + count

    def done() -> bool:
        answered = all(one.message is not None and not one.message.loading for one in fresh)
        return len(stage.standin.requests) >= enough or (answered and not open_orders(stage))

    await stage.standin.until(done, 120)


def check(stage: Stage, found: Books, old: int) -> None:
    """The books add up, every job has ended, and each delivered portrait is shown once."""
    assert found.complaints == ()
    assert found.ended
    new = {job: state for job, state in found.jobs.items() if not job.startswith("0" * 8)}
    assert len(found.jobs) - len(new) == old
    assert len(new) >= 1
    shown = stage.shown()
    assert list(new.values()).count("delivered") == len(shown)
    assert len(set(pictures(shown))) == len(shown)


def open_orders(stage: Stage) -> int:
    """How many orders are open, read beside the bot that works on them."""
    uri = f"{next(stage.var.glob('*.sqlite3')).as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM orders WHERE state = 'open'").fetchone()[0])
