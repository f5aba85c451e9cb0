"""Orders: charged once, in one commit, and every hold ends with its job."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from data.core.data_errors import (
    CeilingReached,
    CharacterGone,
    InsufficientCredits,
    JobOver,
    KeyReused,
    NotRendered,
    OrderUnfinished,
    TierEnded,
    UnknownJob,
)
from data.credits import ledger
from data.credits.ledger import LedgerNote
from data.orders.jobs import SpendCeiling
from data.pictures.kept_reviews import KeptReview, KeptReviews
from tests.data.conftest import ANA, BEN, FACTS, GUILD, MODERATOR, NOON, House, names, order, png
from tests.data.lone_process import said, started


@pytest.fixture
async def rich(house: House) -> House:
    """A house where Ana has 100 credits."""
    await house.accounts.grant(GUILD, ANA, 100, LedgerNote(key="g", actor_id=MODERATOR, now=NOON))
    return house


async def balance(house: House, user: int = ANA) -> int:
    assert await ledger.check(house.db) == []
    return (await house.accounts.get(GUILD, user, now=NOON)).balance


async def test_an_order_tells_what_it_holds_and_what_is_left(rich: House) -> None:
    wanted = order(10, 20)
    placed = await rich.orders.place(wanted, now=NOON)
    assert (placed.created, placed.balance, placed.state) == (True, 70, "open")
    assert [(job.id, job.price, job.state) for job in placed.jobs] == [
        (f"{wanted.id}.0", 10, "waiting"),
        (f"{wanted.id}.1", 20, "waiting"),
    ]
    assert await rich.orders.get(wanted.id) == replace(placed, created=False)


async def test_the_same_interaction_delivered_twice_charges_once(rich: House) -> None:
    both = await asyncio.gather(*(rich.orders.place(order(10, source="interaction:1"), now=NOON) for _ in range(2)))
    assert [each.created for each in both] == [True, False]
    assert both[0].id == both[1].id
    assert await balance(rich) == 90


async def test_one_user_cannot_claim_the_order_of_another(rich: House) -> None:
    await rich.orders.place(order(10, source="interaction:1"), now=NOON)
    with pytest.raises(KeyReused):
        await rich.orders.place(order(0, source="interaction:1", user=BEN), now=NOON)


async def test_200_orders_at_once_on_a_balance_for_3_run_exactly_3(house: House) -> None:
    await house.accounts.grant(GUILD, ANA, 30, LedgerNote(key="g", actor_id=MODERATOR, now=NOON))
    done = await asyncio.gather(*(house.orders.place(order(10), now=NOON) for _ in range(200)), return_exceptions=True)
    refused = [each for each in done if isinstance(each, InsufficientCredits)]
    assert len(refused) == 197
    assert str(refused[0]) == "This costs 10 credits and you have 0."
    assert len(await house.orders.open_orders()) == 3
    holds = [entry for entry in await house.accounts.history(1, limit=500) if entry.kind == "hold"]
    assert len(holds) == 3
    assert await balance(house) == 0


RACE = """
import asyncio, json, sys
from pathlib import Path
from data.core.data_errors import InsufficientCredits
from tests.data.conftest import NOON, House, order
from tests.data.lone_process import alone

async def main() -> None:
    house = await House.open(Path(sys.argv[1]))
    print("ready", flush=True)
    sys.stdin.readline()
    wanted = [order(10, source=f"{sys.argv[2]}:{n}") for n in range(100)]
    done = await asyncio.gather(*(house.orders.place(each, now=NOON) for each in wanted), return_exceptions=True)
    failed = [each for each in done if isinstance(each, BaseException)]
    print(json.dumps([len(done) - len(failed), [repr(e) for e in failed if not isinstance(e, InsufficientCredits)]]))
    await house.db.close()

