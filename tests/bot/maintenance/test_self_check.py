"""Each night the bot looks at itself, and its owner hears of each kind of fault once a day."""

import shutil
from collections.abc import Sequence

import pytest

from bot.core.settings import Settings
from bot.maintenance.self_check import SelfCheck, backup_folder, day_of
from data.upkeep import scheduled_backups
from tests.bot.conftest import World

DAY_S = 86_400.0
NIGHT = 1_800_000_000 // DAY_S * DAY_S + 3 * 3600
"""The moment at which a day of the self-check begins."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"backup_every_hours": 24, "backup_keep": 2})


@pytest.fixture
def world(world: World) -> World:
    """Mira owns the bot."""
    world.bot._owners = frozenset({world.mira.id})
    return world


async def told_in(world: World, *rounds: float) -> Sequence[str]:
    """What the owner is told in rounds at these moments."""
    channel = world.mira.user.dm_channel
    before = len(list(channel.history()))
    for moment in rounds:
        with world.env._bot_scope():
            await world.bot.maintenance.make(moment)
    return [message.content for message in channel.history()][before:]


async def test_nothing_is_told_while_all_is_well_and_backups_come_and_go(world: World) -> None:
    days = [NIGHT + number * DAY_S for number in range(4)]
    assert await told_in(world, *days, days[-1] + 3600) == []
    kept = scheduled_backups.kept(backup_folder(world.settings))
    assert [moment for moment, _ in kept] == days[-2:]


async def test_each_kind_of_fault_is_told_once_a_day_also_after_a_restart(world: World) -> None:
    assert await told_in(world, NIGHT - 1) == []
    await world.bot.studio.account(world.guild.id, world.sam.id)
    async with world.stores.database.transaction() as tx:
        await tx.execute("UPDATE accounts SET balance = balance + 1")
        await tx.execute(
            "INSERT INTO pictures (sha256, ext, bytes, width, height) VALUES (?, 'png', 1, 1, 1)", ("a" * 64,)
        )
    assert await told_in(world, NIGHT - 1) == []  # it was looked at in that night
    told = await told_in(world, NIGHT, NIGHT + 3600, NIGHT + 7200)
    assert len(told) == 2
    assert "books do not add up" in told[0]
    assert f"1 pictures are in the database and not on the disk, such as {'a' * 64}.png" in told[1]
    again = SelfCheck(world.settings, world.stores, pytest.fail)  # as the next start makes it
    await again.nightly(NIGHT + 10_800)
    for fault in await again.look(NIGHT + 10_800):
        await again.report(fault, NIGHT + 10_800)
    assert len(await told_in(world, NIGHT + DAY_S)) == 2


async def test_a_backup_that_cannot_be_made_and_a_full_disk_are_told(world: World) -> None:
    folder = backup_folder(world.settings)
    shutil.rmtree(folder)  # the first round has made it
    folder.write_text("in the way")
    told = await told_in(world, NIGHT, NIGHT + 3600, NIGHT + 2 * 3600)
    assert len(told) == 1
    assert f"No backup could be made in {folder}" in told[0]
    full = world.settings.model_copy(update={"data_free_mib": 2**40, "backup_every_hours": 0})
    check = world.bot.maintenance._check
    check._settings = full
    (fault,) = await check.look(NIGHT)
    assert (fault.key, "orders are refused" in fault.sentence) == ("disk", True)


def test_a_day_begins_at_night() -> None:
    assert day_of(NIGHT - 1) + 1 == day_of(NIGHT) == day_of(NIGHT + DAY_S - 1)
