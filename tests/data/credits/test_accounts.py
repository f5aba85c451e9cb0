"""Credits, allowances, tiers and what moderators may do with them."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from data.core.data_errors import BadAmount, GrantLimitReached, KeyReused
from data.credits import ledger
from data.credits.accounts import FREE, UNLIMITED, Granted, GrantLimits
from data.credits.ledger import LedgerNote
from tests.data.conftest import ANA, BEN, DAY, GUILD, MODERATOR, NOON, House, order

MONDAY, TUESDAY, WEDNESDAY = "2027-01-04", "2027-01-05", "2027-01-06"


async def grant(
    house: House, amount: int, *, key: str = "g", user: int = ANA, guild: int = GUILD
) -> ledger.LedgerEntry:
    return await house.accounts.grant(
        guild, user, amount, LedgerNote(key=key, actor_id=MODERATOR, reason="welcome", now=NOON)
    )


async def balance(house: House, day: str | None = None, allowance: int = 0) -> tuple[int, int]:
    account = await house.accounts.get(GUILD, ANA, now=NOON, allowance=allowance, day=day)
    assert await ledger.check(house.db) == []
    return account.balance, account.allowance_left


async def test_a_grant_repeated_by_a_retry_counts_once(house: House) -> None:
    first = await grant(house, 50)
    assert await grant(house, 50) == first
    assert (await balance(house))[0] == 50
    assert len(await house.audit.page(GUILD)) == 1


async def test_a_key_cannot_be_used_for_something_else(house: House) -> None:
    await grant(house, 50)
    with pytest.raises(KeyReused):
        await grant(house, 60)
    with pytest.raises(KeyReused):
        await grant(house, 50, user=BEN)
    assert await house.accounts.find(GUILD, BEN, now=NOON) is None


async def test_accounts_of_two_servers_are_two_accounts(house: House) -> None:
    await grant(house, 50)
    assert (await house.accounts.get(GUILD + 1, ANA, now=NOON)).balance == 0


@pytest.mark.parametrize("amount", [0, -5, 10**12])
async def test_only_sensible_amounts_are_granted(house: House, amount: int) -> None:
    with pytest.raises(BadAmount, match="between 1 and"):
        await grant(house, amount)


async def test_the_allowance_is_given_once_a_day(house: House) -> None:
    found = await asyncio.gather(*(balance(house, MONDAY, 100) for _ in range(10)))
    assert set(found) == {(100, 100)}


async def test_unspent_allowance_does_not_pile_up_and_grants_stay(house: House) -> None:
    await grant(house, 7)
    assert await balance(house, MONDAY, 100) == (107, 100)
    await house.orders.place(order(30), now=NOON)
    assert await balance(house, TUESDAY, 100) == (107, 100)
    kinds = [(entry.kind, entry.amount) for entry in await house.accounts.history(1)]
    assert kinds[:2] == [("allowance", 100), ("expiry", -70)]


async def test_a_day_that_goes_back_with_the_time_zone_gives_nothing(house: House) -> None:
    await balance(house, TUESDAY, 100)
    await house.orders.place(order(100), now=NOON)
    assert await balance(house, MONDAY, 100) == (0, 0)
    assert await balance(house, TUESDAY, 100) == (0, 0)


async def test_an_allowance_switched_off_ends_and_switched_on_begins(house: House) -> None:
    await balance(house, MONDAY, 100)
    assert await balance(house, TUESDAY, 0) == (0, 0)
    assert await balance(house, TUESDAY, 80) == (80, 80)
    assert await balance(house, TUESDAY, 100) == (80, 80)


async def test_orders_take_the_allowance_first(house: House) -> None:
    await grant(house, 50)
    await balance(house, MONDAY, 10)
    await house.orders.place(order(7, 7), now=NOON)
    assert await balance(house) == (46, 0)


async def test_cancelling_on_the_same_day_gives_the_allowance_back(house: House) -> None:
    await balance(house, MONDAY, 100)
    placed = await house.orders.place(order(60), now=NOON)
    await house.orders.end(placed.jobs[0].id, "cancelled", "", NOON)
    assert await balance(house, MONDAY, 100) == (100, 100)


async def test_cancelling_after_midnight_turns_no_allowance_into_lasting_credits(house: House) -> None:
    """Whether the new day's allowance was given before the cancel or comes after it."""
    await grant(house, 5)
    await balance(house, MONDAY, 100)
    first = await house.orders.place(order(60), now=NOON)
    second = await house.orders.place(order(45), now=NOON)  # five of them lasting
    await balance(house, TUESDAY, 100)
    await house.orders.end(first.jobs[0].id, "cancelled", "", NOON + DAY)
    await house.orders.end(second.jobs[0].id, "cancelled", "", NOON + DAY)
    assert await balance(house, TUESDAY, 100) == (105, 100)
    third = await house.orders.place(order(100), now=NOON)
    await house.orders.end(third.jobs[0].id, "cancelled", "", NOON + 2 * DAY)
    assert await balance(house, WEDNESDAY, 100) == (105, 100)