alone(main())
"""


async def test_two_processes_on_one_file_run_exactly_3(house: House, tmp_path: Path) -> None:
    await house.accounts.grant(GUILD, ANA, 30, LedgerNote(key="g", actor_id=MODERATOR, now=NOON))
    with started(RACE, tmp_path, 0) as one, started(RACE, tmp_path, 1) as other:
        assert [said(run) for run in (one, other)] == ["ready", "ready"]
        for run in (one, other):
            assert run.stdin is not None
            run.stdin.write("\n")
            run.stdin.flush()
        results = [json.loads(said(run)) for run in (one, other)]
    assert sum(placed for placed, _ in results) == 3
    assert [others for _, others in results] == [[], []]
    assert len(await house.orders.open_orders()) == 3
    assert await balance(house) == 0


async def test_an_order_too_dear_leaves_no_trace(rich: House) -> None:
    wanted = order(60, 60)
    with pytest.raises(InsufficientCredits) as error:
        await rich.orders.place(wanted, now=NOON)
    assert (error.value.balance, error.value.price) == (100, 120)
    assert await rich.orders.get(wanted.id) is None
    assert await balance(rich) == 100


async def test_the_unlimited_tier_orders_for_nothing_and_holds_nothing(house: House) -> None:
    await house.accounts.grant_tier(
        GUILD, ANA, "unlimited", LedgerNote(key="t", actor_id=MODERATOR, now=NOON), until=NOON + 60
    )
    portrait_id = await house.delivered(order(0, tier="unlimited"))
    assert await house.portraits.get(portrait_id) is not None
    entries = await house.accounts.history(1)
    assert [(entry.kind, entry.amount) for entry in entries] == [("settle", 0), ("hold", 0)]
    assert await balance(house) == 0


async def test_a_price_that_rests_on_a_tier_ends_with_it(house: House) -> None:
    await house.accounts.grant_tier(
        GUILD, ANA, "unlimited", LedgerNote(key="t", actor_id=MODERATOR, now=NOON), until=NOON + 60
    )
    with pytest.raises(TierEnded, match="unlimited"):
        await house.orders.place(order(0, tier="unlimited"), now=NOON + 60)


async def test_a_spend_ceiling_holds_for_orders_at_once(house: House) -> None:
    ceilings = [
        SpendCeiling("mage", NOON - 10, 100_000),
        SpendCeiling("mage", NOON - 10, 60_000, per_user=True),
    ]

    async def spend(user: int) -> None:
        await house.orders.place(
            order(0, user=user, provider="mage", cost_usd_micros=20_000), now=NOON, ceilings=ceilings
        )

    done = await asyncio.gather(*(spend(ANA) for _ in range(5)), return_exceptions=True)
    assert [each.whose for each in done if isinstance(each, CeilingReached)] == ["user", "user"]
    done = await asyncio.gather(*(spend(BEN) for _ in range(5)), return_exceptions=True)
    assert [each.whose for each in done if isinstance(each, CeilingReached)] == ["all", "all", "all"]
    assert await house.orders.spent_usd_micros("mage", since=NOON) == 100_000
    # What failed has cost nothing, local portraits never do, and another day begins at zero.
    await house.orders.end((await house.orders.open_orders())[0].jobs[0].id, "failed", "", NOON)
    await spend(BEN)
    await house.orders.place(order(0), now=NOON, ceilings=ceilings)
    assert await house.orders.spent_usd_micros("mage", since=NOON + 1) == 0


async def test_a_delivered_portrait_is_paid_once(rich: House) -> None:
    placed = await rich.orders.place(order(10), now=NOON)
    job = placed.jobs[0].id
    assert await rich.orders.starting([job], NOON + 1) == {job}
    with pytest.raises(NotRendered):
        await rich.orders.settle(job, NOON)
    await rich.orders.store(job, await rich.pictures.stage(png()), FACTS, NOON)
    first = await rich.orders.settle(job, NOON + 5)
    assert (first.state, first.attempts, first.started_at, first.ended_at) == ("delivered", 1, NOON + 1, NOON + 5)
    assert await rich.orders.settle(job, NOON + 9) == first
    assert await rich.orders.end(job, "cancelled", "too late", NOON) == first
    assert await balance(rich) == 90


@pytest.mark.parametrize("state", ["failed", "cancelled"])
async def test_what_ends_without_a_portrait_is_refunded_once(rich: House, state: str) -> None:
    placed = await rich.orders.place(order(10, 20), now=NOON)
    job = placed.jobs[0].id
    for _ in range(2):
        ended = await rich.orders.end(job, "failed" if state == "failed" else "cancelled", "why", NOON)
        assert (ended.state, ended.error) == (state, "why")
    assert await balance(rich) == 80
    assert await rich.orders.starting([job], NOON) == frozenset()
    with pytest.raises(JobOver):
        await rich.orders.settle(job, NOON)


async def test_a_cancel_that_comes_while_the_last_step_runs_wins_or_loses_but_never_both(rich: House) -> None:
    for number in range(10):
        placed = await rich.orders.place(order(10), now=NOON)
        job = placed.jobs[0].id
        staged = await rich.pictures.stage(png(number))
        stored, ended = await asyncio.gather(
            rich.orders.store(job, staged, FACTS, NOON),
            rich.orders.end(job, "cancelled", "", NOON),
            return_exceptions=True,
        )
        assert not isinstance(ended, BaseException)
        assert isinstance(stored, JobOver) == (ended.state == "cancelled")
        if ended.state == "rendered":
            await rich.orders.settle(job, NOON)
        assert not any(name.startswith(".") for name in names(rich.pictures.folder))
    assert await balance(rich) <= 100


async def test_a_rendered_job_is_refunded_only_when_that_is_meant(rich: House) -> None:
    wanted = order(10)
    await rich.rendered(wanted)
    assert (await rich.orders.end(f"{wanted.id}.0", "failed", "", NOON)).state == "rendered"
    assert (await rich.orders.end(f"{wanted.id}.0", "failed", "", NOON, rendered_too=True)).state == "failed"
    assert await balance(rich) == 100


async def test_storing_twice_keeps_the_first_portrait(rich: House) -> None:
    placed = await rich.orders.place(order(10), now=NOON)
    job = placed.jobs[0].id
    first = await rich.orders.store(job, await rich.pictures.stage(png(1)), FACTS, NOON)
    assert await rich.orders.store(job, await rich.pictures.stage(png(2)), FACTS, NOON) == first
    assert names(rich.pictures.folder) == {f"{first.sha256}.png"}


async def test_after_a_restart_open_orders_go_on_in_their_old_order(rich: House, tmp_path: Path) -> None:
    placed = [await rich.orders.place(order(1, 1), now=NOON - number) for number in range(5)]
    running = [placed[0].jobs[0].id, placed[2].jobs[0].id]
    await rich.orders.starting(running, NOON)
    for job in placed[1].jobs:
        await rich.orders.end(job.id, "cancelled", "", NOON)
    await rich.orders.close(placed[1].id)
    await rich.db.close()
    again = await House.open(tmp_path)
    found = await again.orders.open_orders()
    assert [each.id for each in found] == [placed[number].id for number in (0, 2, 3, 4)]
    assert [job.state for job in found[0].jobs] == ["running", "waiting"]
    assert [job.attempts for job in found[0].jobs] == [1, 0]
    arrivals = [job.arrival for each in found for job in each.jobs]
    assert arrivals == sorted(arrivals)
    await again.db.close()


async def test_a_graceful_stop_does_not_count_as_an_attempt(rich: House) -> None:
    placed = await rich.orders.place(order(1, 1), now=NOON)
    ids = [job.id for job in placed.jobs]
    await rich.orders.starting(ids, NOON)
    await rich.orders.starting(ids, NOON)
    await rich.orders.requeue_running()
    found = await rich.orders.get(placed.id)
    assert found is not None
    assert [(job.state, job.attempts) for job in found.jobs] == [("waiting", 1), ("waiting", 1)]


async def test_an_order_is_closed_only_when_nothing_of_it_holds_credits(rich: House) -> None:
    wanted = order(10)
    await rich.rendered(wanted)
    with pytest.raises(OrderUnfinished):
        await rich.orders.close(wanted.id)
    await rich.orders.settle(f"{wanted.id}.0", NOON)
    await rich.orders.close(wanted.id)
    closed = await rich.orders.get(wanted.id)
    assert closed is not None
    assert (closed.state, closed.token) == ("closed", None)
    assert await rich.orders.open_orders() == []


async def test_the_message_of_an_order_is_the_message_of_its_portraits(rich: House) -> None:
    wanted = order(10)
    portrait_id = await rich.rendered(wanted)
    await rich.orders.sending(wanted.id, NOON)
    await rich.orders.sending(wanted.id, NOON + 60)
    await rich.orders.set_message(wanted.id, 555, 101)
    found = await rich.orders.get(wanted.id)
    assert found is not None
    assert (found.message_id, found.channel_id, found.sending_since) == (555, 101, NOON)
    assert [portrait.id for portrait in await rich.portraits.by_message(555)] == [portrait_id]


async def test_a_character_deleted_meanwhile_does_not_break_a_waiting_order(rich: House) -> None:
    ana = await rich.characters.save(ANA, GUILD, "ana", await rich.pictures.stage(png()), origin="upload", now=NOON)
    (reference,) = ana.references
    placed = await rich.orders.place(order(10, references=(reference.id,)), now=NOON)
    await rich.characters.delete(ANA, "ana")
    found = await rich.orders.get(placed.id)
    assert found is not None
    assert [(each.handle, each.sha256) for each in found.references] == [("ana", reference.sha256)]
    assert await rich.pictures.read(reference.sha256) == png()
    await rich.orders.end(placed.jobs[0].id, "cancelled", "", NOON)
    await rich.orders.close(placed.id)
    assert names(rich.pictures.folder) == set()


async def test_references_that_are_gone_or_another_users_are_refused_before_anything_is_charged(
    rich: House,
) -> None:
    kai = await rich.characters.save(BEN, GUILD, "kai", await rich.pictures.stage(png()), origin="upload", now=NOON)
    for reference in (kai.references[0].id, 999):
        with pytest.raises(CharacterGone):
            await rich.orders.place(order(10, references=(reference,)), now=NOON)
    assert await balance(rich) == 100


async def test_a_users_orders_are_listed_newest_first(rich: House) -> None:
    placed = [(await rich.orders.place(order(1), now=NOON + number)).id for number in range(4)]
    await rich.orders.place(order(0, user=BEN), now=NOON)
    assert [each.id for each in await rich.orders.of_user(GUILD, ANA, limit=3)] == placed[:0:-1]


async def test_unknown_ids_are_told_apart(house: House) -> None:
    assert await house.orders.get("nothing") is None
    assert await house.orders.job("nothing") is None
    with pytest.raises(UnknownJob):
        await house.orders.settle("nothing", NOON)


@pytest.mark.parametrize("state", ["delivered", "failed", "cancelled"])
async def test_the_database_itself_lets_no_hold_outlive_its_job(rich: House, state: str) -> None:
    placed = await rich.orders.place(order(10), now=NOON)

    async def end() -> None:
        async with rich.db.transaction() as tx:
            await tx.execute("UPDATE jobs SET state = ? WHERE order_id = ?", (state, placed.id))

    with pytest.raises(sqlite3.IntegrityError, match="must be"):
        await end()


LIFE = """
import asyncio, itertools, sys
from pathlib import Path
from tests.data.conftest import ANA, FACTS, GUILD, NOON, House, order, png
from tests.data.lone_process import alone

