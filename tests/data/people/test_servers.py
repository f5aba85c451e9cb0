"""What servers set, who may use the studio there, and the record of who said so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data.people.server_figures import DayFigures, Stats
from data.people.servers import ServerSettings
from tests.data.conftest import ANA, BEN, DAY, GUILD, MODERATOR, NOON, House, order

OWNER = 42


async def test_settings_are_kept_for_each_server(house: House) -> None:
    assert await house.servers.get(GUILD) == ServerSettings(guild_id=GUILD)
    settings = ServerSettings(
        guild_id=GUILD,
        studio_role_id=77,
        time_zone="Europe/Vienna",
        adult=True,
        blocked_words=("spam", "two words"),
        allowance=0,
    )
    await house.servers.save(settings, actor_id=MODERATOR, now=NOON)
    assert await house.servers.get(GUILD) == settings
    assert await house.servers.get(GUILD + 1) == ServerSettings(guild_id=GUILD + 1)
    await house.servers.save(replace(settings, allowance=50), actor_id=MODERATOR, now=NOON)
    latest = (await house.audit.page(GUILD))[0]
    assert (latest.action, latest.detail) == ("change settings", "allowance: 0 → 50")


async def test_blocked_words_do_not_appear_in_the_audit(house: House) -> None:
    settings = ServerSettings(guild_id=GUILD, blocked_words=("unspeakable",))
    await house.servers.save(settings, actor_id=MODERATOR, now=NOON)
    assert (await house.audit.page(GUILD))[0].detail == "blocked_words: 0 → 1"


async def test_the_owner_decides_which_servers_may_use_the_bot(house: House) -> None:
    assert await house.servers.access(GUILD) is None
    await house.servers.set_access(GUILD, allowed=True, actor_id=OWNER, now=NOON)
    await house.servers.set_access(GUILD + 1, allowed=False, actor_id=OWNER, reason="strangers", now=NOON + 1)
    assert await house.servers.access(GUILD) is True
    assert await house.servers.access(GUILD + 1) is False
    await house.servers.set_access(GUILD, allowed=False, actor_id=OWNER, now=NOON + 2)
    assert [(each.guild_id, each.allowed) for each in await house.servers.accesses()] == [
        (GUILD, False),
        (GUILD + 1, False),
    ]


async def test_a_ban_holds_in_its_server_until_it_is_lifted(house: House) -> None:
    first = await house.bans.add(GUILD, ANA, actor_id=MODERATOR, reason="rude", now=NOON)
    assert await house.bans.add(GUILD, ANA, actor_id=OWNER, reason="again", now=NOON) == first
    assert await house.bans.get(GUILD, ANA) == first
    assert await house.bans.get(GUILD + 1, ANA) is None
    assert await house.bans.list(GUILD) == [first]
    assert await house.bans.remove(GUILD, ANA, actor_id=MODERATOR, now=NOON)
    assert not await house.bans.remove(GUILD, ANA, actor_id=MODERATOR, now=NOON)
    assert [each.action for each in await house.audit.page(GUILD)] == ["studio unban", "studio ban"]


async def test_the_audit_is_filtered_and_paged(house: House) -> None:
    for number in range(12):
        await house.accounts.grant(
            GUILD, ANA if number % 2 else BEN, 1, key=f"g{number}", actor_id=MODERATOR, reason="=1+1", now=NOON + number
        )
    await house.audit.append(GUILD, ANA, "refused", target_id=BEN, detail="not a moderator here", now=NOON)
    await house.audit.append(GUILD + 1, ANA, "refused", now=NOON)
    assert len(await house.audit.page(None)) == 14
    assert [each.action for each in await house.audit.page(GUILD, actor_id=ANA)] == ["refused"]
    assert len(await house.audit.page(GUILD, target_id=ANA)) == 6
    assert len(await house.audit.page(GUILD, action="grant credits", since=NOON + 10)) == 2
    first = await house.audit.page(GUILD, target_id=BEN, limit=4)
    rest = await house.audit.page(GUILD, target_id=BEN, before_id=first[-1].id, limit=4)
    assert len(first) == 4
    assert [each.detail for each in [*first, *rest]] == [
        "not a moderator here",
        *[f"1 credits, {balance} then" for balance in range(6, 0, -1)],
    ]


async def test_figures_of_a_server_by_day_model_and_lane(house: House) -> None:
    await house.accounts.grant(GUILD, ANA, 100, key="g", actor_id=MODERATOR, now=NOON)
    midnight = NOON - DAY / 2
    await house.delivered(order(10), now=NOON)
    placed = await house.orders.place(order(10, 10, 10), now=NOON + DAY)
    first, second, third = (job.id for job in placed.jobs)
    await house.orders.starting([first, second], NOON + DAY + 4)
    await house.orders.end(first, "failed", "", NOON + DAY)
    await house.orders.end(third, "cancelled", "", NOON + DAY)
    await house.orders.place(order(0, guild=GUILD + 1), now=NOON)
    stats = Stats(house.db)
    edges = [midnight, midnight + DAY, midnight + 2 * DAY]
    assert await stats.days(GUILD, edges) == [
        DayFigures(0, "tiny", "standard", 1, 0, 0, 10),
        DayFigures(1, "tiny", "standard", 0, 1, 1, 0),
    ]
    (waits,) = await stats.waits(GUILD, since=midnight)
    assert (waits.lane, waits.count) == ("standard", 2)
    assert waits.median_s == waits.longest_s == pytest.approx(4)
    assert await stats.waits(GUILD, since=NOON + 2 * DAY) == []