async def test_revoking_takes_what_is_there_and_lasting_credits_first(house: House) -> None:
    await grant(house, 50)
    await balance(house, MONDAY, 100)
    taken = await house.accounts.revoke(GUILD, ANA, 30, LedgerNote(key="r", actor_id=MODERATOR, now=NOON))
    assert taken.amount == -30
    assert await balance(house) == (120, 100)
    everything = await house.accounts.revoke(GUILD, ANA, 500, LedgerNote(key="r2", actor_id=MODERATOR, now=NOON))
    assert everything.amount == -120
    assert await balance(house) == (0, 0)
    repeated = await house.accounts.revoke(GUILD, ANA, 500, LedgerNote(key="r2", actor_id=MODERATOR, now=NOON))
    assert repeated == everything


async def test_a_tier_ends_exactly_when_it_should(house: House) -> None:
    end = NOON + DAY
    await house.accounts.grant_tier(
        GUILD, ANA, UNLIMITED, LedgerNote(key="t", actor_id=MODERATOR, reason="won a contest", now=NOON), until=end
    )
    assert (await house.accounts.get(GUILD, ANA, now=end - 0.001)).tier == UNLIMITED
    found = await house.accounts.find(GUILD, ANA, now=end)
    assert found is not None
    assert (found.tier, found.tier_until) == (FREE, None)
    assert (await house.accounts.get(GUILD, ANA, now=end)).tier == FREE
    changes = await house.accounts.tier_history(found.id)
    assert [(change.kind, change.tier) for change in changes] == [("expiry", UNLIMITED), ("grant", UNLIMITED)]
    assert changes[1].reason == "won a contest"


async def test_a_tier_without_an_end_lasts_until_it_is_revoked(house: House) -> None:
    for _ in range(2):
        account = await house.accounts.grant_tier(
            GUILD, ANA, UNLIMITED, LedgerNote(key="t", actor_id=MODERATOR, now=NOON), until=None
        )
    assert (await house.accounts.get(GUILD, ANA, now=NOON + 9999 * DAY)).tier == UNLIMITED
    await house.accounts.revoke_tier(GUILD, ANA, LedgerNote(key="r", actor_id=MODERATOR, now=NOON))
    # The first grant's message delivered once more does not bring the tier back.
    await house.accounts.grant_tier(
        GUILD, ANA, UNLIMITED, LedgerNote(key="t", actor_id=MODERATOR, now=NOON), until=None
    )
    assert (await house.accounts.get(GUILD, ANA, now=NOON)).tier == FREE
    assert len(await house.accounts.tier_history(account.id)) == 2