async def one(house: House, number: int) -> None:
    placed = await house.orders.place(order(1, 2, source=f"{sys.argv[2]}:{number}"), now=NOON)
    first, second = (job.id for job in placed.jobs)
    await house.orders.starting([first, second], NOON)
    await house.orders.store(first, await house.pictures.stage(png(number)), FACTS, NOON)
    await house.orders.settle(first, NOON)
    await house.orders.end(second, "failed", "", NOON)
    await house.orders.close(placed.id)
    print(number, flush=True)

async def main() -> None:
    house = await House.open(Path(sys.argv[1]))
    for number in itertools.count():
        await asyncio.gather(*(one(house, 4 * number + part) for part in range(4)))

alone(main())
"""


async def test_killed_at_any_moment_nothing_is_lost_or_charged_twice(house: House, tmp_path: Path) -> None:
    await house.accounts.grant(GUILD, ANA, 100_000, LedgerNote(key="g", actor_id=MODERATOR, now=NOON))
    finished = 0
    for life in range(5):
        with started(LIFE, tmp_path, life) as run:
            for _ in range(3 + 5 * life):
                said(run)
            run.kill()
            finished += 3 + 5 * life + len(run.communicate()[0].splitlines())
        assert (await house.pictures.sweep()).missing == ()
        for each in await house.orders.open_orders():
            for job in each.jobs:
                if job.state == "rendered":
                    await house.orders.settle(job.id, NOON)
                else:
                    await house.orders.end(job.id, "failed", "", NOON)
            await house.orders.close(each.id)
    orders = await house.orders.of_user(GUILD, ANA, limit=10_000)
    assert finished <= len(orders) <= finished + 5 * 4
    spent = sum(job.price for each in orders for job in each.jobs if job.state == "delivered")
    assert await balance(house) == 100_000 - spent


async def test_the_best_of_several_is_chosen_once_and_its_message_shows_it_alone(rich: House) -> None:
    wanted = replace(order(10, 10), best_of=2, message_id=70)
    placed = await rich.orders.place(wanted, now=NOON)
    first, second = [
        await rich.orders.store(job.id, await rich.pictures.stage(png(shade)), FACTS, NOON)
        for shade, job in enumerate(placed.jobs)
    ]
    best = placed.jobs[1].id
    assert await rich.orders.choose_best(placed.id, best) == best
    assert await rich.orders.choose_best(placed.id, placed.jobs[0].id) == best
    await rich.orders.set_message(placed.id, 71, placed.channel_id)
    assert [one.id for one in await rich.portraits.by_message(71)] == [second.id]
    fresh = await rich.orders.get(placed.id)
    assert fresh is not None
    assert (fresh.best_of, fresh.best_job) == (2, best)
    other = await rich.portraits.get(first.id)
    assert other is not None
    assert (other.message_id, other.channel_id) == (None, placed.channel_id)


async def test_a_review_is_kept_once_and_goes_with_its_portrait(house: House) -> None:
    reviews, kept = KeptReviews(house.db), KeptReview(70.5, "{}")
    portrait_id = await house.delivered(order(0))
    await reviews.keep(portrait_id, kept, NOON)
    await reviews.keep(portrait_id, KeptReview(1.0, "later"), NOON)
    assert await reviews.of([portrait_id]) == {portrait_id: kept}
    await house.portraits.delete(portrait_id, NOON)
    await reviews.keep(portrait_id, kept, NOON)
    assert await reviews.of([portrait_id]) == {}