async def test_the_end_of_a_tier_is_told_once_and_again_when_it_moves(house: House) -> None:
    async def give(until: float, key: str) -> None:
        await house.accounts.grant_tier(
            GUILD, ANA, UNLIMITED, LedgerNote(key=key, actor_id=MODERATOR, now=NOON), until=until
        )

    await give(NOON + 2 * DAY, "t1")
    assert await house.accounts.tiers_ending(before=NOON + DAY) == []
    (account,) = await house.accounts.tiers_ending(before=NOON + 3 * DAY)
    assert (account.user_id, account.tier, account.tier_until) == (ANA, UNLIMITED, NOON + 2 * DAY)
    await house.accounts.mark_notified(account)
    assert await house.accounts.tiers_ending(before=NOON + 3 * DAY) == []
    await give(NOON + 2.5 * DAY, "t2")
    assert len(await house.accounts.tiers_ending(before=NOON + 3 * DAY)) == 1


async def test_moderators_cannot_pass_their_limits_even_at_once(house: House) -> None:
    limits = GrantLimits(since=NOON - DAY, credits=100, tiers=1)

    async def give(number: int) -> None:
        await house.accounts.grant(
            GUILD, number, 40, LedgerNote(key=f"g{number}", actor_id=MODERATOR, now=NOON), limits=limits
        )

    done = await asyncio.gather(*(give(number) for number in range(5)), return_exceptions=True)
    assert sum(isinstance(each, GrantLimitReached) for each in done) == 3
    assert await house.accounts.granted(GUILD, MODERATOR, since=NOON - DAY) == Granted(80, 0)
    # A retry of what was granted is not a new grant; another server has a limit of its own; so has the next day.
    first = next(number for number, each in enumerate(done) if each is None)
    await give(first)
    await house.accounts.grant(GUILD + 1, 1, 40, LedgerNote(key="other", actor_id=MODERATOR, now=NOON), limits=limits)
    tomorrow = GrantLimits(since=NOON + 1, credits=100)
    await house.accounts.grant(
        GUILD, 1, 40, LedgerNote(key="next", actor_id=MODERATOR, now=NOON + DAY), limits=tomorrow
    )
    await house.accounts.grant_tier(
        GUILD, 1, UNLIMITED, LedgerNote(key="t", actor_id=MODERATOR, now=NOON), until=None, limits=limits
    )
    with pytest.raises(GrantLimitReached, match="may grant in a day: 1"):
        await house.accounts.grant_tier(
            GUILD, 2, UNLIMITED, LedgerNote(key="t2", actor_id=MODERATOR, now=NOON), until=None, limits=limits
        )


async def test_history_pages_neither_repeat_nor_miss_while_entries_are_added(house: House) -> None:
    for number in range(25):
        await grant(house, number + 1, key=f"g{number}")
    account = await house.accounts.get(GUILD, ANA, now=NOON)
    seen: list[int] = []
    before: int | None = None
    while page := await house.accounts.history(account.id, before_id=before, limit=10):
        seen += [entry.amount for entry in page]
        before = page[-1].id
        await grant(house, 1000, key=f"meanwhile {len(seen)}")
    assert seen == list(range(25, 0, -1))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET amount = 1000",
        "UPDATE ledger SET balance_after = 1000",
        "UPDATE ledger SET kind = 'adjust'",
        "DELETE FROM ledger",
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger",
        "INSERT INTO ledger (account_id, kind, amount, balance_after, key, actor_id, created_at)"
        " VALUES (1, 'grant', 10, 1000, 'forged', 9, 0)",
        "UPDATE accounts SET balance = -1",
        "DELETE FROM accounts",
        "UPDATE audit SET actor_id = 5",
        "DELETE FROM audit",
    ],
)
async def test_the_past_cannot_be_rewritten(house: House, statement: str) -> None:
    await grant(house, 50)

    async def rewrite() -> None:
        async with house.db.transaction() as tx:
            await tx.execute(statement)

    with pytest.raises(sqlite3.IntegrityError):
        await rewrite()
    assert await balance(house) == (50, 0)


async def test_the_check_finds_what_does_not_add_up(house: House) -> None:
    await grant(house, 50)
    async with house.db.transaction() as tx:
        await tx.execute("UPDATE accounts SET balance = 60")
    assert await ledger.check(house.db) == ["Account 1 has a balance of 60, but its entries add up to 50."]
